"""The options of `unpool clean`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from unpool.core.settings import Option

KEEP = ("best", "largest", "oldest", "first")
TRASH = "trash"


@dataclass(frozen=True)
class CleanSettings:
    """What `unpool clean` can be set to."""

    problem: Annotated[
        str | None, Option("kind of problem whose files go, such as duplicates", metavar="KIND")
    ] = None
    keep: Annotated[
        str, Option("which image of each set stays: best is the one that `unpool check` elects", choices=KEEP)
    ] = "best"
    to: Annotated[
        str,
        Option("where files go: the system's trash, or a folder outside of the images", metavar="trash|DIR"),
    ] = TRASH
    dry_run: Annotated[bool, Option("write the plan, and move nothing")] = False
    undo: Annotated[
        Path | None, Option("bring back the files of a manifest, as they were", metavar="MANIFEST")
    ] = None
