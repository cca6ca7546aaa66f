"""Processes that watch each other, and why one ended.

Each counts in the store that all share while it is alive, and writes there why it ends. So a process that is killed,
or whose machine is gone, ends the others within a minute, whatever they are doing: connections alone are noticed only
by who happens to send, and some never.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import NamedTuple

import torch.distributed as dist

from unpool.core.cpu import num_processes
from unpool.errors import UnpoolError
from unpool.training.processes.rendezvous import Store, join_processes, wait_for

BEAT_SECONDS = 1.0  # between two signs of life
LOST_SECONDS = 30.0  # without one
SILENT_SECONDS = 5.0  # without one, once a connection has broken
WORD_SECONDS = 2.0  # until another process has written why it ends
GRACE_SECONDS = 12.0  # to end in good order; launchers wait 30 and then kill
SAVE_SECONDS = 20.0  # for the first process to save, before the one that was interrupted leaves
REMEDY = "start all processes again with --resume"

_numbers = count()
_watches: list[Watch] = []  # the one that is under way


class Ending(NamedTuple):
    """Why a process ended.

    Args:
        rank: its number.
        text: its last line.
        is_stop: it was stopped, as by Ctrl-C.
    """

    rank: int
    text: str
    is_stop: bool


@contextmanager
def watch_processes() -> Iterator[None]:
    """End with one line when another process ends.

    Raises:
        UnpoolError: another process ended before the work was done. The cause is in the line.
    """
    store = join_processes()
    if store is None or _watches:
        yield
        return
    own: Store = dist.PrefixStore(f"watch-{next(_numbers)}", store)  # type: ignore[attr-defined,arg-type]
    watch = Watch(own, int(os.environ["RANK"]), num_processes())
    _watches.append(watch)
    watch.start()
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        reason = watch.explain(error)
        if reason is error:
            raise
        raise reason from error
    finally:
        watch.close()
        _watches.remove(watch)


def may_stop() -> bool:
    """Whether this process may leave the training after Ctrl-C.

    Only the first one saves: the others ask it to, and go on for a while until it leaves.
    """
    return all(watch.may_stop() for watch in _watches)


class Watch:
    """Count in the store, and see that the others do.

    Args:
        store: shared by all processes.
        rank: number of this process.
        world: how many there are.
    """

    def __init__(self, store: Store, rank: int, world: int) -> None:
        self.store, self.rank, self.world = store, rank, world
        self.ending: Ending | None = None  # of another process
        self._done = threading.Event()
        self._requested_at: float | None = None
        # The first sees all, and all see the first: whom it misses, the others learn from it.
        others = range(1, world) if rank == 0 else (0,)
        self._seen = {other: (0, time.monotonic()) for other in others}
        self._answered_at = time.monotonic()  # by the store
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._run, self._guard)]

    def start(self) -> None:
        """Start to show signs of life."""
        self.store.set(f"host/{self.rank}", socket.gethostname())
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Show no further sign of life."""
        self._done.set()

    def may_stop(self) -> bool:
        """Ask the first process to stop, where this is another."""
        if self.rank == 0:
            # It saves now, and a second signal would end that.
            self._requested_at = self._requested_at or time.monotonic()
            return True
        if self._requested_at is None:
            self._requested_at = time.monotonic()
            self._write("stop", "1")
        return time.monotonic() - self._requested_at > SAVE_SECONDS

    def explain(self, error: BaseException) -> BaseException:
        """Return what this process ends with.

        The others read it.

        Args:
            error: what ended it.

        Returns:
            An `UnpoolError` in place of a lost connection, Ctrl-C where another process was stopped, else `error`.
        """
        self._done.set()
        cause = error.__cause__ if isinstance(error, KeyboardInterrupt) else error
        is_lost = is_lost_connection(cause)
        ending = self.ending or self._read_ending(WORD_SECONDS if is_lost else 0.0)
        if ending is None and is_lost:
            ending = self._find_silent()
        own = error
        if ending is not None and (is_lost or isinstance(error, KeyboardInterrupt)):
            own = KeyboardInterrupt() if ending.is_stop else UnpoolError(ending.text)
        self._end(own, ending)
        return own

    def _run(self) -> None:
        launcher = os.getppid()
        while not self._done.wait(BEAT_SECONDS):
            try:
                ending = self._beat(launcher)
            except RuntimeError:  # whoever kept the store is gone, perhaps because all is done
                if self._done.wait(SILENT_SECONDS):
                    return
                ending = self._without_store()
            self._answered_at = time.monotonic()
            if ending is not None:
                self._write_ending(ending)
                self._stop_main(ending)
                return

    def _guard(self) -> None:
        """End the process where the store does not answer: its machine is gone without a word."""
        while not self._done.wait(BEAT_SECONDS):
            if self.ending is None and time.monotonic() - self._answered_at > LOST_SECONDS:
                # Nothing waits for the other one again.
                self.store = dist.HashStore()  # type: ignore[attr-defined]
                self._stop_main(self._without_store())
                return

    def _beat(self, launcher: int) -> Ending | None:
        """Show a sign of life; returns why to end."""
        self.store.add(f"beat/{self.rank}", 1)
        if (ending := self._read_ending()) is not None:
            return ending
        if os.environ.get("TORCHELASTIC_RUN_ID") and os.getppid() != launcher:
            return Ending(
                self.rank, f"the launcher of process {self._name(self.rank)} is gone; {REMEDY}", False
            )
        if self.rank == 0 and self._requested_at is None and self.store.check(["stop"]):
            self._requested_at = time.monotonic()
            interrupt_main()
        return self._find_lost(LOST_SECONDS)

    def _find_lost(self, seconds: float) -> Ending | None:
        """The first process without a sign of life for so long."""
        now = time.monotonic()
        for other, (beats, since) in self._seen.items():
            new = self.store.add(f"beat/{other}", 0)
            if new != beats:
                self._seen[other] = new, now
            elif now - since > seconds:
                return self._lost(other)
        return None

    def _find_silent(self) -> Ending:
        """Which process is gone, once a connection to one of them has broken."""
        try:
            self._seen = {
                other: (self.store.add(f"beat/{other}", 0), time.monotonic())
                for other in range(self.world)
                if other != self.rank
            }
            end = time.monotonic() + 2 * SILENT_SECONDS
            while time.monotonic() < end:
                self.store.add(f"beat/{self.rank}", 1)
                if (found := self._read_ending() or self._find_lost(SILENT_SECONDS)) is not None:
                    return found
                time.sleep(BEAT_SECONDS / 4)
        except RuntimeError:
            return self._without_store()
        return Ending(self.rank, f"the connection between the processes has broken; {REMEDY}", False)

    def _without_store(self) -> Ending:
        why = "was killed, or its launcher, its machine or its network is gone"
        return Ending(0, f"process 0 of {self.world} {why}; {REMEDY}", False)

    def _lost(self, other: int) -> Ending:
        why = "was killed, or its machine or its network is gone"
        return Ending(other, f"process {self._name(other)} {why}; {REMEDY}", False)

    def _name(self, rank: int) -> str:
        host = self._read(f"host/{rank}") or "a machine unknown"
        return f"{rank} of {self.world} on {host}"

    def _end(self, error: BaseException, ending: Ending | None) -> None:
        """Write why this process ends; one that repeats what stands on the same screen is silent."""
        is_stop = isinstance(error, KeyboardInterrupt)
        text = str(error) or type(error).__name__
        line = text if is_stop else f"process {self._name(self.rank)} ended: {text}"
        self._write_ending(ending or Ending(self.rank, line, is_stop))
        self._write(f"last/{self.rank}", text)
        leader = self.rank - int(os.environ.get("LOCAL_RANK") or 0)
        if leader != self.rank and isinstance(error, UnpoolError):
            error.is_repeated = self._read(f"last/{leader}", WORD_SECONDS) == text

    def _stop_main(self, ending: Ending) -> None:
        """Interrupt the main thread, and end the process where it does not end."""
        self.ending = ending
        interrupt_main()
        if not self._done.wait(GRACE_SECONDS):
            line = "stopped; give the same command with --resume" if ending.is_stop else ending.text
            print(f"\nunpool: {line}", file=sys.stderr, flush=True)
            os._exit(1)

    def _read_ending(self, seconds: float = 0.0) -> Ending | None:
        text = self._read("ending", seconds)
        ending = Ending(*json.loads(text)) if text else None
        return None if ending is None or ending.rank == self.rank else ending

    def _write_ending(self, ending: Ending) -> None:
        """Write why the training ends; the first word stays."""
        try:
            self.store.compare_set("ending", "", json.dumps(ending))
        except RuntimeError:
            return

    def _read(self, key: str, seconds: float = 0.0) -> str | None:
        """A value of the store; None where there is none after so long."""
        try:
            return self.store.get(key).decode() if wait_for(self.store, [key], seconds) else None
        except RuntimeError:
            return None

    def _write(self, key: str, value: str) -> None:
        try:
            self.store.set(key, value)
        except RuntimeError:
            return


def is_lost_connection(error: BaseException | None) -> bool:
    """Whether an error comes of another process that is gone.

    >>> is_lost_connection(RuntimeError("[gloo/transport/tcp/pair.cc:534] Connection closed by peer"))
    True
    >>> is_lost_connection(RuntimeError("shapes do not match"))
    False
    """
    if isinstance(error, dist.DistError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(word in text for word in ("gloo", "nccl", "connection"))


def interrupt_main() -> None:
    """Interrupt the main thread as Ctrl-C or SIGTERM does."""
    caught = (number for number in (signal.SIGTERM, signal.SIGINT) if callable(signal.getsignal(number)))
    number = next(caught, None)
    main = threading.main_thread().ident
    if number is None or main is None:
        return
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(main, number)  # wakes it from a wait too
    else:
        signal.raise_signal(number)
