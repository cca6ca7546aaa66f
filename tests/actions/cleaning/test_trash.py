from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from unpool.actions.cleaning.trash import TrashedFiles, send_to_trash
from unpool.core.file_identity import content_digest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the trash of Linux")


@pytest.fixture
def trash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty trash of one's own, on the disk of the test."""
    from send2trash import plat_other

    folder = tmp_path / "data" / "Trash"
    monkeypatch.setattr(plat_other, "XDG_DATA_HOME", os.fsencode(folder.parent))
    monkeypatch.setattr(plat_other, "HOMETRASH_B", os.fsencode(folder))
    monkeypatch.setattr(plat_other, "HOMETRASH", str(folder))
    monkeypatch.setattr(plat_other, "get_dev", lambda path: 1)
    monkeypatch.setattr("send2trash.send2trash", plat_other.send2trash)
    return folder


def test_a_file_is_found_again_by_its_content(trash: Path, tmp_path: Path) -> None:
    for folder, content in (("x", b"one"), ("y", b"two")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.jpg").write_bytes(content)
    digest, status = str(content_digest(tmp_path / "y" / "a.jpg")), (tmp_path / "y" / "a.jpg").stat()
    for folder in ("x", "y"):
        send_to_trash(tmp_path / folder / "a.jpg")
        assert not (tmp_path / folder / "a.jpg").exists()
    trashed = TrashedFiles([tmp_path / "y" / "a.jpg"])
    found = trashed.find(3, digest, status.st_mtime_ns, "a.jpg")
    assert found is not None
    assert found.read_bytes() == b"two"
    trashed.forget(found)
    assert sorted(path.name for path in (trash / "info").iterdir()) == ["a.jpg.trashinfo"]
    assert trashed.find(3, "other", 0, "a.jpg") is None


def test_of_equal_files_the_one_of_the_same_time_is_taken(trash: Path, tmp_path: Path) -> None:
    digest = ""
    for number in range(3):
        (tmp_path / "a.jpg").write_bytes(b"same")
        os.utime(tmp_path / "a.jpg", ns=(0, number))
        digest = str(content_digest(tmp_path / "a.jpg"))
        send_to_trash(tmp_path / "a.jpg")
    trashed = TrashedFiles([tmp_path / "a.jpg"])
    times = []
    for number in (1, 2, 0):
        found = trashed.find(4, digest, number, "a.jpg")
        assert found is not None
        times.append(found.stat().st_mtime_ns)
        found.unlink()
    assert times == [1, 2, 0]
