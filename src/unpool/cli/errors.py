"""What went wrong, in one line and an exit code: 1 failed, 2 wrong usage."""

from __future__ import annotations

import errno
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import cyclopts

from unpool.errors import UnpoolError, UsageError


def exit_code_of(action: Callable[[], Any], words: Sequence[str]) -> int:
    """Do it, and give the exit code; an error becomes a line on standard error, with its trace after --debug."""
    try:
        action()
        return 0
    except KeyboardInterrupt:
        trains = _command(words) in ("train ", "segment train ")
        again = "with --resume" if trains and "--resume" not in words else "again"
        return _fail(f"stopped; give the same command {again} to go on", 1, words)
    except cyclopts.CycloptsError as error:
        return _fail(f"{_usage(error)} (see `unpool {_command(words)}--help`)", 2, words)
    except UnpoolError as error:
        return _fail(str(error), error.exit_code, words)
    except BrokenPipeError:
        with suppress(OSError):
            sys.stdout.close()
        return 1
    except OSError as error:
        return _fail(_os_error_message(error), 1, words)
    except Exception as error:
        hint = "this is a fault of unpool: --debug shows where"
        return _fail(f"{type(error).__name__}: {error} ({hint})", 1, words)


def _os_error_message(error: OSError) -> str:
    """What the system refused: the file, and why."""
    reason = error.strerror or str(error) or type(error).__name__
    if error.errno == errno.ENOSPC:
        reason += "; free some, or name a folder on another disk"
    return f"{error.filename}: {reason}" if error.filename else reason


def _usage(error: cyclopts.CycloptsError) -> str:
    cause = error.__cause__ or error.__context__
    return str(cause) if isinstance(cause, UsageError) else str(error)


def _command(words: Sequence[str]) -> str:
    named = 2 if words[:1] == ["segment"] else 1
    return "".join(f"{word} " for word in words[:named] if not word.startswith("-"))


def _fail(text: str, code: int, words: Sequence[str]) -> int:
    if "--debug" in words:
        traceback.print_exc()
    print("unpool: " + " ".join(text.split()), file=sys.stderr)
    return code
