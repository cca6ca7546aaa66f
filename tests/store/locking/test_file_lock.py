from __future__ import annotations

import os
from pathlib import Path

import pytest

from unpool.errors import UnpoolError
from unpool.store.locking.file_lock import FileLock


def test_it_is_removed_where_it_is_meant_alone(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "work" / "lock.json")
    lock.prepare()
    assert lock.create("one")
    lock.remove_if(lambda content: content == "another")
    assert lock.read() == "one"
    lock.remove_if(lambda content: content == "one")
    assert lock.read() is None
    assert list((tmp_path / "work").iterdir()) == []


def test_its_age_is_renewed(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock.json")
    lock.create("one")
    os.utime(lock.file, (1, 1))
    assert lock.age() > 1000
    assert lock.renew()
    assert lock.age() < 1000


def test_a_file_in_place_of_the_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnpoolError, match="is a file; name another workspace"):
        FileLock(tmp_path / "file" / "lock.json").prepare()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is always full")
def test_a_full_disk_leaves_no_half_of_a_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def open_full(self: Path, mode: str = "r", **_: str) -> object:
        self.touch(exist_ok=False)
        return open("/dev/full", "w")  # noqa: PTH123 - no path of this test

    lock = FileLock(tmp_path / "lock.json")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", open_full)
        with pytest.raises(OSError, match="No space left") as error:
            lock.create("one")
    assert error.value.filename == str(lock.file)
    assert list(tmp_path.iterdir()) == []
    assert lock.create("one")
