"""What is computed once per user is kept, whole, wherever there is room."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from pathlib import Path

import pytest

from unpool.core import user_cache
from unpool.core.user_cache import cache_folder, clear_entries, kept_folder, list_entries


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNPOOL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def fill(folder: Path) -> None:
    (folder / "a.txt").write_text("content")


def test_it_is_filled_once(cache: Path) -> None:
    calls: list[Path] = []
    for _ in range(2):
        folder = kept_folder("graph-name", lambda part: (calls.append(part), fill(part)))
        assert (folder / "a.txt").read_text() == "content"
    assert len(calls) == 1
    assert [path.name for path in cache.iterdir()] == ["graph-name"]


def test_a_failure_leaves_nothing(cache: Path) -> None:
    def fail(folder: Path) -> None:
        fill(folder)
        raise ValueError("no weights")

    with pytest.raises(ValueError, match="no weights"):
        kept_folder("graph-name", fail)
    assert list(cache.iterdir()) == []


def test_two_at_once_do_not_disturb_each_other(cache: Path) -> None:
    both = threading.Barrier(2, timeout=20)

    def fill_together(folder: Path) -> None:
        fill(folder)
        both.wait()

    found: list[Path] = []
    threads = [
        threading.Thread(target=lambda: found.append(kept_folder("graph-name", fill_together)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [cache / "graph-name"] * 2
    assert [path.name for path in cache.rglob("*")] == ["graph-name", "a.txt"]


def test_without_a_home_it_lies_among_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UNPOOL_CACHE", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(user_cache, "user_cache_path", lambda name: Path("~/.cache") / name)
    folder = cache_folder()
    assert folder.parent == tmp_path
    assert folder.stat().st_mode & 0o077 == 0
    assert cache_folder() == folder


def test_a_place_that_is_a_file_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("UNPOOL_CACHE", str(tmp_path / "file" / "cache"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert cache_folder().parent == tmp_path


def test_a_temporary_folder_of_somebody_else_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNPOOL_CACHE", "/dev/null/cache")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    real = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: real + 1)
    (tmp_path / f"unpool-cache-{real + 1}").mkdir()  # made by `real`
    assert cache_folder().name != f"unpool-cache-{real + 1}"


def test_only_what_is_ours_is_listed_and_removed(cache: Path) -> None:
    kept_folder("graph-one", fill)
    (cache / "data").mkdir()  # fetched data sets
    fill(cache / "data")
    (cache / "graph-notes.txt").write_text("of the user")
    assert list_entries() == [{"name": "graph-one", "bytes": 7}]
    assert clear_entries() == 7
    assert list_entries() == []
    assert sorted(path.name for path in cache.iterdir()) == ["data", "graph-notes.txt"]
    assert (kept_folder("graph-one", fill) / "a.txt").is_file()


def test_what_a_killed_process_left_is_removed(cache: Path) -> None:
    for name, age in (("old", user_cache.MAX_FILLING_SECONDS + 60), ("new", 60.0)):
        part = cache / f".partial-1-{name}"
        part.mkdir(parents=True)
        then = time.time() - age
        os.utime(part, (then, then))
    kept_folder("graph-one", fill)
    assert sorted(path.name for path in cache.iterdir()) == [".partial-1-new", "graph-one"]


def test_what_another_process_finishes_or_removes_meanwhile_is_passed_over(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept_folder("graph-one", fill)
    (cache / ".partial-1-other").mkdir()

    def vanish(path: Path) -> os.stat_result:
        raise FileNotFoundError(2, "No such file or directory", str(path))

    with monkeypatch.context() as at_once:
        at_once.setattr(Path, "lstat", vanish)
        assert (kept_folder("graph-two", fill) / "a.txt").is_file()
        assert [entry["name"] for entry in list_entries()] == ["graph-one", "graph-two"]
    monkeypatch.setattr(user_cache, "_size", lambda path: shutil.rmtree(path) or 7)
    assert clear_entries() == 0
    assert [path.name for path in cache.iterdir()] == [".partial-1-other"]
