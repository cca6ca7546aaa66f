"""The running job, started and stopped from the page."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from unpool.core.environment import variables_of_another_python
from unpool.errors import UnpoolError
from unpool.store.remote.mirror import with_addresses

MAX_MESSAGES = 50
STOP_TIMEOUT = 15.0  # seconds that a stopped job has to save its state
MAX_ERROR_LENGTH = 500  # characters of a process' last line that are shown


@dataclass
class Job:
    """A job as the page sees it.

    Attributes:
        id: rises with each job.
        kind: the verb.
        state: running, done, failed or stopped.
        stage: the work under way; `done` of `total` in `unit`, with a `note`.
        messages: the latest ones.
        seconds: since its start.
        error: why it failed.
        work: the workspace that can be opened when it is done.
        result: the verb's JSON object.
    """

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
    """Runs one job at a time in a subprocess."""

    def __init__(self, finished: Callable[[Job], None]) -> None:
        """Set what is called when a job has ended.

        Args:
            finished: called on a thread of ours, before the job's new state is shown.
        """
        self._finished = finished
        self._changed = threading.Condition()
        self._job: Job | None = None
        self._process: subprocess.Popen[str] | None = None
        self._start_time = 0.0
        self._num_changes = 0
        self._is_closed = self._is_stopping = False

    @property
    def running(self) -> bool:
        """Whether a job is running."""
        return self._job is not None and self._job.state == "running"

    def start(self, kind: str, arguments: dict[str, Any], work: str | None = None) -> dict[str, Any]:
        """Start a job.

        Args:
            kind: the verb.
            arguments: of the verb, as `viewer.worker.call_verb` takes them.
            work: the workspace that can be opened when it is done.

        Returns:
            The state of the job, as the page shows it.

        Raises:
            JobRunningError: another job is running.
        """
        with self._changed:
            if self.running:
                raise JobRunningError("another job is running; wait for it or stop it")
            # -P: the current folder is the user's, and no file in it may be taken for a library.
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "unpool.viewer.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True, encoding="utf-8", errors="replace",
                env=variables_of_another_python(),
            )  # fmt: skip
            job = Job((self._job.id + 1) if self._job else 1, kind, work=work)
            self._job, self._process, self._is_stopping = job, process, False
            self._start_time = time.monotonic()
            threading.Thread(target=self._follow, args=(job, process, kind, arguments), daemon=True).start()
            self._notify()
        return self.status() or {}

    def status(self) -> dict[str, Any] | None:
        """Return the last job, or None."""
        with self._changed:
            if self._job is None:
                return None
            if self._job.state == "running":
                self._job.seconds = round(time.monotonic() - self._start_time, 1)
            return asdict(self._job)

    def wait(self, num_seen: int, seconds: float) -> tuple[int, dict[str, Any] | None]:
        """Wait for the next change.

        Args:
            num_seen: number of changes seen so far.
            seconds: how long to wait at most.

        Returns:
            The number of changes, and the job.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._num_changes > num_seen or self._is_closed, seconds)
            return self._num_changes, self.status()

    def stop(self) -> dict[str, Any] | None:
        """Stop the job as Ctrl-C would.

        It is killed after 15 seconds.
        """
        with self._changed:
            process = self._process if self.running else None
            self._is_stopping = True
        if process is not None:
            process.send_signal(signal.SIGINT if sys.platform != "win32" else signal.SIGTERM)
            try:
                process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
            with self._changed:
                self._changed.wait_for(lambda: not self.running, 5)
        return self.status()

    def release_waiters(self) -> None:
        """End every `wait`: the server is about to stop."""
        self._is_closed = True
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """Release waiters and stop the job."""
        self.release_waiters()
        self.stop()

    @property
    def closed(self) -> bool:
        """Whether `close` or `release_waiters` was called."""
        return self._is_closed

    def _follow(self, job: Job, process: subprocess.Popen[str], kind: str, arguments: dict[str, Any]) -> None:
        """Send the job to its process, and read what it writes until it ends."""
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps({"kind": kind, "arguments": arguments}) + "\n")
            process.stdin.close()
        errors = _LastLine(process.stderr)
        end: dict[str, Any] = {}
        for line in process.stdout:
            values = _parse_line(with_addresses(line))
            if values.keys() & {"result", "error", "stopped"}:
                end = values
            else:
                self._update(job, values)
        code = process.wait()
        if not end and not self._is_stopping:
            end = {"error": f"the job ended with code {code}: {errors.read() or 'it wrote no reason'}"}
        self._finish(job, end)

    def _update(self, job: Job, values: dict[str, Any]) -> None:
        with self._changed:
            if "message" in values:
                job.messages = [*job.messages, str(values.pop("message"))][-MAX_MESSAGES:]
            for name in values.keys() & {"stage", "done", "total", "unit", "note"}:
                setattr(job, name, values[name])
            self._notify()

    def _finish(self, job: Job, end: dict[str, Any]) -> None:
        job.seconds = round(time.monotonic() - self._start_time, 1)
        job.result, job.error = end.get("result"), end.get("error")
        state = "done" if "result" in end else "failed" if "error" in end else "stopped"
        # Whoever sees that it is done must find its results: so `finished` comes first.
        try:
            self._finished(Job(**{**asdict(job), "state": state}))
        except Exception as error:  # whatever it is, the next job must be able to start
            state, job.error = "failed", f"the results of the job cannot be read: {error}"
        with self._changed:
            job.state = state
            self._notify()

    def _notify(self) -> None:
        self._num_changes += 1
        self._changed.notify_all()


class _LastLine:
    """The last line of a stream, read on a thread so that its process never waits."""

    def __init__(self, stream: Iterable[str]) -> None:
        self._line = ""
        self._reader = threading.Thread(target=self._follow, args=(stream,), daemon=True)
        self._reader.start()

    def _follow(self, stream: Iterable[str]) -> None:
        for line in stream:
            self._line = line.strip() or self._line

    def read(self) -> str:
        """Return that line, once the stream has ended."""
        self._reader.join(5)
        return self._line[-MAX_ERROR_LENGTH:]


def _parse_line(line: str) -> dict[str, Any]:
    """The values of a line of JSON; none where a library printed it."""
    try:
        values = json.loads(line)
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}
