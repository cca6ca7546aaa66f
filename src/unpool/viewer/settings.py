"""The options of `unpool view`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from unpool.options import OPTIONS


@dataclass(frozen=True)
class ViewSettings:
    """Where the page is served, and its segmenter."""

    host: Annotated[str, OPTIONS["host"]] = "127.0.0.1"
    port: Annotated[int, OPTIONS["port"]] = 0
    segmenter: Annotated[Path | None, OPTIONS["segmenter-model"]] = None
