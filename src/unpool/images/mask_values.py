"""What the masks of a folder hold, counted; and which classes that makes where no class file tells.

N masks, K classes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.batches import in_order
from unpool.images.classes_of_pixels import (
    IGNORE,
    MOST_CLASSES,
    PixelClasses,
    classes_by_colour,
    classes_by_value,
    unpack,
)
from unpool.images.folder import Problem
from unpool.images.known_masks import (
    camvid_by_value,
    cityscapes_ids,
    cityscapes_train_ids,
    known_by_colours,
    voc_by_value,
)
from unpool.images.mask_file import read_mask
from unpool.images.pairs import Pair

MOST_COLOURS = 50  # more are no classes but shades
MOST_GAPS = 32  # numbers up to which classes may be missing between those that occur
HINT = "name the classes in a file, and give it with --classes"


@dataclass
class Values:
    """What was found: how many pixels of each number and colour, and a mask that holds each."""

    numbers: Counter[int] = field(default_factory=Counter)
    colours: Counter[int] = field(default_factory=Counter)
    palettes: Counter[int] = field(default_factory=Counter)
    holder: dict[tuple[bool, int], str] = field(default_factory=dict)
    num_palettes: int = 0
    num_lossy: int = 0
    num_masks: int = 0


def count_values(
    pairs: Sequence[Pair], workers: int, progress: Callable[[], None] | None = None
) -> tuple[Values, list[Problem]]:
    """The numbers and colours in the masks of `pairs`; masks that cannot be read are told as problems."""
    values, problems = Values(), []
    for pair, found in zip(pairs, in_order(_counted, pairs, workers), strict=True):
        if progress is not None:
            progress()
        if isinstance(found, Problem):
            problems.append(found)
            continue
        is_coloured, counts, has_palette, is_lossy = found
        values.num_masks += 1
        values.num_palettes += has_palette
        values.num_lossy += is_lossy
        (values.colours if is_coloured else values.numbers).update(counts)
        for value in counts:
            values.holder.setdefault((is_coloured, value), pair.mask.path)
    return values, problems


def _counted(pair: Pair) -> Problem | tuple[bool, dict[int, int], bool, bool]:
    try:
        mask = read_mask(pair.mask.file)
    except UnreadableImageError as error:
        return Problem(pair.path, error.problem, f"its mask {pair.mask.path}: {error.detail}")
    found, counts = np.unique(mask.value_HW, return_counts=True)
    if len(found) > 4096:
        found, counts = found[:4096], counts[:4096]
    counted = dict(zip(found.tolist(), counts.tolist(), strict=True))
    return mask.is_coloured, counted, mask.palette_HW is not None, mask.is_lossy


def classes_found(values: Values, *, ignore: int | None, suffix: str = "") -> tuple[PixelClasses, str]:
    """The classes that masks hold, and a sentence that tells how they were understood.

    `ignore` is the number that is no class, None where nothing was typed: then 255 is, but for masks of 0 and 255
    alone, which hold two classes. `suffix` is how the masks' names end.

    Raises `UnpoolError` where the values are no classes that could be told without a class file.
    """
    if values.colours:
        return _by_colour(values)
    told = set(values.numbers)
    void = IGNORE if ignore is None else ignore
    if told <= {0, 255} and 255 in told and ignore is None:
        return classes_by_value(
            ["background", "foreground"], values=[0, 255], ignore=None
        ), "0 and 255 as two classes"
    if suffix == "_gtFine_labelIds":
        return cityscapes_ids(), "Cityscapes' 19 classes"
    if suffix == "_gtFine_labelTrainIds":
        return cityscapes_train_ids(), "Cityscapes' 19 classes"
    if (
        values.num_palettes == values.num_masks
        and told <= {*range(21), 255}
        and ignore is None
        and _is_voc(values)
    ):
        return voc_by_value(), "Pascal VOC's 21 classes"
    return _by_number(values, told - {void}, void)


def _is_voc(values: Values) -> bool:
    return 255 in values.numbers and len(values.numbers) > MOST_GAPS // 4


def _by_number(values: Values, told: set[int], void: int) -> tuple[PixelClasses, str]:
    if len(told) < 2:
        raise UnpoolError(
            f"the masks hold one class only, the number {min(told, default=void)}; "
            "there must be two at least to tell apart"
        )
    num_classes = max(told) + 1
    if (
        min(told) < 0
        or num_classes > MOST_CLASSES
        or (num_classes > MOST_GAPS and len(told) < num_classes / 2)
    ):
        strange = max(told)
        lossy = " and some are JPEGs, which do not keep values exactly" if values.num_lossy else ""
        raise UnpoolError(
            f"the masks hold {len(told)} different numbers up to {strange} "
            f"(in {values.holder[False, strange]}){lossy}: "
            f"that is no numbering of classes; {HINT}"
        )
    if void == 11 and num_classes == 11 and void in values.numbers:
        return camvid_by_value(void), "the 11 classes of CamVid; 11 is ignored"
    ignored = f"; {void} is ignored" if void in values.numbers else ""
    made = classes_by_value([str(number) for number in range(num_classes)], ignore=void)
    return made, f"the numbers 0 to {num_classes - 1} as classes{ignored}"


def _by_colour(values: Values) -> tuple[PixelClasses, str]:
    # Masks of one colour that happens to be grey are read as numbers: here they are colours too.
    packed = set(values.colours) | {number * 0x010101 for number in values.numbers if 0 <= number <= 255}
    if known := known_by_colours(packed):
        return known, f"a published colour map of {len(known)} classes"
    if len(packed) > MOST_COLOURS:
        lossy = " (some are JPEGs, which do not keep colours exactly)" if values.num_lossy else ""
        raise UnpoolError(
            f"the masks hold {len(packed):,} different colours{lossy}: those are no classes; {HINT}"
        )
    entries = [(f"#{colour:06x}", unpack(colour)) for colour in sorted(packed)]
    return classes_by_colour(entries), f"{len(entries)} colours as classes"
