"""Files on the disk, the rows that a table has of them, and what a scan finds."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from unpool.core.file_identity import content_digest, sample_of, stamp_of
from unpool.images.reading.scan import ImageFile, Scan
from unpool.store.table import ImageTable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    return tmp_path / "images"


@pytest.fixture
def empty(tmp_path: Path) -> ImageTable:
    return ImageTable.create(tmp_path / "w.unpool")


def file(path: str, size: int = 10, modified: float = 1.0) -> ImageFile:
    return ImageFile(path=path, file=Path(path), bytes=size, modified=modified)


def on_disk(folder: Path, table: ImageTable, **contents: bytes) -> None:
    """Files with these contents and one time, and rows with their digests, samples and stamps."""
    for name, content in contents.items():
        (folder / name).write_bytes(content)
        os.utime(folder / name, (1000, 1000))
    now = time.time()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", lambda: now + 60)  # else files that are so young prove nothing
        found = {name: stamp_of((folder / name).stat()) for name in contents}
    table.upsert([
        {
            "path": name, "status": "ok", "model": "m", "bytes": len(content), "modified": 1000.0,
            "id": content_digest(folder / name), "sample": sample_of(folder / name), "stamp": found[name],
        }
        for name, content in contents.items()
    ])  # fmt: skip
    table.reset_vectors(2)
    names = list(contents)
    table.update(names, {"vector": [[1.0, 0.0]] * len(names), "model": ["m"] * len(names)})


def scanned(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Scan:
    now = time.time()
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: now + 60)
        files = [
            ImageFile(
                path.relative_to(folder).as_posix(), path, path.stat().st_size, path.stat().st_mtime,
                stamp_of(path.stat()),
            )
            for path in sorted(folder.rglob("*")) if path.is_file()
        ]  # fmt: skip
    return Scan(files, [], folders=frozenset({""}))
