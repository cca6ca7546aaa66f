"""What is done is known after a kill, and foreign files are not replaced."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from unpool.actions.segmentation.output_files import OutputPaths
from unpool.actions.segmentation.output_record import PredictionRecord, check_overwrites
from unpool.errors import UsageError
from unpool.images.reading.scan import ImageFile

REQUEST: dict[str, Any] = {"path": "a.jpg", "name": "a", "model": "m", "probabilities": False}


def test_a_request_is_done_only_where_all_its_files_are_there(tmp_path: Path) -> None:
    paths = OutputPaths(tmp_path, "a", with_probabilities=False)
    record = PredictionRecord(tmp_path)
    record.begin("a.jpg", paths, is_large=False)
    for file in paths.files(is_large=False):
        assert record.owns(file)
        file.touch()
    assert not record.is_done(REQUEST)
    record.finish(REQUEST)
    again = PredictionRecord(tmp_path)
    assert again.is_done(REQUEST)
    assert not again.is_done({**REQUEST, "model": "other"})
    paths.files(is_large=False)[0].unlink()
    assert not again.is_done(REQUEST)


def test_files_of_an_older_run_are_removed_but_no_others(tmp_path: Path) -> None:
    record = PredictionRecord(tmp_path)
    record.begin("a.jpg", OutputPaths(tmp_path, "a", with_probabilities=True), is_large=False)
    (tmp_path / "a.probabilities.tif").touch()
    (tmp_path / "a.tif").touch()  # the user's
    record.begin("a.jpg", OutputPaths(tmp_path, "a", with_probabilities=False), is_large=False)
    assert not (tmp_path / "a.probabilities.tif").exists()
    assert (tmp_path / "a.tif").exists()


def test_a_foreign_file_and_an_image_are_not_replaced(tmp_path: Path) -> None:
    image = tmp_path / "a.png"
    image.write_bytes(b"image")
    file = ImageFile("a.png", image, 5, 0.0)
    paths = {"a.png": OutputPaths(tmp_path, "a", with_probabilities=False)}
    with pytest.raises(UsageError, match="would replace the image"):
        check_overwrites([file], paths, PredictionRecord(tmp_path), lambda _: False)
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.png").touch()
    paths = {"a.png": OutputPaths(out, "a", with_probabilities=False)}
    with pytest.raises(UsageError, match="was not made by unpool segment predict"):
        check_overwrites([file], paths, PredictionRecord(out), lambda _: False)
