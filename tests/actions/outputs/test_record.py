"""What is done is known after a kill, whoever did it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from unpool.actions.outputs.record import FIRST_COMMAND, OutputRecord, check_overwrites, without_facts
from unpool.core.file_identity import sample_of
from unpool.core.markers import predicted_files
from unpool.errors import UsageError
from unpool.images.reading.scan import ImageFile

COMMAND = "unpool other predict"


def request(image: Path, **more: Any) -> dict[str, Any]:
    facts = {"bytes": image.stat().st_size, "modified": 1.0, "stamp": "1-1"}
    return {"path": image.name, "model": "m", **facts, **more}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    file = tmp_path / "in" / "a.jpg"
    file.parent.mkdir()
    file.write_bytes(b"before")
    return file


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def test_what_was_done_is_found_with_what_came_of_it(image: Path, out: Path) -> None:
    record = OutputRecord(out, COMMAND)
    assert record.find(request(image), image) is None
    record.finish({**request(image), "sample": sample_of(image), "score": 1.5})
    again = OutputRecord(out, COMMAND)
    found = again.find(request(image), image)
    assert found is not None
    assert found["score"] == 1.5
    assert without_facts(found) == {"path": "a.jpg", "model": "m", "bytes": 6, "score": 1.5}
    assert again.find(request(image, stamp="2-2"), image) is not None, "the same bytes"
    image.write_bytes(b"behind")
    assert again.find(request(image, stamp="2-2"), image) is None
    image.write_bytes(b"longer than before")
    assert again.find(request(image), image) is None


def test_files_are_noted_before_they_are_there(image: Path, out: Path) -> None:
    files = [out / "a.heat.png", out / "a.heat.tif"]
    record = OutputRecord(out, COMMAND)
    assert not record.has_files("a.jpg")
    record.begin("a.jpg", files, files)
    assert all(map(record.owns, files))
    assert predicted_files(out) == {"a.heat.png", "a.heat.tif"}
    files[0].touch()
    assert not record.has_files("a.jpg")
    assert record.has_files("a.jpg", without=".tif")
    files[1].touch()
    assert record.has_files("a.jpg")
    record.begin("a.jpg", files[:1], files)
    assert [file.exists() for file in files] == [True, False]


def test_a_folder_of_another_command_is_refused(image: Path, out: Path) -> None:
    OutputRecord(out, COMMAND).claim([out / "scores.csv"])
    with pytest.raises(UsageError, match=f"holds results of {COMMAND}; name another folder"):
        OutputRecord(out, FIRST_COMMAND)
    record = OutputRecord(out, COMMAND)
    (out / "scores.csv").touch()
    record.check_free([out / "scores.csv"])
    (out / "mine.csv").touch()
    with pytest.raises(UsageError, match=rf"mine\.csv is there and was not made by {COMMAND}"):
        record.check_free([out / "mine.csv"])


def test_lines_of_segment_predict_name_no_command(image: Path, out: Path) -> None:
    record = OutputRecord(out, FIRST_COMMAND)
    record.finish(request(image))
    assert "command" not in (out / "predictions.jsonl").read_text()
    with pytest.raises(UsageError, match=f"holds results of {FIRST_COMMAND}"):
        OutputRecord(out, COMMAND)


def test_only_what_is_written_is_in_the_way(image: Path, out: Path) -> None:
    target, record = out / "a.heat.png", OutputRecord(out, COMMAND)
    target.touch()
    file = ImageFile("a.jpg", image, 6, 1.0)
    check_overwrites([file], {"a.jpg": [target]}, record, lambda *_: False, "heat")
    with pytest.raises(UsageError, match=r"a\.heat\.png is there and was not made by"):
        check_overwrites([file], {"a.jpg": [target]}, record, lambda *_: True, "heat")
    record.begin("a.jpg", [target], [])
    check_overwrites([file], {"a.jpg": [target]}, record, lambda *_: True, "heat")
    same = ImageFile("a.heat.png", target, 0, 1.0)
    with pytest.raises(
        UsageError, match=r"would replace the image .*a\.heat\.png; name another folder, such as"
    ):
        check_overwrites([file, same], {"a.jpg": [target], "a.heat.png": []}, record, lambda *_: True, "heat")
