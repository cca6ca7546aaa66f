"""Errors as one line and an exit code."""

from __future__ import annotations

import errno
import re
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress

import cyclopts

from unpool.cli.streams import flush_output
from unpool.cli.usage_errors import command_of, describe_usage_error
from unpool.core.cpu import is_first_of_machine
from unpool.errors import UnpoolError
from unpool.store.remote.mirror import with_addresses

SOURCE_LINE = re.compile(
    r"^LanceError\(\w+\): |,? \S+\.rs:\d+(:\d+)?"
)  # where in its source a library failed
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
NO_SPACE_WORDS = re.compile(r"No space left|os error 28\b|StorageFull|[Qq]uota exceeded")
RESUMABLE = ("train", "segment train")  # that go on with --resume alone


def exit_code_of(action: Callable[[], object], argv: Sequence[str]) -> int:
    """Call the action and return the exit code.

    Args:
        action: what to do; an error becomes one line on standard error.
        argv: the command line, for messages; with --debug the traceback is printed too.
    """
    try:
        action()
        flush_output()
        return 0
    except KeyboardInterrupt:
        if command_of(argv) in ("view", "watch"):  # the way to end it
            return 0
        if not is_first_of_machine():
            return 1
        again = "with --resume" if command_of(argv) in RESUMABLE and "--resume" not in argv else "again"
        return _fail(f"stopped; give the same command {again} to resume it", 1, argv)
    except cyclopts.CycloptsError as error:
        unknown = error.unused_tokens if isinstance(error, cyclopts.UnknownCommandError) else None
        command = command_of([each for each in argv if each not in (unknown or ())])
        see = " ".join(["unpool", *command.split(), "--help"])
        return _fail(f"{describe_usage_error(error, argv)} (see `{see}`)", 2, argv)
    except UnpoolError as error:
        return error.exit_code if error.is_repeated else _fail(str(error), error.exit_code, argv)
    except BrokenPipeError:  # the reader of what is printed has gone away
        return 1
    except OSError as error:
        return _fail(_os_error_message(error), 1, argv)
    except MemoryError as error:
        reason = f" ({error})" if str(error) else ""
        remedy = "close other programs, or take fewer or smaller images"
        return _fail(f"there is not enough memory{reason}; {remedy}", 1, argv)
    except Exception as error:
        if _is_disk_full(error):
            return _fail(_os_error_message(OSError(str(error))), 1, argv)
        hint = "this is a fault of unpool: --debug shows where"
        return _fail(f"{type(error).__name__}: {error} ({hint})", 1, argv)
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # what libraries in Rust raise where they give up
            raise
        hint = "a file may be damaged: `unpool doctor --work DIR` finds out"
        return _fail(f"{error} ({hint})", 1, argv)


def _os_error_message(error: OSError) -> str:
    """The file, and the system's reason."""
    reason = error.strerror or SOURCE_LINE.sub("", str(error)) or type(error).__name__
    if _is_disk_full(error):
        reason += "; free some, or name a folder on another disk"
    return f"{error.filename}: {reason}" if error.filename else reason


def report_thread_errors(argv: Sequence[str]) -> None:
    """Print errors of threads that libraries started as one line.

    A full disk is left to the thread that waits for them, which meets it too.
    """

    def report(failed: threading.ExceptHookArgs) -> None:
        error = failed.exc_value
        if isinstance(error, Exception) and not _is_disk_full(error):
            name = failed.thread.name if failed.thread else "a thread"
            _fail(f"{type(error).__name__}: {error} (in {name}, while the command went on)", 1, argv)

    threading.excepthook = report


def _is_disk_full(error: Exception) -> bool:
    """Whether there is no space left; libraries that write files say it in their own words."""
    return getattr(error, "errno", None) in NO_SPACE or NO_SPACE_WORDS.search(str(error)) is not None


def _fail(message: str, code: int, argv: Sequence[str]) -> int:
    if code == 2 and not is_first_of_machine():  # the others were given the same
        return code
    if "--debug" in argv:
        traceback.print_exc()
    with suppress(OSError):  # where standard error cannot be written to, the code must do
        message = with_addresses(" ".join(message.split()))
        print(f"unpool: {message}", file=sys.stderr, flush=True)
    return code
