"""Infer the classes of masks from the values they hold.

N masks, K classes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.masks.known_palettes import (
    CAMVID_VOID,
    camvid_by_value,
    cityscapes_ids,
    cityscapes_train_ids,
    find_by_colours,
    has_voc_colours,
    voc_by_value,
)
from unpool.images.masks.mask_file import Mask, read_mask
from unpool.images.masks.pairs import CAMVID, VOC, Pair
from unpool.images.masks.pixel_classes import (
    GREY,
    IGNORE,
    PixelClasses,
    classes_by_colour,
    classes_by_value,
    unpack,
)
from unpool.images.pixel_cache import map_ordered
from unpool.images.reading.scan import Problem

MAX_COLOURS = 50  # more are no classes but shades
MIN_VOC_CLASSES = 8  # numbers; so many at once are seldom anybody else's
MIN_CAMVID_CLASSES = 5  # numbers; two or three are masks of somebody's own for its frames
HINT = "name the classes in a file, and give it with --classes"


@dataclass
class Values:
    """The values found in masks.

    `numbers` and `colours` count the pixels of each; `holder` names a mask for each value (is a colour, value),
    with its pixels there. `num_voc_palettes` masks are painted as Pascal VOC's; `lossy` is a mask of a format that
    does not keep values.
    """

    numbers: Counter[int] = field(default_factory=Counter)
    colours: Counter[int] = field(default_factory=Counter)
    holder: dict[tuple[bool, int], tuple[str, int]] = field(default_factory=dict)
    num_voc_palettes: int = 0
    num_masks: int = 0
    lossy: str | None = None

    @property
    def is_binary(self) -> bool:
        """Whether the masks hold 0 and 255 alone."""
        return not self.colours and 255 in self.numbers and set(self.numbers) <= {0, 255}


@dataclass(frozen=True)
class _Counted:
    is_coloured: bool
    counts: dict[int, int]
    is_voc_palette: bool
    is_lossy: bool


def count_values(
    pairs: Sequence[Pair], workers: int, progress: Callable[[], None] | None = None
) -> tuple[Values, list[Problem]]:
    """Count the numbers and colours in masks.

    Args:
        pairs: Images with their masks.
        workers: Number of threads.
        progress: Called after each mask.

    Returns:
        The values, and the masks that cannot be read.
    """
    values, problems = Values(), []
    for pair, found in zip(pairs, map_ordered(_count_mask, pairs, workers), strict=True):
        if progress is not None:
            progress()
        if isinstance(found, Problem):
            problems.append(found)
            continue
        values.num_masks += 1
        values.num_voc_palettes += found.is_voc_palette
        if found.is_lossy and values.lossy is None:
            values.lossy = pair.mask.path
        (values.colours if found.is_coloured else values.numbers).update(found.counts)
        for value, count in found.counts.items():
            values.holder.setdefault((found.is_coloured, value), (pair.mask.path, count))
    return values, problems


def _count_mask(pair: Pair) -> Problem | _Counted:
    try:
        mask = read_mask(pair.mask.file)
    except UnreadableImageError as error:
        return Problem(pair.path, error.problem, f"its mask {pair.mask.path}: {error.detail}")
    found, counts = np.unique(mask.value_HW, return_counts=True)
    counted = dict(zip(found[:4096].tolist(), counts[:4096].tolist(), strict=True))
    return _Counted(mask.is_coloured, counted, _is_voc_palette(mask), mask.is_lossy)


def _is_voc_palette(mask: Mask) -> bool:
    if mask.palette_HW is None:
        return False
    found, first = np.unique(mask.value_HW, return_index=True)
    return has_voc_colours(found.tolist(), mask.palette_HW.reshape(-1)[first].tolist())


def infer_classes(
    values: Values, *, ignore: int | None, suffix: str = "", layout: str = "", unknown: str = "refuse"
) -> tuple[PixelClasses, str]:
    """Infer the classes that masks hold.

    Numbers are classes from 0 on, up to the first that no mask holds.

    Args:
        values: What the masks hold.
        ignore: The number that is no class; None stands for 255, but for masks of 0 and 255 alone, which hold two
            classes.
        suffix: How the masks' names end.
        layout: VOC, CAMVID or "", as `Pairs` says.
        unknown: With "ignore", numbers after the first gap are ignored instead of refused.

    Returns:
        The classes, and a sentence on how the values were understood.

    Raises:
        UnpoolError: Where the values are no classes without a class file; it names a mask, the value and its
            number of pixels.
    """
    if values.colours:
        return _by_colour(values)
    if values.is_binary and ignore is None:
        two = classes_by_value(["background", "foreground"], values=[0, 255], ignore=None)
        return two, "0 and 255 as two classes"
    if suffix == "_gtFine_labelIds":
        return cityscapes_ids(), "Cityscapes' 19 classes"
    if suffix == "_gtFine_labelTrainIds":
        return cityscapes_train_ids(), "Cityscapes' 19 classes"
    if values.lossy is not None:
        raise UnpoolError(_lossy_message(values.lossy, "numbers"))
    if ignore in (None, IGNORE) and _is_voc(values, layout):
        return voc_by_value(), "Pascal VOC's 21 classes"
    if ignore in (None, CAMVID_VOID) and _is_camvid(values, layout):
        reason = (
            "the 11 classes of CamVid, by the images' names; 11 is ignored (other classes: --classes FILE)"
        )
        return camvid_by_value(CAMVID_VOID), reason
    return _by_number(values, IGNORE if ignore is None else ignore, unknown)


def _is_voc(values: Values, layout: str) -> bool:
    """By three of four signs: the folders, the palette, the border, and a gap or many in the numbers."""
    numbers = set(values.numbers) - {IGNORE}
    if not numbers or not numbers <= set(range(21)):
        return False
    signs = (
        layout == VOC,
        values.num_voc_palettes == values.num_masks,
        IGNORE in values.numbers,
        len(numbers) >= MIN_VOC_CLASSES or len(numbers) <= max(numbers),
    )
    return sum(signs) >= 3


def _is_camvid(values: Values, layout: str) -> bool:
    numbers = set(values.numbers)
    return layout == CAMVID and numbers <= set(range(CAMVID_VOID + 1)) and len(numbers) >= MIN_CAMVID_CLASSES


def _by_number(values: Values, void: int, unknown: str) -> tuple[PixelClasses, str]:
    numbers = set(values.numbers) - {void}
    if len(numbers) < 2:
        raise UnpoolError(
            f"the masks hold one class only, the number {min(numbers, default=void)}; "
            "there must be two at least"
        )
    run = _run(numbers, void)
    unknown_numbers, known = numbers.difference(run), numbers.intersection(run)
    if unknown_numbers and len(known) < 2:
        raise UnpoolError(
            f"{_describe_value(values, unknown_numbers)}: that is no numbering of classes from 0 on; {HINT}"
        )
    if unknown_numbers and unknown == "refuse":
        raise UnpoolError(
            f"{_describe_value(values, unknown_numbers)}, which is no class: the numbers without a gap are "
            f"{run[0]} to {run[-1]}; {HINT}, or map what is unknown to ignore with --unknown ignore"
        )
    if void == CAMVID_VOID and run == list(range(void)) and void in values.numbers:
        return camvid_by_value(void), "the 11 classes of CamVid; 11 is ignored"
    ignored = [*([void] if void in values.numbers else []), *sorted(unknown_numbers)]
    classes = classes_by_value([str(number) for number in run], values=run, ignore=void)
    return classes, f"the numbers {run[0]} to {run[-1]} as classes{_ignored(ignored)}"


def _run(numbers: set[int], void: int) -> list[int]:
    """The numbers from 0 or 1 on up to the first gap, without `void`; none where neither occurs."""
    end = 0 if 0 in numbers else 1
    while end in numbers or end == void:
        end += 1
    run = [number for number in range(end) if number != void]
    return run if numbers & set(run) else []


def _ignored(numbers: Sequence[int]) -> str:
    if not numbers:
        return ""
    others = f" and {len(numbers) - 5} others" if len(numbers) > 5 else ""
    are = "is" if len(numbers) == 1 else "are"
    return f"; {', '.join(map(str, numbers[:5]))}{others} {are} ignored"


def _describe_value(values: Values, unknown_numbers: Collection[int]) -> str:
    value = max(sorted(unknown_numbers), key=values.numbers.__getitem__)
    path, count = values.holder[False, value]
    others = f" (one of {len(unknown_numbers)} such values)" if len(unknown_numbers) > 1 else ""
    return f"the mask {path} holds the value {value} ({count:,} pixel{'s' if count != 1 else ''}){others}"


def _lossy_message(path: str, what: str) -> str:
    return (
        f"the mask {path} is of a format that does not keep values exactly (JPEG, WebP, AVIF, HEIF), so its {what} "
        f"may be noise; save the masks as PNG, or {HINT}"
    )


def _by_colour(values: Values) -> tuple[PixelClasses, str]:
    # Masks of one colour that happens to be grey are read as numbers: here they are colours too.
    packed = set(values.colours) | {number * GREY for number in values.numbers if 0 <= number <= 255}
    if known := find_by_colours(packed):
        return known, f"a published colour map of {len(known)} classes"
    if len(packed) > MAX_COLOURS:
        lossy = " (some are JPEGs, which do not keep colours exactly)" if values.lossy else ""
        raise UnpoolError(
            f"the masks hold {len(packed):,} different colours{lossy}: those are no classes; {HINT}"
        )
    if values.lossy is not None:
        raise UnpoolError(_lossy_message(values.lossy, "colours"))
    entries = [(f"#{colour:06x}", unpack(colour)) for colour in sorted(packed)]
    return classes_by_colour(entries), f"{len(entries)} colours as classes"
