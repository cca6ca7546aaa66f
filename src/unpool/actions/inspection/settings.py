"""Options of `unpool inspect`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from unpool.errors import UsageError
from unpool.options import OPTIONS


@dataclass(frozen=True)
class InspectEvaluateSettings:
    """Options of `unpool inspect evaluate`.

    Args:
        masks: the folder of masks; None: `ground_truth` beside `test`, where it is there.
        threshold: a score above it is not good; None: the model's.
        out: the folder of pictures and the table to write; None: none are written.
    """

    masks: Annotated[Path | None, OPTIONS["inspect-masks"]] = None
    threshold: Annotated[float | None, OPTIONS["score-threshold"]] = None
    out: Annotated[Path | None, OPTIONS["inspect-pictures"]] = None


@dataclass(frozen=True)
class InspectPredictSettings:
    """Options of `unpool inspect predict`.

    Args:
        threshold: a score above it is not good; None: the model's.
        heat: which images get a heat map and an overlay: "all", "bad" or "none".
        heat_values: those images get their heat as a TIFF of 16 bits too.
    """

    threshold: Annotated[float | None, OPTIONS["score-threshold"]] = None
    heat: Annotated[str, OPTIONS["heat"]] = "all"
    heat_values: Annotated[bool, OPTIONS["heat-values"]] = False


def check_heat(settings: InspectPredictSettings) -> None:
    """Check that no options exclude each other.

    Raises:
        UsageError: they do.
    """
    if settings.heat == "none" and settings.heat_values:
        raise UsageError("--heat-values and --heat none exclude each other; leave one of them out")
