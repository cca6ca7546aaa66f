"""The options of `unpool label` that are about fields."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from unpool.core.settings import Option
from unpool.options import OPTIONS
from unpool.store.fields.kinds import KINDS

FROM = Option("file with a column of paths, of any tool; or folders, whose names are labels", metavar="FILE")
KIND = Option("what the values of --field are, where that is not to be guessed", choices=KINDS)


@dataclass(frozen=True)
class ImportSettings:
    """What is read from a file by `unpool label --from`."""

    from_: Annotated[Path, FROM]
    field: Annotated[str | None, OPTIONS["field"]] = None
    kind: Annotated[str | None, KIND] = None
