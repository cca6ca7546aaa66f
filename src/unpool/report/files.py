"""Files that are there whole or not at all."""

from __future__ import annotations

import io
import os
from pathlib import Path

from PIL import Image


def write_whole(path: Path, content: bytes) -> Path:
    """Writes beside the file and renames, so that a reader never meets half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def png_bytes(image: Image.Image) -> bytes:
    """The picture as PNG; lightly compressed, for speed."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()
