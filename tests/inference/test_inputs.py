"""Files, folders and sets named on the command line, each image once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.archives import jpeg, write_zip
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError
from unpool.inference.inputs import BATCH, list_inputs
from unpool.networks.preprocessing import Preprocessing

PREP = Preprocessing(size=4)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos" / "deep").mkdir(parents=True)
    for number, name in enumerate(("photos/a.png", "photos/deep/b.png", "c.png")):
        Image.new("RGB", (9, 9), (number, 0, 0)).save(tmp_path / name)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_paths_are_inside_a_single_folder_and_after_its_name_among_several() -> None:
    for inputs, paths in (
        (["photos"], ["a.png", "deep/b.png"]),
        (["photos/", "c.png"], ["photos/a.png", "photos/deep/b.png", "c.png"]),
        (["c.png", "c.png"], ["c.png"]),
    ):
        images = list_inputs(inputs, None, Progress())
        pixels = np.concatenate(list(images.batches(PREP)))
        assert images.paths == paths
        assert pixels.shape == (len(paths), 4, 4, 3)


def test_what_cannot_be_used_is_listed_and_said(folder: Path) -> None:
    class Recorder(Progress):
        messages: list[str] = []  # noqa: RUF012

        def message(self, text: str) -> None:
            self.messages.append(text)

    (folder / "photos" / "empty.jpg").touch()
    (folder / "photos" / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    images = list_inputs(["photos"], None, Recorder())
    assert len(np.concatenate(list(images.batches(PREP)))) == 2
    assert {each["path"] for each in images.skipped} == {"empty.jpg", "bad.png"}
    assert len(Recorder.messages) == 2


def test_nothing_usable_is_an_error(folder: Path) -> None:
    (folder / "x.png").write_bytes(b"no image")
    images = list_inputs(["x.png"], None, Progress())
    with pytest.raises(UnpoolError, match="no image can be used: 1 skipped, the first is"):
        list(images.batches(PREP))


def test_what_does_not_exist_is_named() -> None:
    with pytest.raises(UnpoolError, match="there is no image, folder or data set 'nowhere'"):
        list_inputs(["nowhere"], None, Progress())
    with pytest.raises(UsageError, match="no images are given"):
        list_inputs([], None, Progress())


def test_many_images_come_in_batches() -> None:
    images = list_inputs(["digits"], None, Progress())
    sizes = [len(batch) for batch in images.batches(Preprocessing(8, 1, (0.5,), (0.5,)))]
    assert sizes == [BATCH] * (1797 // BATCH) + [1797 % BATCH]


def test_archives_and_lists_are_collections(folder: Path) -> None:
    write_zip(folder / "pack.zip", {"x/a.jpg": jpeg(), "y/b.jpg": jpeg()})
    (folder / "list.txt").write_text("photos/a.png\n")
    for inputs, paths in (
        (["pack.zip"], ["x/a.jpg", "y/b.jpg"]),
        (["pack.zip/y", "list.txt"], ["pack.zip/y/b.jpg", "list.txt/photos/a.png"]),
    ):
        images = list_inputs(inputs, None, Progress())
        assert len(np.concatenate(list(images.batches(PREP)))) == len(paths)
        assert images.paths == paths
    (folder / "notes.md").write_text("no list")
    with pytest.raises(UnpoolError, match="no image can be used"):
        list(list_inputs(["notes.md"], None, Progress()).batches(PREP))
