"""Options of `unpool inspect`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from unpool.errors import UsageError
from unpool.options import OPTIONS


@dataclass(frozen=True)
class InspectTrainSettings:
    """Options of `unpool inspect train`.

    Args:
        method: "memory", "mirror" or "auto": the one that finds made defects better.
        network: encoder whose maps are compared, a name or a model folder; None: EfficientNet-Lite0.
        size: side of what the network sees, pixels; None: 256.
        tile: side of windows in pixels of the images; None: images are seen whole.
        val: further good images, which the threshold is chosen on; None: those learnt from, each by the others.
        false_alarms: share of good images that may be called not good.
        minutes: of training, for the mirror; None: one.
        seed: random seed.
    """

    method: Annotated[str, OPTIONS["inspect-method"]] = "auto"
    network: Annotated[str | None, OPTIONS["inspect-network"]] = None
    size: Annotated[int | None, OPTIONS["inspect-size"]] = None
    tile: Annotated[int | None, OPTIONS["inspect-tile"]] = None
    val: Annotated[Path | None, OPTIONS["inspect-val"]] = None
    false_alarms: Annotated[float, OPTIONS["false-alarms"]] = 0.01
    minutes: Annotated[float | None, OPTIONS["inspect-minutes"]] = None
    seed: Annotated[int, OPTIONS["seed"]] = 0


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
