"""Run a command and measure it: wall time, processor time and peak memory of all its processes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

EVERY = 0.2  # seconds between two looks at the memory
REASON_LENGTH = 300


@dataclass(frozen=True)
class Run:
    """One run of a program; `problem` is empty where it succeeded."""

    seconds: float
    cpu_seconds: float
    memory_mib: float
    problem: str = ""

    def as_dict(self) -> dict[str, float | str]:
        return {key: value for key, value in asdict(self).items() if value != ""}


def measure(
    commands: Sequence[Sequence[str]], folder: Path, environment: Mapping[str, str], limit: float
) -> Run:
    """Run commands one after the other and measure them together.

    Args:
        commands: Each with its arguments; the first that fails is the last.
        folder: Where they run; what they print goes into printed-0.txt, … and log.txt.
        environment: Variables added to those of this process.
        limit: Seconds after which they are ended.

    Returns:
        The measurement; wall time includes the start of the processes.
    """
    total, cpu, peak, problem = 0.0, 0.0, 0.0, ""
    for number, command in enumerate(commands):
        start = time.perf_counter()
        with (folder / f"printed-{number}.txt").open("w") as printed, (folder / "log.txt").open("w") as log:
            process = subprocess.Popen(
                command, cwd=folder, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                stdout=printed, stderr=log, start_new_session=True,
            )  # fmt: skip
            watch = _Watch(process.pid, start + limit - total)
            try:
                _, status, usage = os.wait4(process.pid, 0)
            except BaseException:  # Ctrl-C reaches this process alone
                _end(process.pid)
                process.wait()
                raise
        process.returncode = os.waitstatus_to_exitcode(status)
        watch.end()
        total += time.perf_counter() - start
        cpu += usage.ru_utime + usage.ru_stime
        peak = max(peak, watch.peak_mib)
        if process.returncode:
            problem = f"ended after {limit:.0f} s" if watch.expired else _reason(folder / "log.txt")
            break
    return Run(round(total, 3), round(cpu, 3), round(peak, 1), problem)


class _Watch:
    """Looks at the memory of a process and its children, and ends them when their time is over."""

    def __init__(self, pid: int, deadline: float) -> None:
        self.pid, self.deadline = pid, deadline
        self.peak_mib, self.expired = 0.0, False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(EVERY):
            self.peak_mib = max(self.peak_mib, memory_mib(self.pid))
            if time.perf_counter() > self.deadline and not self.expired:
                self.expired = True
                _end(self.pid)


def _end(pid: int) -> None:
    """End a process and those that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def memory_mib(pid: int) -> float:
    """Memory of a process and its descendants in MiB; pages that several of them share count once."""
    total = 0
    try:
        parent = psutil.Process(pid)
        processes = [parent, *parent.children(recursive=True)]
    except psutil.Error:
        return 0.0
    for process in processes:
        try:
            alone = len(processes) == 1 or not psutil.LINUX
            total += process.memory_info().rss if alone else process.memory_full_info().pss
        except psutil.Error:
            continue
    return total / 2**20


def _reason(log: Path) -> str:
    """The last line that a failed program printed."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return (lines[-1] if lines else "it failed without a message")[:REASON_LENGTH]
