"""Where the spaces of a workspace lie.

A space holds vectors of another model, and what came of them. Its path stands for it wherever a verb takes a workspace:
rows, images, locks and undo are those of the workspace around it.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from unpool.core.markers import WORKSPACE_TABLE
from unpool.errors import UsageError

SPACES = "spaces"  # in the workspace
SIGN = "@"  # between a space and a column, which no other column has
MAX_NAME = 40
RESERVED = "nearest_"  # begins the names of search indices
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_-]{{0,{MAX_NAME - 1}}}")
_made: set[Path] = set()  # those that this process has named, before there may be anything


def space_folder(work: Path, name: str | None) -> Path:
    """Return the path that stands for a space.

    Args:
        work: The workspace.
        name: The space; None for the workspace itself.

    Raises:
        UsageError: No space can have this name.

    >>> space_folder(Path("a.unpool"), "words").as_posix()
    'a.unpool/spaces/words'
    >>> space_folder(Path("a.unpool"), None).as_posix()
    'a.unpool'
    """
    if name is None:
        return work
    if not _NAME.fullmatch(name) or name.startswith(RESERVED):
        raise UsageError(
            f"--space is {name!r}, but must have letters, digits, - and _ alone, {MAX_NAME} at most, such as words"
        )
    folder = work / SPACES / name
    _made.add(folder.absolute())
    return folder


@contextlib.contextmanager
def making_space(work: Path) -> Iterator[None]:
    """Make the folder of a space.

    It is removed again where nothing was put into it.
    """
    if space_of(work) is None:
        yield
        return
    work.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        for folder in (work, work.parent):
            with contextlib.suppress(OSError):  # something is in it
                folder.rmdir()


def known_space(work: Path, name: str | None) -> Path:
    """Return the path of a space that is there.

    Args:
        work: The workspace.
        name: The space; None for the workspace itself.

    Raises:
        UsageError: There is none of this name.
    """
    folder = space_folder(work, name)
    if name is not None and not folder.is_dir():
        there = spaces_of(work)
        known = f"there are {', '.join(there)}" if there else "there are none yet"
        raise UsageError(
            f"{work} has no space {name!r}: {known}; make one with "
            f"`unpool embed FOLDER --work {work} --space {name} --model NAME`"
        )
    return folder


def spaces_of(work: Path) -> list[str]:
    """List the spaces of a workspace, sorted."""
    folders = (outer_workspace(work) / SPACES).glob("*")
    return sorted(folder.name for folder in folders if folder.is_dir() and _NAME.fullmatch(folder.name))


def outer_workspace(work: Path) -> Path:
    """Return the workspace around a space; a workspace itself."""
    return work if space_of(work) is None else work.parent.parent


def space_of(work: Path) -> str | None:
    """Name the space that a path stands for.

    None for a workspace.
    """
    if work.parent.name != SPACES:
        return None
    if work.absolute() in _made:
        return work.name
    is_space = not (work / WORKSPACE_TABLE).exists() and (work.parent.parent / WORKSPACE_TABLE).exists()
    return work.name if is_space else None
