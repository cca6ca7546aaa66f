"""Where a workspace's images are, whatever folder the command is given in."""

from __future__ import annotations

from pathlib import Path

from unpool.errors import UnpoolError
from unpool.images.datasets import is_named_set
from unpool.images.source import Source, open_source
from unpool.store.state import read_state


def source_of(work: Path) -> Source:
    """The folder or named set that the workspace was made from; `UnpoolError` where it does not say."""
    state = read_state(work)
    location = str(state.get("images") or "")
    is_there = Path(location).is_dir() if location else False
    place = location if is_there or is_named_set(location) else str(state.get("place") or location)
    if not place:
        raise UnpoolError(
            f"{work} does not know where its images are; give `unpool embed FOLDER --work {work}`"
        )
    return open_source(place, Path(state["data"]) if state.get("data") else None)


def folder_of(work: Path) -> Path | None:
    """The folder of the images, without opening it; None for a named set."""
    location = Path(str(read_state(work).get("images") or ""))
    return location if location.is_absolute() else None
