"""One command at a time, and none that was killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from unpool.errors import UnpoolError
from unpool.store import lock
from unpool.store.lock import exclusive, find_holder, working

FILE = "lock-results.json"

HOLD = """
import sys, time
from pathlib import Path
from unpool.store.lock import working
with working(Path(sys.argv[1]), "unpool run", create=True):
    print("held", flush=True)
    time.sleep(60)
"""


def hold_elsewhere(work: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(work)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_another_process_is_named_and_a_killed_one_replaced(tmp_path: Path) -> None:
    work = tmp_path / "w.unpool"
    process = hold_elsewhere(work)
    try:
        with (
            pytest.raises(
                UnpoolError, match=rf"`unpool run` works in .*process {process.pid} on .* since 20"
            ),
            working(work, "unpool group"),
        ):
            pytest.fail("two at once")
        holder = find_holder(work)
        assert holder is not None
        assert (holder["command"], holder["process"]) == ("unpool run", process.pid)
    finally:
        process.kill()
        process.wait()
    assert find_holder(work) is None
    with working(work, "unpool group"):
        assert find_holder(work) is not None
    assert list(work.iterdir()) == []


def test_the_same_thread_may_enter_again_and_another_may_not(tmp_path: Path) -> None:
    errors: list[str] = []

    def enter() -> None:
        try:
            with working(tmp_path, "unpool label"):
                pass
        except UnpoolError as error:
            errors.append(str(error))

    with working(tmp_path, "unpool run"):
        with working(tmp_path, "unpool group"):
            pass
        assert find_holder(tmp_path) is not None
        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
    assert len(errors) == 1
    assert "`unpool run` works in" in errors[0]
    enter()
    assert len(errors) == 1


def test_a_short_command_waits_for_another_to_end(tmp_path: Path) -> None:
    released: list[float] = []

    def hold() -> None:
        with working(tmp_path, "unpool group"):
            begun.set()
            time.sleep(0.3)
            released.append(time.monotonic())

    begun = threading.Event()
    thread = threading.Thread(target=hold)
    thread.start()
    begun.wait()
    with working(tmp_path, "unpool label", patience=20):
        assert released
        assert time.monotonic() >= released[0]
    thread.join()


def test_an_error_inside_gives_the_workspace_back(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="inside"), working(tmp_path, "unpool group"):
        raise ValueError("inside")
    assert list(tmp_path.iterdir()) == []


def write_foreign(work: Path, age: float) -> None:
    holder = lock._describe_self("unpool embed") | {"machine": "another", "host": "cluster7"}
    (work / FILE).write_text(json.dumps(holder))
    then = time.time() - age
    os.utime(work / FILE, (then, then))


def test_another_machine_counts_while_it_renews_its_lock(tmp_path: Path) -> None:
    write_foreign(tmp_path, age=0)
    message = r"on cluster7, since 20.*, last sign of life \d+ s ago\); .*counts as killed 90 s after"
    with pytest.raises(UnpoolError, match=message), working(tmp_path, "unpool group"):
        pytest.fail("two at once")
    write_foreign(tmp_path, age=lock.STALE_SECONDS + 10)
    with working(tmp_path, "unpool group"):
        holder = find_holder(tmp_path)
        assert holder is not None
        assert holder["process"] == os.getpid()


def test_a_lock_is_renewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "RENEW_SECONDS", 0.02)
    with working(tmp_path, "unpool embed"):
        os.utime(tmp_path / FILE, (0, 0))
        deadline = time.monotonic() + 10
        while (tmp_path / FILE).stat().st_mtime == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert (tmp_path / FILE).stat().st_mtime > 0


def test_a_number_that_another_process_has_by_now_is_nobody(tmp_path: Path) -> None:
    holder = lock._describe_self("unpool embed") | {"process": os.getppid(), "started": "1"}
    (tmp_path / FILE).write_text(json.dumps(holder))
    if lock._started(os.getppid()):
        assert find_holder(tmp_path) is None


def test_a_half_written_file_is_passed_over_in_time(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"token')
    with pytest.raises(UnpoolError, match="another command works in"), working(tmp_path, "unpool group"):
        pytest.fail("two at once")
    os.utime(tmp_path / FILE, (0, 0))
    with working(tmp_path, "unpool group"):
        pass


def test_without_hard_links_it_holds_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", fail)
    with working(tmp_path, "unpool group"):
        assert find_holder(tmp_path) is not None
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_place_of_the_workspace_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(UnpoolError, match="is a file"),
        working(tmp_path / "file", "unpool embed", create=True),
    ):
        pytest.fail("entered")


def test_a_workspace_that_was_not_made_leaves_nothing(tmp_path: Path) -> None:
    with working(tmp_path / "missing", "unpool group"):
        assert not (tmp_path / "missing").exists()
    with pytest.raises(UnpoolError), working(tmp_path / "new", "unpool embed", create=True):
        raise UnpoolError("there is no image")
    with working(tmp_path / "kept", "unpool embed", create=True):
        (tmp_path / "kept" / "a.txt").touch()
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_labels_can_be_given_while_a_check_runs(tmp_path: Path) -> None:
    done: list[str] = []

    def label() -> None:
        with working(tmp_path, "unpool label", "edits"):
            done.append("label")

    def run() -> None:
        with pytest.raises(UnpoolError, match="`unpool check` works"), working(tmp_path, "unpool run"):
            pytest.fail("two at once")
        done.append("refused")

    with working(tmp_path, "unpool check", "results"):
        for call in (label, run):
            thread = threading.Thread(target=call)
            thread.start()
            thread.join()
    assert done == ["label", "refused"]


def test_a_decorated_verb_holds_its_workspace(tmp_path: Path) -> None:
    @exclusive("unpool check", "results")
    def check(work: Path, value: int) -> int:
        """Check."""
        holder = find_holder(work)
        assert holder is not None
        assert holder["command"] == "unpool check"
        assert find_holder(work, "edits") is None
        return value

    (tmp_path / "images.lance").mkdir()
    assert check(tmp_path, 3) == 3
    assert check.__doc__ == "Check."
    assert find_holder(tmp_path) is None


def test_a_folder_that_is_no_workspace_is_not_written_into(tmp_path: Path) -> None:
    @exclusive("unpool group")
    def look(work: Path) -> list[Path]:
        return list(work.iterdir())

    assert look(tmp_path) == []


def test_everybody_waits_for_what_is_done_in_a_moment(tmp_path: Path) -> None:
    def hold() -> None:
        with working(tmp_path, "unpool label", patience=5):
            begun.set()
            time.sleep(0.2)

    begun = threading.Event()
    thread = threading.Thread(target=hold)
    thread.start()
    begun.wait()
    with working(tmp_path, "unpool run"):
        pass
    thread.join()


def test_a_lock_of_an_older_version_counts(tmp_path: Path) -> None:
    write_foreign(tmp_path, age=0)
    content = json.loads((tmp_path / FILE).read_text())
    del content["brief"]
    (tmp_path / FILE).write_text(json.dumps(content))
    with pytest.raises(UnpoolError, match="on cluster7"), working(tmp_path, "unpool group"):
        pytest.fail("two at once")


def test_threads_that_take_turns_never_work_at_once(tmp_path: Path) -> None:
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(5):
            with working(tmp_path, "unpool label", "edits", patience=60):
                inside += 1
                most = max(most, inside)
                time.sleep(0.001)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
