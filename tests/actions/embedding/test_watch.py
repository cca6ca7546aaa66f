"""A workspace that follows its folder: rounds after changes, errors that do not end it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.messages import Messages
from support.pictures import make_photograph
from unpool.actions.embedding import watch as watch_module
from unpool.actions.embedding.settings import RunSettings, WatchSettings
from unpool.actions.embedding.watch import watch
from unpool.errors import UnpoolError, UsageError
from unpool.store.lock import WorkingError

QUICK = WatchSettings(settle=0.1)


class Runs:
    """Stands in for `run`: counts the files, and fails where it is told to."""

    def __init__(self) -> None:
        self.seen: list[list[str]] = []
        self.failures: list[Exception] = []

    def __call__(self, source: str, settings: RunSettings, *, work: Path, progress: Any) -> dict[str, Any]:
        if self.failures:
            raise self.failures.pop(0)
        names = sorted(path.name for path in Path(source).rglob("*.jpg"))
        embedded = len(set(names) - set(self.seen[-1] if self.seen else []))
        self.seen.append(names)
        work.mkdir(exist_ok=True)
        (work / "state").write_text(str(len(self.seen)))
        return {"images": len(names), "embedded": embedded, "skipped": 0, "groups": 2, "drift": 0.0}


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    runs = Runs()
    monkeypatch.setattr(watch_module, "run", runs)
    for name in ("TICK", "LOCK_RETRY", "FIRST_RETRY"):
        monkeypatch.setattr(watch_module, name, 0.05)
    return runs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    return folder


class Watching:
    """A watch on a thread; `end` stops it and returns its result."""

    def __init__(self, folder: Path, work: Path, settings: WatchSettings = QUICK) -> None:
        self.progress, self.stop, self.result = Messages(), threading.Event(), None
        self.thread = threading.Thread(target=self._follow, args=(folder, work, settings))
        self.thread.start()

    def _follow(self, folder: Path, work: Path, settings: WatchSettings) -> None:
        self.result = watch(str(folder), settings, work=work, progress=self.progress, stop=self.stop)

    def end(self) -> dict[str, Any]:
        self.stop.set()
        self.thread.join(10)
        assert self.result is not None
        return self.result


@pytest.fixture
def watching(folder: Path, tmp_path: Path) -> Iterator[Callable[[], Watching]]:
    begun: list[Watching] = []

    def begin(work: Path | None = None) -> Watching:
        begun.append(Watching(folder, work or tmp_path / "w.unpool"))
        return begun[-1]

    yield begin
    for each in begun:
        each.stop.set()
        each.thread.join(10)


def wait_for(condition: Callable[[], object], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def add(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_bytes(b"picture")


def test_each_change_is_followed_by_a_round(folder: Path, runs: Runs, watching: Any) -> None:
    add(folder, "a.jpg")
    follower = watching()
    wait_for(lambda: runs.seen == [["a.jpg"]])
    add(folder, "b.jpg", "c.jpg")
    wait_for(lambda: runs.seen[-1] == ["a.jpg", "b.jpg", "c.jpg"])
    (folder / "a.jpg").unlink()
    wait_for(lambda: runs.seen[-1] == ["b.jpg", "c.jpg"])
    assert follower.end() | {"work": ""} == {
        "work": "", "images": 2, "rounds": 3, "failed": 0, "embedded": 3, "drift": 0.0,
    }  # fmt: skip
    assert any(text.endswith("2 new or changed, 3 images in 2 groups") for text in follower.progress.texts)


def test_a_round_waits_until_files_are_written(folder: Path, runs: Runs, tmp_path: Path) -> None:
    add(folder, "a.jpg")
    follower = Watching(folder, tmp_path / "w.unpool", WatchSettings(settle=0.5))
    try:
        wait_for(lambda: runs.seen)
        for _ in range(8):
            with (folder / "slow.jpg").open("ab") as file:
                file.write(b"part")
            time.sleep(0.1)
            assert len(runs.seen) == 1, "it is still being written"
        wait_for(lambda: runs.seen[-1] == ["a.jpg", "slow.jpg"])
    finally:
        assert follower.end()["rounds"] == 2


def test_what_the_workspace_writes_and_hidden_files_are_no_changes(
    folder: Path, runs: Runs, watching: Any
) -> None:
    add(folder, "a.jpg")
    watching(folder / "inside.unpool")
    wait_for(lambda: runs.seen)
    add(folder, ".hidden.jpg")
    (folder / "other.unpool").mkdir()
    add(folder / "other.unpool", "b.jpg")
    time.sleep(0.5)
    assert len(runs.seen) == 1


def test_a_round_that_fails_is_said_and_tried_again(folder: Path, runs: Runs, watching: Any) -> None:
    add(folder, "a.jpg")
    follower = watching()
    wait_for(lambda: runs.seen)
    runs.failures = [
        UnpoolError("the disk is full"),
        OSError("no space"),
        WorkingError("`unpool check` works in w"),
    ]
    add(folder, "b.jpg")
    wait_for(lambda: runs.seen[-1] == ["a.jpg", "b.jpg"])
    assert follower.end()["failed"] == 2
    texts = [text.partition("  ")[2] for text in follower.progress.texts]
    assert "this round failed: the disk is full; it is tried again" in texts
    assert "unpool waits: `unpool check` works in w" in texts


def test_a_first_round_that_fails_ends_it_and_a_lock_does_not(
    folder: Path, runs: Runs, tmp_path: Path
) -> None:
    add(folder, "a.jpg")
    runs.failures = [WorkingError("busy"), UnpoolError("it holds the images of another folder")]
    with pytest.raises(UnpoolError, match="of another folder"):
        watch(folder.as_uri(), QUICK, work=tmp_path / "w.unpool")
    with pytest.raises(UsageError, match="is no folder on this machine"):
        watch("digits", QUICK)
    with pytest.raises(UsageError, match="--settle"):
        watch(str(folder), WatchSettings(settle=0))


def test_an_empty_folder_is_waited_for(folder: Path, runs: Runs, watching: Any) -> None:
    follower = watching()
    wait_for(lambda: any("there is no image in" in text for text in follower.progress.texts))
    assert runs.seen == []
    make_photograph().save(folder / "a.jpg")
    wait_for(lambda: runs.seen == [["a.jpg"]])


def test_a_folder_that_goes_away_is_waited_for(
    folder: Path, runs: Runs, watching: Any, tmp_path: Path
) -> None:
    add(folder, "a.jpg")
    follower = watching()
    wait_for(lambda: runs.seen)
    folder.rename(tmp_path / "elsewhere")
    wait_for(lambda: any("is away; unpool waits" in text for text in follower.progress.texts))
    count = len(runs.seen)
    (tmp_path / "elsewhere").rename(folder)
    wait_for(lambda: len(runs.seen) > count)
    add(folder, "b.jpg")
    wait_for(lambda: runs.seen[-1] == ["a.jpg", "b.jpg"])
    assert follower.end()["failed"] == 0


def test_where_the_system_cannot_watch_the_folder_is_listed(
    folder: Path, runs: Runs, watching: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import watchfiles

    whole, polled = watchfiles.watch, []

    def limited(*paths: Path, force_polling: bool | None, **options: Any) -> Any:
        polled.append(force_polling)
        if not force_polling:
            raise OSError("OS file watch limit reached")
        return whole(*paths, force_polling=True, **options)

    monkeypatch.setattr(watchfiles, "watch", limited)
    monkeypatch.setattr(watch_module, "POLL_MILLISECONDS", 100)
    add(folder, "a.jpg")
    follower = watching()
    wait_for(lambda: runs.seen)
    add(folder, "b.jpg")
    wait_for(lambda: runs.seen[-1] == ["a.jpg", "b.jpg"])
    assert polled[:2] == [None, True]
    assert any("listed now and then" in text for text in follower.progress.texts)


@pytest.mark.slow
def test_the_command_follows_a_folder_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    folder, work = tmp_path / "images", tmp_path / "w.unpool"
    folder.mkdir()
    for number in range(12):
        make_photograph(number).save(folder / f"{number}.jpg")
    words = [
        sys.executable,
        "-m",
        "unpool",
        "watch",
        str(folder),
        "--work",
        str(work),
        "--json",
        "--settle",
        "0.3",
    ]
    process = subprocess.Popen(
        [*words, "--network", "efficientnet-lite0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        wait_for(lambda: "finished:" in _state(work), 120)
        for number in range(12, 15):
            make_photograph(number).save(tmp_path / "new.jpg")
            shutil.move(tmp_path / "new.jpg", folder / f"{number}.jpg")
        wait_for(lambda: "images: 15" in _state(work), 60)
        time.sleep(1)
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    result = json.loads(out)
    assert (result["images"], result["embedded"], result["failed"]) == (15, 15, 0)
    assert "Traceback" not in err


def _state(work: Path) -> str:
    try:
        return (work / "unpool.yaml").read_text()
    except OSError:
        return ""
