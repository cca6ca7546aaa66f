from __future__ import annotations

from pathlib import Path

import pytest

from support.archives import jpeg, write_tar, write_zip
from unpool.errors import UnpoolError
from unpool.images.archives.archive_source import ArchiveSource
from unpool.images.archives.opening import open_archive
from unpool.images.archives.path_list import ListSource


def test_each_location_is_opened_by_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(jpeg())
    (tmp_path / "list").write_text("photos/a.jpg\n")
    write_zip(tmp_path / "a.zip", {"x/a.jpg": jpeg()})
    (tmp_path / "shards").mkdir()
    write_tar(tmp_path / "shards" / "0.tar", {"a.jpg": jpeg()})
    kinds = {
        name: type(open_archive(tmp_path / name))
        for name in ("photos", "list", "a.zip", "a.zip/x", "shards", "missing", "missing.zip/x")
    }
    nothing = type(None)
    assert kinds == {
        "photos": nothing, "list": ListSource, "a.zip": ArchiveSource, "a.zip/x": ArchiveSource,
        "shards": ArchiveSource, "missing": nothing, "missing.zip/x": nothing,
    }  # fmt: skip


def test_a_file_of_another_kind_says_what_is_read(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing here\n")
    with pytest.raises(UnpoolError, match="is a file, not a folder, and holds or lists no images"):
        open_archive(tmp_path / "notes.txt")
