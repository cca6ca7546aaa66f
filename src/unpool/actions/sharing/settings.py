"""The options of `unpool export`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from unpool.actions.sharing.formats import EXPORT_FORMATS
from unpool.options import OPTIONS


@dataclass(frozen=True)
class ExportSettings:
    """What `unpool export` can be set to.

    `paths` are the images to write, all where it is None.
    """

    to: Annotated[str, replace(OPTIONS["to"], choices=EXPORT_FORMATS)]
    out: Annotated[str | Path, OPTIONS["out"]]
    link: Annotated[bool, OPTIONS["link"]] = False
    paths: Sequence[str] | None = None
