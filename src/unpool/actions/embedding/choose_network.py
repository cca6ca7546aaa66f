"""Which network embeds these images, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.reading.scan import ImageFile
from unpool.images.source import Source
from unpool.training.model_file import has_model

PHOTOGRAPH = 64  # shorter side in pixels from which ImageNet features are worth more than a net of one's own
TINY = 16  # side below which ImageNet features are not even tried
LARGEST_TRAINED = 64  # side at which `conv` is trained on larger images
SAMPLE = 200  # files whose size is looked at
COLOURS = 20  # files that are decoded to see whether they have colour
PRETRAINED = "efficientnet-lite0"


@dataclass(frozen=True)
class Choice:
    """A network of the catalogue or a model folder, the input size to train at, and the reason in words."""

    network: str
    folder: Path | None
    size: int | None
    reason: str
    adapted: bool = False  # with a head that is trained on these images


def choose_network(asked: str, source: Source, files: Sequence[ImageFile]) -> Choice:
    """Turn what the user asked for (a name, a model folder, or auto) into a choice."""
    if asked != "auto":
        folder = Path(asked)
        if has_model(folder):
            return Choice(asked, folder, None, f"the model in {folder}, as asked")
        if folder.is_dir() or "/" in asked or "\\" in asked:
            raise UnpoolError(f"{folder} is no model folder: it has no model.json and model.safetensors")
        return Choice(asked, None, trained_size(source, files), "as asked")
    side = typical_side(source, files)
    if side >= PHOTOGRAPH:
        reason = f"the shorter side is {side} px (median), so ImageNet features fit"
        return Choice(PRETRAINED, None, None, reason)
    if side >= TINY and has_colour(source, files):
        reason = f"in colour, the shorter side {side} px (median): ImageNet features of the enlarged images"
        return Choice(PRETRAINED, None, None, reason)
    kind = "too small for ImageNet features" if side < TINY else "small and grey"
    reason = f"the shorter side is {side} px (median), {kind}: a network of their own"
    return Choice("conv", None, trained_size(source, files), reason)


def chosen(rows: Sequence[dict[str, Any]], size: int) -> Choice | None:
    """The choice that the table of a comparison (`compare`), best first, comes to; None where it is empty.

    >>> chosen([{"way": "scratch", "images": 900}], 28).network
    'conv'
    """
    if not rows:
        return None
    way, images = rows[0]["way"], rows[0]["images"]
    reason = f"{way}: of {len(rows)} ways tried on {images} images, its groups stand furthest apart"
    if way == "scratch":
        return Choice("conv", None, size, reason)
    return Choice(PRETRAINED, None, None, reason, adapted=way == "adapted")


def is_comparable(source: Source, files: Sequence[ImageFile]) -> bool:
    """Whether pretrained features may suit these images, so that a comparison is worth its time."""
    return typical_side(source, files) >= TINY


def has_colour(source: Source, files: Sequence[ImageFile]) -> bool:
    """Whether one of some files is in colour."""
    for file in files[:: max(1, len(files) // COLOURS)]:
        try:
            if not source.read(file, TINY).grey:
                return True
        except UnreadableImageError:
            continue
    return False


def typical_side(source: Source, files: Sequence[ImageFile]) -> int:
    """The median of the shorter sides of some of the files, in pixels; files are not decoded for it."""
    step = max(1, len(files) // SAMPLE)
    sizes = [source.size(file) for file in files[::step]]
    sides = [min(size) for size in sizes if size is not None]
    return int(median(sides)) if sides else PHOTOGRAPH


def trained_size(source: Source, files: Sequence[ImageFile]) -> int:
    """The side in pixels at which a network of free depth is trained on these images."""
    return max(8, min(LARGEST_TRAINED, typical_side(source, files)))
