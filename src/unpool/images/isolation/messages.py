"""Messages between a program and its decoding processes.

A message is the length of its head (4 bytes, big-endian), a head in JSON, and as many bytes as that says. Nothing is
unpickled: a process that a damaged file has taken over can send wrong pixels, and no code.
"""

from __future__ import annotations

import json
from typing import IO, Any

MAX_HEAD = 1 << 20
MAX_BODY = 1 << 32

Head = dict[str, Any]


class EndedError(Exception):
    """The other side has gone, or talks nonsense."""


def send(stream: IO[bytes], head: Head, body: bytes | memoryview = b"") -> None:
    """Send a message.

    Args:
        stream: Where to.
        head: Anything that JSON can hold; names that are no text are kept.
        body: The bytes that follow.
    """
    content = json.dumps(head | {"bytes": len(body)}).encode("ascii")
    stream.write(len(content).to_bytes(4, "big") + content)
    stream.write(body)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[Head, bytes]:
    """Receive a message.

    Raises:
        EndedError: There is none any more.
    """
    size = int.from_bytes(_read(stream, 4), "big")
    if size > MAX_HEAD:
        raise EndedError("its head is too long")
    try:
        head = json.loads(_read(stream, size))
        count = int(head["bytes"])
    except (ValueError, KeyError, TypeError) as error:
        raise EndedError("its head is no JSON") from error
    if not 0 <= count <= MAX_BODY:
        raise EndedError("its body is too long")
    return head, _read(stream, count)


def _read(stream: IO[bytes], count: int) -> bytes:
    content = stream.read(count)
    if content is None or len(content) < count:
        raise EndedError("it ended")
    return content
