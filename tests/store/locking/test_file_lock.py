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
