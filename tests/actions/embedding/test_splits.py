from __future__ import annotations

from pathlib import Path

import pytest

from support.messages import Messages
from unpool.actions.embedding.splits import forget_splits, note_splits
from unpool.core.progress import Progress
from unpool.store.fields.values import find_field, read_field, write_field
from unpool.store.table import ImageTable


@pytest.fixture
def work(tmp_path: Path) -> Path:
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert(
        [{"path": path, "status": "ok"} for path in ("train/a/1.png", "train/a/2.png", "val/a/3.png")]
    )
    return table.work


def test_folders_name_the_parts(work: Path) -> None:
    messages = Messages()
    assert note_splits(work, messages) == 3
    assert read_field(work, "split") == {
        "train/a/1.png": "train", "train/a/2.png": "train", "val/a/3.png": "validation"
    }  # fmt: skip
    assert messages.texts == [
        "by their folders the images are 2 train, 1 validation: that is the field 'split'"
    ]


def test_what_somebody_gave_stays_and_new_images_follow(work: Path) -> None:
    write_field(work, "split", {"train/a/1.png": "test"}, "choice")
    ImageTable(work).upsert([{"path": "train/a/4.png", "status": "ok"}])
    assert note_splits(work, Progress()) == 3
    assert read_field(work, "split")["train/a/1.png"] == "test"
    assert note_splits(work, Progress()) == 0


def test_other_folders_are_no_parts(tmp_path: Path) -> None:
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([{"path": path, "status": "ok"} for path in ("train/1.png", "cats/2.png")])
    assert note_splits(table.work, Progress()) == 0
    assert find_field(table.work, "split") is None


def test_a_moved_image_has_the_part_of_its_new_folder(work: Path) -> None:
    note_splits(work, Progress())
    write_field(work, "split", {"train/a/2.png": "test"}, "choice")
    present, table = {"val/a/3.png"}, ImageTable(work)
    assert forget_splits(table, present) == 1
    assert read_field(work, "split") == {"train/a/2.png": "test", "val/a/3.png": "validation"}
    assert forget_splits(table, present) == 0
