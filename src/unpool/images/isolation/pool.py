"""Processes that decode files, with limits of time and memory.

A process decodes one file at a time, is kept for the next, and ends when this one does. One that crashes or takes too
long is replaced, and the file is reported.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator

from unpool.core.environment import variables_of_another_python
from unpool.errors import UnreadableImageError
from unpool.images.isolation.messages import EndedError, Head, receive, send

# Their decoders read complex containers in C and C++, and had faults again and again. JPEG, PNG and the rest are
# decoded by libraries that every browser has, or by Pillow's own code: docs/decisions/0023-who-is-trusted.md.
UNTRUSTED = frozenset({"HEIF", "AVIF", "JPEG2000", "TIFF"})
SECONDS_VARIABLE = "UNPOOL_DECODE_SECONDS"
LONGEST_SECONDS = 864_000.0  # that the environment can set
MAX_SECONDS = 120.0  # for one file, by the clock; the largest allowed picture takes a quarter of it
MAX_BYTES = 6 << 30  # of memory that a process may map; the largest allowed picture takes 4.0 GB
NUM_ATTEMPTS = 2  # for a file whose process ended: somebody else may have ended it
COMMAND = [sys.executable, "-P", "-m", "unpool.images.isolation.process"]

large_picture = threading.Lock()  # pictures above a size are decoded one at a time
_idle: list[DecodingProcess] = []
_guard = threading.Lock()


class NoProcessError(Exception):
    """This account may start no process."""


class DecodingProcess:
    """One process, used by one thread at a time."""

    def __init__(self) -> None:
        self.seconds = max_seconds()
        environment = variables_of_another_python() | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        try:
            self._process = subprocess.Popen(
                [*COMMAND, str(self.seconds), str(MAX_BYTES)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, env=environment,
                start_new_session=True,  # Ctrl-C is for the program, which lets files in work come to their end
            )  # fmt: skip
        except OSError as error:
            raise NoProcessError from error
        self.is_late = False

    def ask(self, head: Head) -> tuple[Head, bytes]:
        """Send a request, and wait for its answer.

        Raises:
            EndedError: The process has ended, or was ended since it took too long.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            with self._limited():
                send(self._process.stdin, head)
                answer, body = receive(self._process.stdout)
            if "wait" not in answer:
                return answer, body
            with large_picture, self._limited():
                send(self._process.stdin, {})
                return receive(self._process.stdout)
        except (OSError, ValueError) as error:
            raise EndedError("its pipe is closed") from error

    @contextlib.contextmanager
    def _limited(self) -> Iterator[None]:
        timer = threading.Timer(self.seconds, self._end_late)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _end_late(self) -> None:
        self.is_late = True
        self._process.kill()

    def end(self) -> int:
        """End the process.

        Returns its exit code, negative for a signal.
        """
        self._process.kill()
        code = self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        return code


def needs_process(image_format: str) -> bool:
    """Whether files of a format are decoded by another process."""
    return image_format in UNTRUSTED and bool(sys.executable)


def max_seconds() -> float:
    """Return the time limit of a file.

    The environment can set it.
    """
    try:
        return min(LONGEST_SECONDS, max(1.0, float(os.environ.get(SECONDS_VARIABLE, MAX_SECONDS))))
    except ValueError:
        return MAX_SECONDS


def decode_apart(head: Head, image_format: str) -> tuple[Head, bytes]:
    """Let another process decode a file.

    Args:
        head: The request, as `process.answer` takes it.
        image_format: For messages.

    Returns:
        Its answer.

    Raises:
        UnreadableImageError: The file cannot be decoded, its decoder crashed, or took too long.
        NoProcessError: No process can be started here.
    """
    for attempt in range(NUM_ATTEMPTS):
        process = _take()
        try:
            answer, body = process.ask(head)
        except EndedError as error:
            code = process.end()
            if process.is_late:
                raise UnreadableImageError(
                    "too-slow", _describe_delay(image_format, process.seconds)
                ) from error
            if attempt == NUM_ATTEMPTS - 1:
                raise UnreadableImageError("crash", _describe_crash(image_format, code)) from error
            continue
        except BaseException:
            process.end()
            raise
        if process.is_late:  # its time was over as the answer came
            process.end()
        else:
            _give_back(process)
        if "problem" in answer:
            raise UnreadableImageError(str(answer["problem"]), str(answer["detail"]))
        return answer, body
    raise AssertionError("the last attempt returns or raises")


def _describe_delay(image_format: str, seconds: float) -> str:
    return (
        f"the {image_format} content was not decoded within {seconds:g} s, and was given up "
        f"({SECONDS_VARIABLE} sets the limit)"
    )


def _describe_crash(image_format: str, code: int) -> str:
    ending = f"signal {-code}" if code < 0 else f"exit code {code}"
    return f"the {image_format} content makes its decoder crash ({ending})"


def _take() -> DecodingProcess:
    with _guard:
        if _idle:
            return _idle.pop()
    return DecodingProcess()


def _give_back(process: DecodingProcess) -> None:
    with _guard:
        _idle.append(process)


def end_idle() -> None:
    """End all processes that wait for work."""
    with _guard:
        processes, _idle[:] = list(_idle), []
    for process in processes:
        process.end()


def _forget() -> None:
    """In a forked process: the others belong to its parent."""
    global _guard, large_picture
    _guard, large_picture = threading.Lock(), threading.Lock()
    _idle.clear()


atexit.register(end_idle)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
