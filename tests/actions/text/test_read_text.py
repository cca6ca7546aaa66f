"""Text is read once an image, goes on where it was stopped, and one bad image stops nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.messages import Messages
from unpool.actions.text import read_text as module
from unpool.actions.text.read_text import read_text
from unpool.actions.text.settings import ReadTextSettings
from unpool.core.file_identity import content_digest
from unpool.errors import UnpoolError
from unpool.store.state import write_state
from unpool.store.table import ImageTable

VALUES = {"a.png": 10, "b.png": 20, "copy.png": 10, "c.png": 30}


class Stub:
    """Reads the grey value of a picture; counts how often."""

    def __init__(self, fail: Callable[[int], bool] = lambda value: False) -> None:
        self.seen: list[int] = []
        self.fail = fail

    def __call__(self, pixels: np.ndarray) -> str:
        value = int(pixels[0, 0, 0])
        if self.fail(value):
            raise RuntimeError(f"a trace\n of {value}")
        self.seen.append(value)
        return f"grey {value}" if value != 30 else ""


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    table = ImageTable.create(tmp_path / "w.unpool")
    for path, value in VALUES.items():
        Image.new("L", (8, 8), value).save(folder / path)
    table.upsert([{"path": path, "status": "ok", "id": content_digest(folder / path)} for path in VALUES])
    write_state(table.work, images=str(folder))
    return table.work


def texts_of(work: Path) -> dict[str, str | None]:
    rows = ImageTable(work).arrow(["path", "text"])
    return dict(zip(rows["path"].to_pylist(), rows["text"].to_pylist(), strict=True))


def test_the_text_of_each_content_is_read_once(work: Path) -> None:
    stub = Stub()
    result = read_text(work, make_reader=lambda: stub)
    assert sorted(stub.seen) == [10, 20, 30]
    assert texts_of(work) == {"a.png": "grey 10", "b.png": "grey 20", "copy.png": "grey 10", "c.png": ""}
    assert (result["images"], result["read"], result["with_text"], result["unreadable"]) == (4, 4, 3, 0)


def test_only_what_is_new_is_read_unless_asked_again(work: Path) -> None:
    read_text(work, make_reader=Stub)
    stub = Stub()
    assert read_text(work, make_reader=lambda: stub)["read"] == 0
    ImageTable(work).update(["b.png"], {"text_id": ["of an older content"]})
    assert read_text(work, make_reader=lambda: stub)["read"] == 1
    assert stub.seen == [20]
    assert read_text(work, ReadTextSettings(again=True), make_reader=lambda: stub)["read"] == 4


def test_one_bad_image_stops_nothing_and_is_tried_again(work: Path) -> None:
    messages = Messages()
    (work.parent / "images" / "b.png").write_bytes(b"no image")
    stub = Stub(lambda value: value == 10)
    result = read_text(work, make_reader=lambda: stub, progress=messages)
    assert (result["read"], result["unreadable"]) == (1, 3)
    assert "a.png: its text could not be read: a trace of 10" in messages.texts
    assert any(line.startswith("b.png: ") for line in messages.texts)
    assert read_text(work, make_reader=Stub)["read"] == 2


def test_a_file_that_changed_since_it_was_embedded_is_left(work: Path) -> None:
    messages = Messages()
    Image.new("L", (8, 8), 99).save(work.parent / "images" / "b.png")
    result = read_text(work, make_reader=Stub, progress=messages)
    assert (result["read"], result["unreadable"]) == (3, 1)
    assert messages.texts == ["b.png: the file has changed since it was embedded; embed it again"]
    assert texts_of(work)["b.png"] is None


def test_what_was_read_is_kept_when_the_command_is_stopped(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "usable_cores", lambda: 1)
    stub = Stub()

    def reader(pixels: np.ndarray) -> str:
        if len(stub.seen) == 2:
            raise KeyboardInterrupt
        return stub(pixels)

    with pytest.raises(KeyboardInterrupt):
        read_text(work, make_reader=lambda: reader)
    assert sum(text is not None for text in texts_of(work).values()) == 3  # two contents, one of them twice
    rest = Stub()
    read_text(work, make_reader=lambda: rest)
    assert rest.seen == [30]


def test_a_folder_that_is_gone_is_named(work: Path) -> None:
    write_state(work, images=None)
    with pytest.raises(UnpoolError, match=re.escape(f"{work} does not know where its images are")):
        read_text(work, make_reader=Stub)
