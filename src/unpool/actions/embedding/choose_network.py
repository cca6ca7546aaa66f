"""The choice of a network for a collection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Literal, TypedDict

from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.reading.scan import ImageFile
from unpool.images.source import Source
from unpool.networks.encoders.door import find_encoder
from unpool.networks.encoders.open_clip_names import ENDINGS
from unpool.training.model_file import has_model, no_model

MIN_PHOTOGRAPH_SIDE = (
    64  # shorter side in pixels from which ImageNet features suit better than training from scratch
)
MIN_PRETRAINED_SIDE = 16  # pixels; below, ImageNet features are not even tried
MAX_TRAINED_SIDE = 64  # pixels at which `conv` is trained on larger images
NUM_MEASURED = 200  # files whose size is read
NUM_COLOUR_CHECKS = 20  # files that are decoded to see whether they have colour
PRETRAINED = "efficientnet-lite0"
WEIGHTS_ENDINGS = (*ENDINGS, ".pt")  # of files of weights alone

VIEWS_RECOGNISED = "their cropped or shifted views are nearest to their own image"

CandidateName = Literal["pretrained", "adapted", "scratch"]


class ComparisonRow(TypedDict):
    """One candidate of a comparison, for JSON and reports.

    `map_silhouette` says how far its groups stand apart, `lead` by how much further than those of the plain way, on
    average over the draws, and `lead_needed` from which lead on it is taken; None for the plain way itself.
    `recognised` is the share of views that are nearest to their own image in the pretrained features, the same in
    each row. `images` is how many it was tried on.
    """

    way: CandidateName
    map_silhouette: float
    lead: float | None
    lead_spread: float | None
    lead_needed: float | None
    recognised: float
    effective_rank: float
    seconds: float
    images: int


@dataclass(frozen=True)
class Choice:
    """A network, and why it was chosen.

    Args:
        network: A name of the catalogue, or what the user typed.
        folder: The model folder; None for a network of the catalogue.
        size: Side of the input to train at, pixels; None for the network's own.
        reason: For people.
        adapted: It gets a head that is trained on these images.
    """

    network: str
    folder: Path | None
    size: int | None
    reason: str
    adapted: bool = False


def choose_network(requested: str, source: Source, files: Sequence[ImageFile]) -> Choice:
    """Choose the network that embeds a collection.

    Args:
        requested: A name of the catalogue, a model folder, or "auto".
        source: Where the images are read from.
        files: The images.

    Returns:
        The choice.

    Raises:
        UnpoolError: the folder holds no model.
    """
    if requested != "auto":
        if find_encoder(requested) is not None:
            return Choice(requested, None, None, "as requested")
        if folder := find_model(requested):
            return Choice(requested, folder, None, f"the model in {folder}, as requested")
        return Choice(requested, None, trained_size(source, files), "as requested")
    side = typical_side(source, files)
    if side >= MIN_PHOTOGRAPH_SIDE:
        reason = f"the shorter side is {side} px (median), so ImageNet features fit"
        return Choice(PRETRAINED, None, None, reason)
    if side >= MIN_PRETRAINED_SIDE and has_colour(source, files):
        reason = f"in colour, the shorter side {side} px (median): ImageNet features of the enlarged images"
        return Choice(PRETRAINED, None, None, reason)
    kind = "too small for ImageNet features" if side < MIN_PRETRAINED_SIDE else "small and grey"
    reason = f"the shorter side is {side} px (median), {kind}: a network of their own"
    return Choice("conv", None, trained_size(source, files), reason)


def find_model(requested: str) -> Path | None:
    """Return the requested model folder, or None for a name.

    Raises:
        UnpoolError: it is a path, and there is no model.

    >>> find_model("conv") is None
    True
    """
    folder = Path(requested)
    if has_model(folder):
        return folder
    is_file = folder.is_file() and "." in requested  # any other name may be a network's as well
    if is_file and folder.suffix.lower() in WEIGHTS_ENDINGS:
        raise UnpoolError(
            f"{requested} is a file of weights, which does not say of which network; give --model NAME "
            f"--weights {requested}"
        )
    if is_file or folder.is_dir() or "/" in requested or "\\" in requested:
        raise no_model(folder)
    return None


def choose_compared(rows: Sequence[ComparisonRow], size: int) -> Choice | None:
    """Choose the best candidate of a comparison.

    Args:
        rows: The table of `compare_networks.compare`, best first.
        size: Side in pixels at which a network from scratch is trained.

    Returns:
        The choice; None where the table is empty.

    >>> row = {"way": "scratch", "map_silhouette": 0.5, "lead": 0.1, "lead_needed": 0.06, "images": 900}
    >>> choose_compared([row], 28).network
    'conv'
    """
    if not rows:
        return None
    candidate = rows[0]["way"]
    if len(rows) == 1 and candidate == "pretrained":
        reason = (
            f"pretrained: of {rows[0]['images']} images {rows[0]['recognised']:.0%} of {VIEWS_RECOGNISED}"
        )
        return Choice(PRETRAINED, None, None, f"{reason}, so that training has nothing to add")
    stands = "its groups stand furthest apart"
    # Earlier versions, whose comparison a run may resume, noted no leads.
    if rows[0].get("lead", 0.0) is None:
        stands = "no other stands out enough"
    elif candidate == "adapted" and (rows[0].get("lead_needed") or 0.0) < 0:
        stands = f"for only {rows[0]['recognised']:.0%} of {VIEWS_RECOGNISED}"
    leads = _describe_leads(rows[:1]) or _describe_leads(rows)
    reason = f"{candidate}: of {len(rows)} networks compared on {rows[0]['images']} images, {stands}{leads}"
    if candidate == "scratch":
        return Choice("conv", None, size, reason)
    return Choice(PRETRAINED, None, None, reason, adapted=candidate == "adapted")


def _describe_leads(rows: Sequence[ComparisonRow]) -> str:
    """By how much candidates lead the plain way, in brackets, and what is needed."""
    leads = [
        f"lead of {row['way']} {lead:+.3f}, {row['lead_needed']:+.2f} needed"
        for row in rows
        if (lead := row.get("lead")) is not None
    ]
    return f" ({'; '.join(leads)})" if leads else ""


def is_comparable(source: Source, files: Sequence[ImageFile]) -> bool:
    """Whether images are large enough for pretrained features."""
    return typical_side(source, files) >= MIN_PRETRAINED_SIDE


def has_colour(source: Source, files: Sequence[ImageFile]) -> bool:
    """Whether one of some files is in colour."""
    for file in files[:: max(1, len(files) // NUM_COLOUR_CHECKS)]:
        try:
            if not source.read(file, MIN_PRETRAINED_SIDE).grey:
                return True
        except UnreadableImageError:
            continue
    return False


def typical_side(source: Source, files: Sequence[ImageFile]) -> int:
    """Compute the median shorter side of some files, pixels.

    No file is decoded for it.
    """
    step = max(1, len(files) // NUM_MEASURED)
    sizes = [source.size(file) for file in files[::step]]
    sides = [min(size) for size in sizes if size is not None]
    return int(median(sides)) if sides else MIN_PHOTOGRAPH_SIDE


def trained_size(source: Source, files: Sequence[ImageFile]) -> int:
    """Choose the side in pixels at which `conv` is trained."""
    return max(8, min(MAX_TRAINED_SIDE, typical_side(source, files)))
