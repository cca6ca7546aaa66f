"""Damaged files, moved out of the way and kept."""

from __future__ import annotations

from pathlib import Path

DAMAGED = "damaged"  # folder of the workspace


def put_aside(work: Path, file: Path) -> Path:
    """Move a damaged file to `WORK/damaged`.

    Args:
        work: The workspace.
        file: In it; a folder moves as a whole.

    Returns:
        Where it is now; an older one of its name stays beside it.
    """
    folder, name = work / DAMAGED, "-".join(file.relative_to(work).parts)
    folder.mkdir(exist_ok=True)
    target, number = folder / name, 1
    while target.exists():
        number += 1
        target = folder / f"{name}.{number}"
    file.replace(target)
    return target
