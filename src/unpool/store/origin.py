"""Where the images of a workspace are."""

from __future__ import annotations

from pathlib import Path

from unpool.errors import UnpoolError
from unpool.images.datasets import is_named_set
from unpool.images.source import Source, open_source
from unpool.store.state import read_state


def source_of(work: Path) -> Source:
    """Open the folder or named set that the workspace shows.

    Raises `UnpoolError` where it is unknown.
    """
    state = read_state(work)
    location = str(state.get("images") or "")
    is_there = Path(location).is_dir() if location else False
    source = location if is_there or is_named_set(location) else str(state.get("place") or location)
    if not source:
        raise UnpoolError(
            f"{work} does not know where its images are; give `unpool embed FOLDER --work {work}`"
        )
    return open_source(source, Path(state["data"]) if state.get("data") else None)


def folder_of(work: Path) -> Path | None:
    """The folder of the images, unopened.

    None for a named set.
    """
    location = Path(str(read_state(work).get("images") or ""))
    return location if location.is_absolute() else None
