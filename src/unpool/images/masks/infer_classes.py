"""Infer the classes of masks from the values they hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from unpool.errors import UnpoolError
from unpool.images.masks.known_palettes import (
    CAMVID_VOID,
    VOC_BORDER,
    camvid_by_value,
    cityscapes_ids,
    cityscapes_train_ids,
    find_by_colours,
    is_voc_palette,
    voc_by_value,
    voc_numbers,
)
from unpool.images.masks.mask_values import Values
from unpool.images.masks.pairs import CAMVID, VOC, VOC_FRAMES
from unpool.images.masks.pixel_classes import (
    GREY,
    IGNORE,
    NEAREST,
    PixelClasses,
    classes_by_colour,
    classes_by_value,
    pack,
    unpack,
)

MAX_COLOURS = 50  # more are no classes but shades
MIN_MAIN_SHARE = 0.002  # of all pixels: what is rarer than that is no class among shades
MIN_DISTANCE = 48  # of two colours or greys that are classes among shades
MIN_CAMVID_CLASSES = 5  # numbers; two or three are masks of somebody's own for its frames
NUM_VOC = 21
HINT = "name the classes in a file, and give it with --classes"
OBJECTS, CLASSES = "objects", "classes"


def infer_classes(
    values: Values,
    *,
    ignore: int | None,
    suffix: str = "",
    layout: str = "",
    unknown: str = "refuse",
    numbers: str | None = None,
    shades: frozenset[int] = frozenset(),
) -> tuple[PixelClasses, str]:
    """Infer the classes that masks hold.

    Numbers are classes from 0 on, up to the first that no mask holds.

    Args:
        values: What the masks hold.
        ignore: The number that is no class; None stands for 255, but for masks of 0 and 255 alone, which hold two
            classes.
        suffix: How the masks' names end.
        layout: VOC, VOC_FRAMES, CAMVID or "", as `Pairs` says.
        unknown: With "ignore" or "nearest", numbers after the first gap are no reason to refuse.
        numbers: "objects": every number but 0 is an object; "classes": numbers are classes whatever a palette
            paints them in; None: found out.
        shades: Values that stand along edges alone, between others.

    Returns:
        The classes, and a sentence on how the values were understood.

    Raises:
        UnpoolError: Where the values are no classes without a class file; it names a mask, the value and its
            number of pixels.
    """
    classes, meaning = _infer(values, ignore, suffix, layout, unknown, numbers, shades)
    is_typed = ignore is not None and ignore in dict(classes.value_to_class)
    return (replace(classes, is_void_typed=True) if is_typed else classes), meaning


def _infer(
    values: Values,
    ignore: int | None,
    suffix: str,
    layout: str,
    unknown: str,
    numbers: str | None,
    shades: frozenset[int],
) -> tuple[PixelClasses, str]:
    if numbers == OBJECTS:
        return _objects(values, ignore)
    conflict = values.palette_conflict if numbers != CLASSES else None
    if values.colours or conflict:
        classes, meaning = _by_colour(values, layout, unknown, shades)
        why = f"; by colour, since palettes differ: {conflict}" if conflict else ""
        ignored = (
            f"; --ignore {ignore} is a number and has no effect on colours" if ignore is not None else ""
        )
        return classes, meaning + why + ignored
    if values.is_binary and ignore is None:
        return _binary(values)
    if suffix == "_gtFine_labelIds":
        return _ignoring(cityscapes_ids(), ignore), "Cityscapes' 19 classes"
    if suffix == "_gtFine_labelTrainIds":
        return _ignoring(cityscapes_train_ids(), ignore), "Cityscapes' 19 classes"
    if (shades or values.lossy is not None) and unknown == NEAREST:
        return _main_greys(values, shades)
    if values.lossy is not None:
        raise UnpoolError(_lossy_message(values.lossy, "numbers"))
    if ignore in (None, IGNORE) and _is_voc(values, layout):
        return voc_by_value(), "Pascal VOC's 21 classes"
    if ignore in (None, CAMVID_VOID) and _is_camvid(values, layout):
        reason = (
            "the 11 classes of CamVid, by the images' names; 11 is ignored (other classes: --classes FILE)"
        )
        return camvid_by_value(CAMVID_VOID), reason
    if shades:
        return _main_greys(values, shades)
    return _by_number(values, IGNORE if ignore is None else ignore, unknown)


def _ignoring(classes: PixelClasses, ignore: int | None) -> PixelClasses:
    return classes if ignore is None else classes.ignoring(ignore)


def _binary(values: Values) -> tuple[PixelClasses, str]:
    full = values.full
    two = classes_by_value(["background", "foreground"], values=[0, full], ignore=None)
    if not values.is_mixed:
        return two, f"0 and {full} as two classes"
    count = sum(full in mask.values for mask in values.masks)
    meaning = (
        f"0 as one class, 1 and {full} as the other: {count} of {values.num_masks} masks hold {full}, others 1, none "
        f"both (where {full} is no class: --ignore {full})"
    )
    return replace(two, value_to_class=((0, 0), (1, 1), (full, 1))), meaning


def _objects(values: Values, ignore: int | None) -> tuple[PixelClasses, str]:
    """The ground and, whatever their numbers or colours, the objects."""
    by_colour = bool(values.colours) or values.palette_conflict is not None
    ground: dict[int, int] = {0: 0}
    if not by_colour and (ignore is not None or 254 not in values.numbers):
        ground[IGNORE if ignore is None else ignore] = IGNORE
    if by_colour:
        ground[pack(VOC_BORDER)] = IGNORE
    two = classes_by_value(["background", "object"], ignore=None)
    classes = replace(
        two, value_to_class=tuple(sorted(ground.items())), by_colour=by_colour, others_to_class=1
    )
    what = "colour but black" if by_colour else "number but 0"
    return classes, f"the ground, and objects: every {what}"


def _is_voc(values: Values, layout: str) -> bool:
    """By the images' names, or the folders and a gap, or all 21 numbers: its colours are anybody's."""
    has_palette = values.num_voc_palettes == values.num_masks
    return _are_voc_numbers(set(values.numbers) - {IGNORE}, layout, has_palette, IGNORE in values.numbers)


def _are_voc_numbers(numbers: set[int], layout: str, has_palette: bool, has_border: bool) -> bool:
    if not numbers or not numbers <= set(range(NUM_VOC)):
        return False
    has_gap, is_complete = len(numbers) <= max(numbers), len(numbers) == NUM_VOC
    if layout == VOC_FRAMES:
        return has_palette or has_border or has_gap
    if layout == VOC:
        return (has_gap or is_complete) and (has_palette or has_border)
    return is_complete and has_palette and has_border


def _is_camvid(values: Values, layout: str) -> bool:
    numbers = set(values.numbers)
    return layout == CAMVID and numbers <= set(range(CAMVID_VOID + 1)) and len(numbers) >= MIN_CAMVID_CLASSES


def _by_number(values: Values, void: int, unknown: str) -> tuple[PixelClasses, str]:
    numbers = set(values.numbers) - {void}
    if len(numbers) < 2:
        raise UnpoolError(_one_value_message(values, min(numbers, default=void), void))
    negative = {number for number in numbers if number < 0}
    if negative == {-1}:  # a custom of signed files
        numbers -= negative
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
    minus = [-1] if negative == {-1} else []
    ignored = [*minus, *([void] if void in values.numbers else []), *sorted(unknown_numbers)]
    painted = _colours_of(values, run)
    classes = classes_by_value(
        [str(number) for number in run], values=run, ignore=void, colour_to_class=painted
    )
    if minus:
        classes = replace(classes, value_to_class=((-1, IGNORE), *classes.value_to_class))
    what = "become the nearest" if unknown == NEAREST else "are ignored"
    return classes, f"the numbers {run[0]} to {run[-1]} as classes{_ignored(ignored, what)}"


def add_palette_colours(classes: PixelClasses, values: Values) -> PixelClasses:
    """Give classes of numbers the colours of the palettes.

    By these, masks in other palettes are read later. Classes that have colours keep them.
    """
    if classes.by_colour or classes.colour_to_class or classes.others_to_class is not None:
        return classes
    colours = values.palette_colours()
    places = dict(classes.value_to_class)
    found = {
        colours[number]: place for number, place in places.items() if number in colours and place != IGNORE
    }
    num_classed = sum(places.get(number, IGNORE) != IGNORE for number in colours)
    return (
        replace(classes, colour_to_class=tuple(sorted(found.items())))
        if len(found) == num_classed
        else classes
    )


def _colours_of(values: Values, run: Sequence[int]) -> list[tuple[int, int]]:
    """The colours that palettes paint classes in, where each class has its own."""
    colours = values.palette_colours()
    found = [(colours[number], position) for position, number in enumerate(run) if number in colours]
    return sorted(found) if len({colour for colour, _ in found}) == len(found) else []


def _one_value_message(values: Values, number: int, void: int) -> str:
    total = sum(values.numbers.values())
    if number == void:
        return (
            f"the masks hold nothing but {void} ({total:,} pixels), which is all object or all unsure: there "
            "are no two classes; check the masks"
        )
    if number == 0 and values.num_clear:
        return (
            f"the masks hold one class only, black, beside {values.num_clear:,} transparent pixels, black too; "
            "where transparency is the mask, save the alpha channel as a grey picture"
        )
    return (
        f"the masks hold one class only, the number {number} ({total:,} pixels), and there must be two at least: is "
        f"nothing drawn in them? Check the masks"
    )


def _run(numbers: set[int], void: int) -> list[int]:
    """The numbers from 0 or 1 on up to the first gap, without `void`; none where neither occurs."""
    end = 0 if 0 in numbers else 1
    while end in numbers or end == void:
        end += 1
    run = [number for number in range(end) if number != void]
    return run if numbers & set(run) else []


def _ignored(numbers: Sequence[int], what: str) -> str:
    if not numbers:
        return ""
    others = f" and {len(numbers) - 5} others" if len(numbers) > 5 else ""
    if len(numbers) == 1:
        what = what.replace("are", "is").replace("become", "becomes")
    return f"; {', '.join(map(str, numbers[:5]))}{others} {what}"


def _describe_value(values: Values, unknown_numbers: Collection[int]) -> str:
    value = max(sorted(unknown_numbers), key=values.numbers.__getitem__)
    path, count = values.holder(value)
    others = f" (one of {len(unknown_numbers)} such values)" if len(unknown_numbers) > 1 else ""
    return f"the mask {path} holds the value {value} ({count:,} pixel{'s' if count != 1 else ''}){others}"


def _lossy_message(path: str, what: str) -> str:
    return (
        f"the mask {path} is of a format that does not keep values exactly (JPEG, WebP, AVIF, HEIF), so its {what} "
        f"may be noise; save the masks as PNG, or give --unknown nearest (each pixel becomes the nearest class), or "
        f"{HINT}"
    )


def _by_colour(values: Values, layout: str, unknown: str, shades: frozenset[int]) -> tuple[PixelClasses, str]:
    _check_numbers_are_colours(values)
    counts: Counter[int] = Counter()
    for mask in values.masks:
        counts.update(mask.colours)
    num_clear = sum(mask.num_clear for mask in values.masks)
    is_clear_ground = num_clear > 0 and (0 in counts or len(counts) < 2)
    packed = set(counts) | ({0} if is_clear_ground else set())
    if known := find_by_colours(packed):
        return known, f"a published colour map of {len(known)} classes"
    if (numbers := voc_numbers(packed)) and _are_voc_numbers(
        numbers, layout, True, pack(VOC_BORDER) in packed
    ):
        return voc_by_value(), "Pascal VOC's 21 classes, by colour"
    if (shades or values.lossy is not None or len(packed) > MAX_COLOURS) and unknown != "refuse":
        packed = _main_values(counts, shades, by_colour=True)
        what = "the nearest" if unknown == NEAREST else "ignored"
        return _own_colours(packed, f"; the {len(counts) - len(packed):,} other colours are {what}")
    if len(packed) > MAX_COLOURS:
        lossy = " (some are JPEGs, which do not keep colours exactly)" if values.lossy else ""
        raise UnpoolError(
            f"the masks hold {len(packed):,} different colours{lossy}: those are no classes; {HINT}"
        )
    if values.lossy is not None:
        raise UnpoolError(_lossy_message(values.lossy, "colours"))
    return _own_colours(packed, "")


def _own_colours(packed: set[int], remark: str) -> tuple[PixelClasses, str]:
    border = pack(VOC_BORDER)
    has_border = border in packed and len(packed) > 2 and is_voc_palette(packed - {border})
    entries = [(f"#{colour:06x}", unpack(colour)) for colour in sorted(packed)]
    if has_border:
        entries = [("void" if pack(colour) == border else name, colour) for name, colour in entries]
        remark = f"; #{border:06x}, the border in Pascal VOC's colours, is ignored{remark}"
    if len(packed) - has_border < 2:
        name = entries[0][0]
        raise UnpoolError(
            f"the masks hold one class only, the colour {name}; there must be two at least; check the masks"
        )
    return classes_by_colour(entries), f"{len(entries) - has_border} colours as classes{remark}"


def _check_numbers_are_colours(values: Values) -> None:
    """UnpoolError where some masks hold colours and others numbers."""
    coloured = {
        colour for mask in values.masks if mask.is_coloured or mask.palette for colour in mask.colours
    }
    for mask in values.masks:
        if mask.is_coloured or mask.in_colours or mask.palette is not None:
            continue
        strange = [value for value in mask.counts if value and value * GREY not in coloured]
        if strange:
            other = next(each.path for each in values.masks if each.is_coloured or each.palette is not None)
            raise UnpoolError(
                f"the mask {mask.path} holds numbers (the value {strange[0]}, {mask.counts[strange[0]]:,} pixels), but "
                f"{other} has colours or a palette of its own, and nothing says which colour is which number; save "
                f"all in one form, or {HINT}"
            )


def _main_values(counts: Counter[int], shades: frozenset[int], *, by_colour: bool) -> set[int]:
    """The commonest values that are far from each other."""
    total = sum(counts.values())
    main: list[int] = []
    for value, count in counts.most_common():
        if count < MIN_MAIN_SHARE * total or len(main) == MAX_COLOURS:
            break
        if value in shades:
            continue
        parts = unpack(value) if by_colour else (value,)
        others = [unpack(other) if by_colour else (other,) for other in main]
        if all(
            max(abs(a - b) for a, b in zip(parts, other, strict=True)) >= MIN_DISTANCE for other in others
        ):
            main.append(value)
    return {value for value in main if not (by_colour and _is_between(value, main))}


def _is_between(value: int, main: Sequence[int]) -> bool:
    """Whether a colour lies on the line between two commoner ones, as those of blurred edges do."""
    colour = np.array(unpack(value), np.float64)
    commoner = [np.array(unpack(each), np.float64) for each in main[: main.index(value)]]
    for place, start in enumerate(commoner):
        for end in commoner[place + 1 :]:
            share = float((colour - start) @ (end - start) / ((end - start) @ (end - start)))
            if 0 < share < 1 and np.abs(start + share * (end - start) - colour).max() < MIN_DISTANCE / 3:
                return True
    return False


def _main_greys(values: Values, shades: frozenset[int]) -> tuple[PixelClasses, str]:
    """Classes among shades of grey: their ends, or what is commonest."""
    main = _main_values(values.numbers, shades, by_colour=False)
    if len(main) < 2:
        raise UnpoolError(_one_value_message(values, min(main, default=0), -1))
    count = len(set(values.numbers) - main)
    if len(main) == 2 and min(main) < MIN_DISTANCE and max(main) > 255 - MIN_DISTANCE:
        two = classes_by_value(["background", "foreground"], values=sorted(main), ignore=None)
        return two, f"{min(main)} and {max(main)} as two classes among {count} shades of grey"
    names = [str(number) for number in sorted(main)]
    classes = classes_by_value(names, values=sorted(main), ignore=None)
    return classes, f"the greys {', '.join(names)} as classes among {count} shades"
