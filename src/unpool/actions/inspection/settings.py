"""Options of `unpool inspect`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from unpool.options import OPTIONS


@dataclass(frozen=True)
class InspectEvaluateSettings:
    """Options of `unpool inspect evaluate`.

    Args:
        masks: the folder of masks; None: `ground_truth` beside `test`, where it is there.
    """

    masks: Annotated[Path | None, OPTIONS["inspect-masks"]] = None
