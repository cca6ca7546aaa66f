"""The bytes of an image file, without a copy."""

from __future__ import annotations

import io
import mmap
from typing import IO, TypeAlias

Content: TypeAlias = bytes | mmap.mmap


def content_of(stream: IO[bytes] | None) -> Content:
    """Return all bytes of a stream.

    Those of a file on the disk are mapped into memory, not read.
    """
    if isinstance(stream, io.BytesIO):
        return stream.getvalue()  # shares its memory with the stream
    if stream is None:
        raise ValueError("the reader has closed its file")
    return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
