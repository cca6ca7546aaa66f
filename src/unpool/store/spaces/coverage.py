"""How many images each space lacks. One of the files that know Lance."""

from __future__ import annotations

from pathlib import Path

from unpool.store.columns import OK, VECTOR
from unpool.store.lance_rows import open_whole
from unpool.store.spaces.paths import SIGN, outer_workspace, space_of, spaces_of


def count_missing(work: Path) -> dict[str | None, int]:
    """Count the usable images without a vector, by other spaces.

    Args:
        work: The workspace, or the path of a space, which is left out itself.

    Returns:
        A number above 0 for each space that lacks images; under None for the workspace's own vectors, where it has any.
    """
    others = [space for space in (None, *spaces_of(work)) if space != space_of(work)]
    found: dict[str | None, int] = {}
    if others:
        dataset = open_whole(outer_workspace(work))
        for space in others:
            column = VECTOR if space is None else f"{space}{SIGN}{VECTOR}"
            if column in dataset.schema.names:
                missing = int(dataset.count_rows(f"status = '{OK}' AND `{column}` IS NULL"))
                found |= {space: missing} if missing else {}
    return found


def describe_missing(work: Path) -> list[str]:
    """Say which other spaces lack images.

    A line each, with what fills them in.
    """
    lines = []
    for space, missing in count_missing(work).items():
        noun = "image has" if missing == 1 else "images have"
        kind = f"no vector in the space {space}" if space else "no vector of the workspace's own"
        option = f" --space {space}" if space else " --model NAME"
        lines.append(f"{missing} {noun} {kind}: unpool embed FOLDER --work {outer_workspace(work)}{option}")
    return lines
