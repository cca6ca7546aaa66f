"""Standard output and standard error in any shell.

What was done stays done: a character that the encoding lacks is written as an escape, and a reader that has gone
away is written to no longer.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import io
import os
import sys
from typing import TextIO

from typing_extensions import Buffer

ESCAPE = "unpool.escape"  # name of the error handler below
LOOKALIKES = str.maketrans("‘’“”–—×…−", "''\"\"--x.-")
GONE = (errno.EPIPE, errno.ESHUTDOWN, errno.ECONNRESET)
STREAMS = (("stdout", 1), ("stderr", 2))
MIN_COLUMNS = 20  # below it tables of help would never end


def prepare_streams() -> None:
    """Make the standard streams safe to write to.

    Streams that a caller has put in their place are left alone.
    """
    _open_closed_files()
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns) < MIN_COLUMNS:
        os.environ["COLUMNS"] = str(MIN_COLUMNS if int(columns) else 80)
    codecs.register_error(ESCAPE, escape)
    for name, number in STREAMS:
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(number, "w", encoding="utf-8", errors=ESCAPE, closefd=False))  # noqa: SIM115
        elif stream is getattr(sys, f"__{name}__") and isinstance(stream, io.TextIOWrapper):
            setattr(sys, name, _wrap(stream))


def flush_output() -> None:
    """Write out what standard output still holds.

    Raises:
        OSError: there is no room for it; standard output is not used again.
    """
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError as error:
        _write_nowhere(1)
        error.filename = error.filename or "standard output"
        raise


def escape(error: UnicodeError) -> tuple[str, int]:
    """Write typographic signs plainly, all else by its number.

    >>> codecs.register_error(ESCAPE, escape)
    >>> "‘写’ 2×3".encode("ascii", ESCAPE)
    b"'\\\\u5199' 2x3"
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    plain = error.object[error.start : error.end].translate(LOOKALIKES)
    return plain.encode("ascii", "backslashreplace").decode("ascii"), error.end


class _Lasting(io.RawIOBase):
    """A file descriptor that leads nowhere once its reader has gone away."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._number

    def isatty(self) -> bool:
        return os.isatty(self._number)

    def write(self, content: Buffer, /) -> int:
        try:
            return os.write(self._number, content)
        except OSError as error:
            is_reader_gone = error.errno in GONE or (sys.platform == "win32" and error.errno == errno.EINVAL)
            if self._number == 1 and not is_reader_gone:  # a lost result is an error, a lost message none
                raise
            _write_nowhere(self._number)
            return memoryview(content).nbytes


def _wrap(stream: io.TextIOWrapper) -> TextIO:
    try:
        number = stream.fileno()
        stream.flush()
    except (OSError, ValueError):  # a stream without a file, or a closed one
        return stream
    if sys.platform == "win32" and os.isatty(number):  # a console has its own encoding, and its reader stays
        stream.reconfigure(errors=ESCAPE)
        return stream
    buffer = io.BufferedWriter(_Lasting(number))
    is_terminal = os.isatty(number)
    return io.TextIOWrapper(
        buffer, encoding=stream.encoding, errors=ESCAPE, line_buffering=is_terminal or number == 2,
    )  # fmt: skip


def _open_closed_files() -> None:
    """Let what a shell has closed lead nowhere.

    The next file that is opened would take its number, and what a library prints would go into it.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            with contextlib.suppress(OSError):
                os.open(os.devnull, os.O_RDWR)


def _write_nowhere(number: int) -> None:
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        os.close(nowhere)
