"""What unpool reads of a class file."""

from __future__ import annotations

from pathlib import Path

from unpool.images.masks.class_entries.reading import read_entries


def entries(folder: Path, text: str | bytes, name: str = "a.txt") -> list[tuple[object, ...]]:
    """Write a class file and read it: names, numbers, colours."""
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return [(entry.name, entry.number, entry.colour) for entry in read_entries(folder / name)]
