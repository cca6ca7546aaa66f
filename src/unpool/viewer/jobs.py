"""The job that is running, if one is: started, watched and stopped from the page. One at a time."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from unpool.errors import UnpoolError

MESSAGES = 50
PATIENCE = 15.0  # seconds that a stopped job has to put its things away


@dataclass
class Job:
    """What is told of a job; see `web/src/data/types.ts`."""

    id: int
    kind: str
    state: str = "running"
    stage: str = ""
    done: float = 0.0
    total: float | None = None
    unit: str = ""
    note: str = ""
    messages: list[str] = field(default_factory=list)
    seconds: float = 0.0
    error: str | None = None
    work: str | None = None
    result: dict[str, Any] | None = None


class JobRunningError(UnpoolError):
    """Another job has to end first."""


class Jobs:
    """Runs one job at a time in a process of its own; `wait` gives its state at the next change."""

    def __init__(self, finished: Callable[[Job], None]) -> None:
        """`finished` is called, on a thread of ours, when a job has come to its end."""
        self._finished = finished
        self._changed = threading.Condition()
        self._job: Job | None = None
        self._process: subprocess.Popen[str] | None = None
        self._began = 0.0
        self._changes = 0
        self._closed = self._asked_to_stop = False

    @property
    def running(self) -> bool:
        return self._job is not None and self._job.state == "running"

    def start(self, kind: str, arguments: dict[str, Any], work: str | None = None) -> dict[str, Any]:
        """Start a job; `work` is what can be opened once it is done. `JobRunningError` where one is at work."""
        with self._changed:
            if self.running:
                raise JobRunningError("another job is running; wait for it or stop it")
            # -P: the current folder is the user's, and no file in it may be taken for a library.
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "unpool.viewer.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True, encoding="utf-8", errors="replace",
            )  # fmt: skip
            job = Job((self._job.id + 1) if self._job else 1, kind, work=work)
            self._job, self._process, self._began, self._asked_to_stop = job, process, time.monotonic(), False
            threading.Thread(target=self._follow, args=(job, process, kind, arguments), daemon=True).start()
            self._tell()
        return self.told() or {}

    def told(self) -> dict[str, Any] | None:
        """The last job as the page sees it; None where there was none."""
        with self._changed:
            if self._job is None:
                return None
            if self._job.state == "running":
                self._job.seconds = round(time.monotonic() - self._began, 1)
            return asdict(self._job)

    def wait(self, seen: int, seconds: float) -> tuple[int, dict[str, Any] | None]:
        """The number of changes and the job, at the first change after the `seen` first, or after `seconds`."""
        with self._changed:
            self._changed.wait_for(lambda: self._changes > seen or self._closed, seconds)
            return self._changes, self.told()

    def stop(self) -> dict[str, Any] | None:
        """Ask the job to stop as Ctrl-C would; it is ended where it does not within 15 seconds."""
        with self._changed:
            process = self._process if self.running else None
            self._asked_to_stop = True
        if process is not None:
            process.send_signal(signal.SIGINT if sys.platform != "win32" else signal.SIGTERM)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
            with self._changed:
                self._changed.wait_for(lambda: not self.running, 5)
        return self.told()

    def let_go(self) -> None:
        """Wait for nothing any more: whoever waits for news gets the last."""
        self._closed = True
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """Let go, and stop the job: the server ends."""
        self.let_go()
        self.stop()

    @property
    def closed(self) -> bool:
        return self._closed

    def _follow(self, job: Job, process: subprocess.Popen[str], kind: str, arguments: dict[str, Any]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps({"kind": kind, "arguments": arguments}) + "\n")
            process.stdin.close()
        complaints = _Tail(process.stderr)
        end: dict[str, Any] = {}
        for line in process.stdout:
            told = _read(line)
            if told.keys() & {"result", "error", "stopped"}:
                end = told
            else:
                self._note(job, told)
        code = process.wait()
        if not end and not self._asked_to_stop:
            end = {"error": f"the job ended with code {code}: {complaints.last() or 'it said nothing'}"}
        self._end(job, end)

    def _note(self, job: Job, told: dict[str, Any]) -> None:
        with self._changed:
            if "message" in told:
                job.messages = [*job.messages, str(told.pop("message"))][-MESSAGES:]
            for name in told.keys() & {"stage", "done", "total", "unit", "note"}:
                setattr(job, name, told[name])
            self._tell()

    def _end(self, job: Job, end: dict[str, Any]) -> None:
        job.seconds = round(time.monotonic() - self._began, 1)
        job.result, job.error = end.get("result"), end.get("error")
        state = "done" if "result" in end else "failed" if "error" in end else "stopped"
        # Whoever hears that it is done must find what it has done: so that comes first.
        try:
            self._finished(Job(**{**asdict(job), "state": state}))
        except Exception as error:  # whatever it is, the next job must be able to start
            state, job.error = "failed", f"what the job did cannot be read: {error}"
        with self._changed:
            job.state = state
            self._tell()

    def _tell(self) -> None:
        self._changes += 1
        self._changed.notify_all()


class _Tail:
    """The last line of what a process says on standard error, read as it comes so that it never has to wait."""

    def __init__(self, stream: Any) -> None:
        self._line = ""
        self._reader = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._reader.start()

    def _read(self, stream: Any) -> None:
        for line in stream:
            self._line = line.strip() or self._line

    def last(self) -> str:
        """That line, once the process has ended."""
        self._reader.join(5)
        return self._line[-500:]


def _read(line: str) -> dict[str, Any]:
    """What a line tells; nothing where a library printed it."""
    try:
        told = json.loads(line)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
