"""What is done is known after a kill, and foreign files are not replaced."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from unpool.actions.segmentation.output_files import OutputPaths
from unpool.actions.segmentation.output_record import PredictionRecord, check_labels_are_free
from unpool.core.file_identity import sample_of
from unpool.errors import UsageError
from unpool.images.reading.scan import ImageFile

REQUEST: dict[str, Any] = {"path": "a.jpg", "name": "a", "model": "m", "probabilities": False}
IMAGE = Path("a.jpg")


def test_a_request_is_done_only_where_all_its_files_are_there(tmp_path: Path) -> None:
    paths = OutputPaths(tmp_path, "a", with_probabilities=False)
    record = PredictionRecord(tmp_path)
    record.begin_image("a.jpg", paths, is_large=False)
    for file in paths.files(is_large=False):
        assert record.owns(file)
        file.touch()
    assert not record.is_done(REQUEST, IMAGE)
    record.finish(REQUEST)
    again = PredictionRecord(tmp_path)
    assert again.is_done(REQUEST, IMAGE)
    assert not again.is_done({**REQUEST, "model": "other"}, IMAGE)
    paths.files(is_large=False)[0].unlink()
    assert not again.is_done(REQUEST, IMAGE)


def test_files_of_an_older_run_are_removed_but_no_others(tmp_path: Path) -> None:
    record = PredictionRecord(tmp_path)
    record.begin_image("a.jpg", OutputPaths(tmp_path, "a", with_probabilities=True), is_large=False)
    (tmp_path / "a.probabilities.tif").touch()
    (tmp_path / "a.tif").touch()  # the user's
    record.begin_image("a.jpg", OutputPaths(tmp_path, "a", with_probabilities=False), is_large=False)
    assert not (tmp_path / "a.probabilities.tif").exists()
    assert (tmp_path / "a.tif").exists()


def test_a_foreign_file_and_an_image_are_not_replaced(tmp_path: Path) -> None:
    image = tmp_path / "a.png"
    image.write_bytes(b"image")
    file = ImageFile("a.png", image, 5, 0.0)
    paths = {"a.png": OutputPaths(tmp_path, "a", with_probabilities=False)}
    with pytest.raises(UsageError, match="would replace the image"):
        check_labels_are_free([file], paths, PredictionRecord(tmp_path), lambda _: False)
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.png").touch()
    paths = {"a.png": OutputPaths(out, "a", with_probabilities=False)}
    with pytest.raises(UsageError, match="was not made by unpool segment predict"):
        check_labels_are_free([file], paths, PredictionRecord(out), lambda _: False)


def test_more_than_a_request_needs_is_done_too(tmp_path: Path) -> None:
    paths = OutputPaths(tmp_path, "a", with_probabilities=True)
    record = PredictionRecord(tmp_path)
    record.begin_image("a.jpg", paths, is_large=False)
    for file in paths.files(is_large=False):
        file.touch()
    record.finish({**REQUEST, "probabilities": True})
    assert record.is_done(REQUEST, IMAGE)
    paths.file(".probabilities.tif").unlink()
    assert record.is_done(REQUEST, IMAGE)
    assert not record.is_done({**REQUEST, "probabilities": True}, IMAGE)


def test_a_line_cut_off_by_a_kill_hides_none_that_follows(tmp_path: Path) -> None:
    (tmp_path / "predictions.jsonl").write_text('null\n{"files": ["b.png"]}\n{"path": "a.jpg", "nam')
    paths = OutputPaths(tmp_path, "a", with_probabilities=False)
    record = PredictionRecord(tmp_path)
    record.begin_image("a.jpg", paths, is_large=False)
    record.finish(REQUEST)
    for file in paths.files(is_large=False):
        file.touch()
    again = PredictionRecord(tmp_path)
    assert again.is_done(REQUEST, IMAGE)
    assert not again.owns(tmp_path / "b.png")  # a line without its image's path


def test_what_is_begun_anew_is_no_longer_done(tmp_path: Path) -> None:
    paths = OutputPaths(tmp_path, "a", with_probabilities=False)
    record = PredictionRecord(tmp_path)
    record.finish(REQUEST)
    assert not record.is_done(REQUEST, IMAGE)  # no file was ever noted
    record.begin_image("a.jpg", paths, is_large=False)
    for file in paths.files(is_large=False):
        file.touch()
    assert not record.is_done(REQUEST, IMAGE)
    assert not PredictionRecord(tmp_path).is_done(REQUEST, IMAGE)


def test_own_files_are_replaced_and_those_of_other_sizes_are_not_in_the_way(tmp_path: Path) -> None:
    image = tmp_path / "in" / "a.jpg"
    image.parent.mkdir()
    image.touch()
    files = [ImageFile("a.jpg", image, 0, 0.0)]
    out = tmp_path / "out"
    out.mkdir()
    paths = {"a.jpg": OutputPaths(out, "a", with_probabilities=False)}
    record = PredictionRecord(out)
    record.begin_image("a.jpg", paths["a.jpg"], is_large=False)
    for name in ("a.png", "a.tif", "a.probabilities.tif"):  # ours, and two of the user's that stay
        (out / name).touch()
    check_labels_are_free(files, paths, record, lambda _: False)
    with pytest.raises(UsageError, match=r"a\.tif is there and was not made by"):
        check_labels_are_free(files, paths, record, lambda _: True)


def test_an_image_linked_where_an_output_was_noted_is_not_replaced(tmp_path: Path) -> None:
    image = tmp_path / "photo.jpg"
    image.touch()
    paths = {"photo.jpg": OutputPaths(tmp_path, "photo", with_probabilities=False)}
    record = PredictionRecord(tmp_path)
    record.begin_image("photo.jpg", paths["photo.jpg"], is_large=False)
    (tmp_path / "photo.png").symlink_to(image)
    with pytest.raises(UsageError, match="would replace the image"):
        check_labels_are_free([ImageFile("photo.jpg", image, 0, 0.0)], paths, record, lambda _: False)


def test_a_link_that_leads_to_nothing_is_a_file_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to(tmp_path / "none")
    paths = {"a.jpg": OutputPaths(tmp_path, "a", with_probabilities=False)}
    file = ImageFile("a.jpg", tmp_path / "a.jpg", 0, 0.0)
    with pytest.raises(UsageError, match=r"a\.png is there"):
        check_labels_are_free([file], paths, PredictionRecord(tmp_path), lambda _: False)


def test_a_request_is_done_again_where_the_bytes_of_its_image_changed(tmp_path: Path) -> None:
    image = tmp_path / "a.jpg"
    image.write_bytes(b"before")
    record, paths = PredictionRecord(tmp_path), OutputPaths(tmp_path, "a", with_probabilities=False)
    record.begin_image("a.jpg", paths, is_large=False)
    for file in paths.files(is_large=False):
        file.touch()
    request = {**REQUEST, "bytes": 6, "modified": 1.0, "stamp": "1-1"}
    record.finish({**request, "sample": sample_of(image)})
    assert record.is_done(request, tmp_path / "not read at all")
    assert record.is_done({**request, "stamp": "2-2", "modified": 2.0}, image), "a copy of the same bytes"
    image.write_bytes(b"behind")
    assert not record.is_done({**request, "stamp": "2-2"}, image)
    assert not record.is_done({**request, "stamp": ""}, image), "changed as lately as its times can tell"
