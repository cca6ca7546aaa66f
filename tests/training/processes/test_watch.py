"""Processes that watch each other: whoever is gone ends the others with one line, and who is interrupted saves."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch.distributed as dist

from unpool.errors import UnpoolError, UsageError
from unpool.training.processes import watch as module
from unpool.training.processes.watch import Watch, is_lost_connection

BROKEN = "[gloo/transport/tcp/pair.cc:534] Connection closed by peer [127.0.0.2]:31415"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds become hundredths, and interruptions of the main thread are counted."""
    interrupted: list[float] = []
    limits = {"BEAT": 0.01, "LOST": 0.25, "SILENT": 0.15, "WORD": 0.1, "GRACE": 60.0, "SAVE": 0.2}
    for name, seconds in limits.items():
        monkeypatch.setattr(module, f"{name}_SECONDS", seconds)
    monkeypatch.setattr(module, "interrupt_main", lambda: interrupted.append(time.monotonic()))
    return interrupted


@contextmanager
def watching(world: int, *ranks: int) -> Iterator[list[Watch]]:
    """The watches of some processes of a training."""
    store = dist.HashStore()
    watches = [Watch(store, rank, world) for rank in ranks]
    for watch in watches:
        watch.start()
    try:
        yield watches
    finally:
        for watch in watches:
            watch.close()
            for thread in watch._threads:
                thread.join(5)


def wait_for(condition: object, seconds: float = 5.0) -> bool:
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return bool(condition())


def test_processes_that_are_alive_leave_each_other_alone(quick: list[float]) -> None:
    with watching(3, 0, 1, 2) as watches:
        time.sleep(0.5)  # twice what one may be silent
        assert [watch.ending for watch in watches] == [None, None, None]
    assert quick == []


def test_a_process_that_falls_silent_interrupts_the_others_and_is_named(quick: list[float]) -> None:
    with watching(3, 0, 1, 2) as (first, second, third):
        time.sleep(0.1)
        third.close()  # as a kill does: no word, no further sign of life
        assert wait_for(lambda: first.ending)
        own = first.explain(KeyboardInterrupt())
        assert isinstance(own, UnpoolError)
        assert str(own) == (
            f"process 2 of 3 on {socket.gethostname()} was killed, or its machine or its network is gone; start all "
            "processes again with --resume"
        )
        assert wait_for(lambda: second.ending)  # learns it from the first
        assert str(second.explain(KeyboardInterrupt())) == str(own)
    assert len(quick) == 2


def test_a_lost_connection_becomes_the_line_of_the_process_that_ended() -> None:
    with watching(2, 0, 1) as (first, second):
        cause = UnpoolError("none of the 7 images of photos can be read")
        assert second.explain(cause) is cause
        own = first.explain(RuntimeError(BROKEN))
        assert str(own) == f"process 1 of 2 on {socket.gethostname()} ended: {cause}"
        assert isinstance(own, UnpoolError)


def test_a_lost_connection_without_a_word_names_the_silent_process() -> None:
    with watching(2, 0, 1) as (first, second):
        second.close()
        own = first.explain(RuntimeError(BROKEN))
        assert isinstance(own, UnpoolError)
        assert "process 1 of 2" in str(own)
        assert "was killed" in str(own)


def test_an_interrupted_process_lets_the_first_save_before_it_leaves(quick: list[float]) -> None:
    with watching(2, 0, 1) as (first, second):
        assert not second.may_stop()
        assert wait_for(lambda: quick)  # the first is interrupted, saves, and leaves
        assert len(quick) == 1  # the second is, once the first has left
        stop = KeyboardInterrupt()
        assert first.explain(stop) is stop
        broken = RuntimeError(BROKEN)
        assert isinstance(second.explain(broken), KeyboardInterrupt)


def test_the_first_is_not_interrupted_again_while_it_saves(quick: list[float]) -> None:
    with watching(2, 0, 1) as (first, second):
        assert first.may_stop()
        assert not second.may_stop()  # both got the signal, as torchrun sends it
        time.sleep(0.1)
        assert quick == []


def test_an_interrupted_process_does_not_wait_for_ever() -> None:
    with watching(2, 1) as (second,):
        assert not second.may_stop()
        assert wait_for(second.may_stop)


def test_an_error_that_all_have_is_printed_once_a_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with watching(2, 0, 1) as (first, second):
        errors = [UsageError("--lr is -1"), UsageError("--lr is -1"), UsageError("--lr is -1, or not")]
        assert first.explain(errors[0]) is errors[0]
        monkeypatch.setenv("LOCAL_RANK", "1")
        second.explain(errors[1])
        second.explain(errors[2])
    assert [error.is_repeated for error in errors] == [False, True, False]


def test_a_store_that_no_longer_answers_ends_the_process(
    monkeypatch: pytest.MonkeyPatch, quick: list[float]
) -> None:
    hangs = threading.Event()
    with watching(2, 1) as (second,):
        monkeypatch.setattr(second, "_beat", lambda launcher: hangs.wait(20))  # as a machine without power
        assert wait_for(lambda: quick)
        own = second.explain(KeyboardInterrupt())
        hangs.set()
    assert str(own).startswith(
        "process 0 of 2 was killed, or its launcher, its machine or its network is gone; "
    )


def test_a_store_that_is_gone_ends_the_process(monkeypatch: pytest.MonkeyPatch, quick: list[float]) -> None:
    def fail(launcher: int) -> None:
        raise dist.DistNetworkError("Connection reset by peer")

    with watching(2, 1) as (second,):
        monkeypatch.setattr(second, "_beat", fail)
        assert wait_for(lambda: quick)
        assert "process 0 of 2 was killed" in str(second.explain(KeyboardInterrupt()))


def test_a_main_thread_that_does_not_end_is_ended(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    codes: list[int] = []
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.05)
    monkeypatch.setattr(module.os, "_exit", codes.append)
    with watching(2, 0) as (first,):
        assert wait_for(lambda: codes)
        assert first.ending is not None
    assert codes == [1]
    assert capsys.readouterr().err == f"\nunpool: {first.ending.text}\n"


def test_a_fault_of_ones_own_stays_what_it_is() -> None:
    with watching(2, 0, 1) as (first, _):
        fault = RuntimeError("mat1 and mat2 shapes cannot be multiplied")
        assert first.explain(fault) is fault


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (RuntimeError(BROKEN), True),
        (dist.DistNetworkError("the client socket has timed out"), True),
        (RuntimeError("shape '[2]' is invalid"), False),
        (ValueError("gloo"), False),
        (None, False),
    ],
)
def test_what_is_a_lost_connection(error: BaseException | None, lost: bool) -> None:
    assert is_lost_connection(error) == lost


def test_one_process_is_not_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Watch", None)
    with module.watch_processes():
        pass
    assert module.may_stop()
