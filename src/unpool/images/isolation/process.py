"""A process that decodes files for another.

    python -m unpool.images.isolation.process SECONDS BYTES

It reads requests from its standard input and ends with it. Its memory is limited, and a file that takes longer than
`SECONDS` ends it even where nobody is left to do so.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO

import numpy as np

from unpool.errors import UnreadableImageError
from unpool.images.isolation.messages import EndedError, Head, receive, send
from unpool.images.reading import decode
from unpool.images.values.rules import Found, ValueRules

GRACE_SECONDS = 5  # after the limit, within which the other process ends this one itself


class Permission:
    """Taken before a large picture is decoded.

    The other process lets one at a time do so.

    Args:
        requests: Where its answer comes from.
        answers: Where it is requested.
        seconds: The time limit that begins then.
    """

    def __init__(self, requests: IO[bytes], answers: IO[bytes], seconds: float) -> None:
        self._requests, self._answers, self._seconds = requests, answers, seconds

    def __enter__(self) -> None:
        set_alarm(0)
        send(self._answers, {"wait": True})
        receive(self._requests)
        set_alarm(self._seconds)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


def serve(requests: IO[bytes], answers: IO[bytes], seconds: float) -> None:
    """Answer requests until there are no more.

    Args:
        requests: Where they come from.
        answers: Where answers go.
        seconds: The time limit of each.
    """
    decode.one_large_picture = Permission(requests, answers, seconds)
    while True:
        try:
            head, _ = receive(requests)
        except EndedError:
            return
        set_alarm(seconds)
        reply, body = answer(head)
        set_alarm(0)
        send(answers, reply, body)


def answer(head: Head) -> tuple[Head, memoryview | bytes]:
    """Do what a request says.

    Args:
        head: `verb` is `picture`, `values` or `size`, `file` a path, the rest its arguments.

    Returns:
        The answer, and the pixels of a picture.
    """
    file = Path(head["file"])
    try:
        if head["verb"] == "size":
            return {"size": list(decode.read_size_here(file))}, b""
        if head["verb"] == "values":
            return {"found": _as_json(decode.find_values_here(file, tuple(head["nodata"])))}, b""
        rules = ValueRules.from_dict(head["rules"])
        picture = decode.read_picture_here(file, head["min_side"], head["max_pixels"], rules)
    except UnreadableImageError as error:
        return {"problem": error.problem, "detail": error.detail}, b""
    facts = {name: getattr(picture, name) for name in ("width", "height", "mode", "grey", "id")}
    notes = [asdict(note) for note in picture.notes]
    pixels = np.ascontiguousarray(picture.pixels)
    facts |= {"notes": notes, "capture": asdict(picture.capture)}
    return {**facts, "shape": list(pixels.shape)}, pixels.data.cast("B")


def _as_json(found: Found | None) -> Head | None:
    if found is None:
        return None
    return asdict(found) | {"dtype": found.dtype.str}


def set_alarm(seconds: float) -> None:
    """End this process after some seconds, even within a decoder.

    0 takes it back.
    """
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds + GRACE_SECONDS if seconds else 0)


def limit_memory(num_bytes: int) -> None:
    """Let larger allocations fail, where the system can."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = num_bytes if hard == resource.RLIM_INFINITY else min(num_bytes, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(argv: list[str]) -> None:
    """Serve on standard input and output.

    Libraries can no longer write to them.
    """
    for name in ("SIGINT", "SIGALRM"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN if name == "SIGINT" else signal.SIG_DFL)
    limit_memory(int(argv[1]))
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "r+b") as nothing:  # noqa: PTH123 - no file of a path
        os.dup2(nothing.fileno(), 0)
        os.dup2(nothing.fileno(), 1)
    with contextlib.suppress(BrokenPipeError):
        serve(requests, answers, float(argv[0]))


if __name__ == "__main__":
    main(sys.argv[1:])
