"""A workspace of an earlier version learns once what its photographs say."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import ExifTags, Image

from unpool.actions.embedding.captures import fill_captures
from unpool.core.progress import Progress
from unpool.images.source import FolderSource
from unpool.store.state import read_state
from unpool.store.table import ImageTable


@pytest.fixture
def source(tmp_path: Path) -> FolderSource:
    folder = tmp_path / "photos"
    folder.mkdir()
    exif = Image.Exif()
    exif[ExifTags.Base.Model] = "K-1"
    Image.new("RGB", (8, 8)).save(folder / "a.jpg", exif=exif)
    Image.new("RGB", (8, 8)).save(folder / "b.jpg")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    return FolderSource(folder)


def test_heads_are_read_once(source: FolderSource, tmp_path: Path) -> None:
    table = ImageTable.create(tmp_path / "a.unpool")
    table.upsert([{"path": name, "status": "ok"} for name in ("a.jpg", "b.jpg", "gone.jpg", "broken.jpg")])
    assert fill_captures(table.work, source, source.scan(), Progress()) == 1
    rows = ImageTable(table.work).frame(["path", "camera", "taken", "latitude"]).set_index("path")
    assert rows["camera"].dropna().to_dict() == {"a.jpg": "K-1"}
    assert rows[["taken", "latitude"]].isna().all(axis=None)
    assert read_state(table.work)["captures"] is True
    table.update(["a.jpg"], {"camera": [None]})
    assert fill_captures(table.work, source, source.scan(), Progress()) == 0, "not a second time"


def test_a_new_workspace_has_nothing_to_learn(source: FolderSource, tmp_path: Path) -> None:
    table = ImageTable.create(tmp_path / "a.unpool")
    assert fill_captures(table.work, source, source.scan(), Progress()) == 0
    assert read_state(table.work)["captures"] is True
