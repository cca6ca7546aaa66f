"""Errors as one line and an exit code."""

from __future__ import annotations

import errno
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress

import cyclopts

from unpool.errors import UnpoolError, UsageError
from unpool.options import OPTIONS

RESUMABLE = ("train ", "segment train ")  # that go on with --resume alone
POSITIONAL = {
    "FOLDER": "a folder of images, or a named data set such as digits",
    "IMAGE": "an image file",
    "IMAGES": "an image or a folder of images",
    "MASKS": "the folder of their masks",
}


def exit_code_of(action: Callable[[], object], argv: Sequence[str]) -> int:
    """Call the action and return the exit code.

    Args:
        action: what to do; an error becomes one line on standard error.
        argv: the command line, for messages; with --debug the traceback is printed too.
    """
    try:
        action()
        return 0
    except KeyboardInterrupt:
        again = "with --resume" if _command(argv) in RESUMABLE and "--resume" not in argv else "again"
        return _fail(f"stopped; give the same command {again} to resume it", 1, argv)
    except cyclopts.CycloptsError as error:
        return _fail(f"{_usage_message(error, argv)} (see `unpool {_command(argv)}--help`)", 2, argv)
    except UnpoolError as error:
        return _fail(str(error), error.exit_code, argv)
    except BrokenPipeError:
        with suppress(OSError):
            sys.stdout.close()
        return 1
    except OSError as error:
        return _fail(_os_error_message(error), 1, argv)
    except Exception as error:
        hint = "this is a fault of unpool: --debug shows where"
        return _fail(f"{type(error).__name__}: {error} ({hint})", 1, argv)


def _os_error_message(error: OSError) -> str:
    """The file, and the system's reason."""
    reason = error.strerror or str(error) or type(error).__name__
    if error.errno == errno.ENOSPC:
        reason += "; free some, or name a folder on another disk"
    return f"{error.filename}: {reason}" if error.filename else reason


def _usage_message(error: cyclopts.CycloptsError, argv: Sequence[str]) -> str:
    cause = error.__cause__ or error.__context__
    if isinstance(cause, UsageError):
        return str(cause)
    if isinstance(error, cyclopts.MissingArgumentError) and error.argument is not None:
        return _missing_message(error.argument.names, argv)
    if isinstance(error, cyclopts.UnusedCliTokensError) and error.unused_tokens:
        return f"{error.unused_tokens[0]!r} is one argument too many"
    return str(error)


def _missing_message(names: Sequence[str], argv: Sequence[str]) -> str:
    """What to give for an argument that is missing, or a flag without its value."""
    name = next((name for name in names if name.startswith("--")), names[0])
    if not name.startswith("-"):
        return f"{name} is missing; give {POSITIONAL.get(name, name)}"
    known = OPTIONS.get(name.removeprefix("--"))
    value = (known and known.metavar) or "VALUE"
    problem = "has no value" if set(names) & set(argv) else "is missing"
    return f"{name} {problem}; give {name} {value}"


def _command(argv: Sequence[str]) -> str:
    count = 2 if argv[:1] == ["segment"] else 1
    return "".join(f"{argument} " for argument in argv[:count] if not argument.startswith("-"))


def _fail(message: str, code: int, argv: Sequence[str]) -> int:
    if "--debug" in argv:
        traceback.print_exc()
    print("unpool: " + " ".join(message.split()), file=sys.stderr)
    return code
