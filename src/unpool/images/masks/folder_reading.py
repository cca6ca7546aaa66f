"""Decide how the masks of one folder are read.

The classes are in hand. Training, validation and evaluation read masks by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from unpool.errors import UnpoolError
from unpool.images.masks.mask_values import FULL, MaskFacts, Values
from unpool.images.masks.orientation import NAMES, SHOWN, STORED, Orientations
from unpool.images.masks.pixel_classes import GREY, IGNORE, PixelClasses, default_colours, pack
from unpool.images.values.rules import NO_RULES, ValueRules

NUM_NAMED = 3  # files that a remark names


@dataclass(frozen=True)
class FolderReading:
    """The meaning of the masks of a folder.

    Args:
        classes: The classes, their values as these masks write them.
        unknown: "refuse", "ignore" or "nearest": what values are that are no class.
        palettes_by_colour: Whether palettes are read by their colours, though classes have numbers.
        orientations: By the image's key, how image and mask are turned where that differs.
        is_stored: Whether masks lie as their images are stored where sizes do not say it.
        remarks: What was assumed, a sentence each.
        rules: By which values of more than 8 bits of the images are scaled.
    """

    classes: PixelClasses
    unknown: str = "refuse"
    palettes_by_colour: bool = False
    orientations: Mapping[str, Orientations] = field(default_factory=dict)
    is_stored: bool = False
    remarks: Sequence[str] = ()
    rules: ValueRules = NO_RULES


def plan_reading(
    classes: PixelClasses,
    values: Values,
    *,
    unknown: str = "refuse",
    numbers: str | None = None,
    drawn_on: str | None = None,
) -> FolderReading:
    """Decide how the masks of a folder are read.

    Args:
        classes: The classes, of a model or of all masks.
        values: What the masks of this folder hold.
        unknown: What values are that are no class.
        numbers: "classes": numbers count whatever a palette paints them in.
        drawn_on: "shown" or "stored", where masks lie; None: by their sizes.

    Returns:
        The meaning of the masks.

    Raises:
        UnpoolError: Where palettes differ and nothing says which colour is which class.
    """
    classes, about_minus_one = _without_minus_one(classes, values)
    adapted, remarks = _as_written(classes, values)
    by_colour, about_palettes = _palettes(adapted, values, numbers)
    orientations = {mask.image: mask.orientations for mask in values.masks if mask.orientations is not None}
    is_stored, about_orientation = _orientations(values.masks, drawn_on)
    remarks += (
        about_minus_one
        + _about_full(adapted, values)
        + about_palettes
        + about_orientation
        + _about_empty_pixels(adapted, values)
    )
    return FolderReading(adapted, unknown, by_colour, orientations, is_stored, remarks)


def _without_minus_one(classes: PixelClasses, values: Values) -> tuple[PixelClasses, list[str]]:
    """The classes, with -1 as no class where masks hold it."""
    negative = {number for number in values.numbers if number < 0}
    if classes.by_colour or negative != {-1} or -1 in dict(classes.value_to_class):
        return classes, []
    remark = f"{values.numbers[-1]:,} pixels of masks are -1, which is no class: ignored"
    return replace(classes, value_to_class=((-1, IGNORE), *classes.value_to_class)), [remark]


def _about_full(classes: PixelClasses, values: Values) -> list[str]:
    """A remark where masks hold 0 and 255 alone, and 255 is ignored."""
    is_ignored = dict(classes.value_to_class).get(values.full) == IGNORE
    if (
        classes.by_colour
        or classes.is_void_typed
        or not values.is_binary
        or not is_ignored
        or values.is_mixed
    ):
        return []
    return [f"masks hold 0 and {values.full} alone, but {values.full} is no class of these: it is ignored"]


def _as_written(classes: PixelClasses, values: Values) -> tuple[PixelClasses, list[str]]:
    """Two classes as these masks write them: 0 and 1, or 0 and 255."""
    known = dict(classes.value_to_class)
    written = {number for number, position in known.items() if position != IGNORE}
    if classes.by_colour or len(classes) != 2 or not written <= {0, 1} | FULL or 0 not in known:
        return classes, []
    found = {number for number in values.numbers if known.get(number) != IGNORE or number in FULL}
    if values.colours or not found <= {0, 1} | FULL or len(found & FULL) > 1:
        return classes, []
    ground = known[0]
    yes = next(
        (known[number] for number in sorted(written) if known[number] != ground),
        classes.others_to_class,
    )
    full = next(iter(found & FULL), None)
    has_both = any({1} | FULL & found <= mask.values for mask in values.masks) and full is not None
    if yes is None or has_both:
        return classes, []
    new = {}
    if (
        full is not None
        and known.get(full, IGNORE) == IGNORE
        and not (classes.is_void_typed and full in known)
    ):
        new[full] = yes
    if 1 in found and 1 not in known:
        new[1] = yes
    if not new:
        return classes, []
    name = classes.names[yes]
    what = " and ".join(map(str, sorted(new)))
    beside = "0" if full is None or 1 not in found else "0 and 1" if full in new else f"0 and {full}"
    remark = f"masks hold {what} beside {beside}: that is the class {name!r}"
    merged = tuple(sorted((known | new).items()))
    return replace(classes, value_to_class=merged), [remark]


def _palettes(classes: PixelClasses, values: Values, numbers: str | None) -> tuple[bool, list[str]]:
    if classes.by_colour or numbers == "classes" or classes.others_to_class is not None:
        return False, []
    conflict = values.palette_conflict
    colours = {colour for mask in values.masks for colour in (mask.palette or {}).values()}
    known = dict(classes.colour_to_class)
    are_known = bool(colours) and colours <= known.keys()
    if conflict:
        if are_known:
            return True, [f"palettes differ from mask to mask ({conflict}): they are read by their colours"]
        raise UnpoolError(
            f"the palettes of the masks differ: {conflict}; their numbers mean nothing then, and nothing says "
            "which colour is which class: name the classes with their colours in --classes, or save the masks "
            "with one palette (if the numbers are right all the same: --numbers classes)"
        )
    pairs = {pair for mask in values.masks for pair in (mask.palette or {}).items()}
    by_number = dict(classes.value_to_class)
    in_place = {colour for index, colour in pairs if by_number.get(index) == known.get(colour)}
    # Palettes seldom have colours for numbers that are no class: these are black, as a class may be.
    differs = any(
        by_number[index] not in (IGNORE, known.get(colour)) if index in by_number else colour not in in_place
        for index, colour in pairs
    )
    is_permuted = are_known and differs and len({known[colour] for colour in colours} - {IGNORE}) > 1
    if not is_permuted:
        return False, []
    return True, [
        "palettes number the colours of the classes in another order: they are read by their colours"
    ]


def describe_colours(reading: FolderReading, values: Values, numbers: str | None = None) -> list[str]:
    """Say where colours of masks may mean other classes.

    Args:
        reading: Of a model's masks; the model may know the colours of its classes, or numbers alone.
        values: What the masks of this folder hold.
        numbers: "classes": somebody said that numbers count.

    Returns:
        Sentences.
    """
    classes = reading.classes
    if classes.by_colour or classes.others_to_class is not None:
        return []
    known = dict(classes.colour_to_class)
    if values.colours and not known:
        painted = {pack(colour): place for place, colour in enumerate(classes.colours)}
        named = _name_colours(classes, [(c, painted[c]) for c in sorted(values.colours) if c in painted])
        return [
            f"the model knows numbers alone: colours are read as those that it paints in, {named}"
        ] * bool(named)
    pairs = sorted({pair for mask in values.masks for pair in (mask.palette or {}).items()})
    by_number = dict(classes.value_to_class)
    placed = [(index, colour, by_number.get(index, IGNORE)) for index, colour in pairs]
    if numbers == "classes" or reading.palettes_by_colour:
        return []
    remedy = "read by their numbers (where these are right: --numbers classes)"
    placed = [each for each in placed if each[2] != IGNORE]
    if wrong := [each for each in placed if each[1] in known and known[each[1]] != each[2]]:
        index, colour, position = wrong[0]
        return [
            f"palettes paint {index}, {_name(classes, position)}, in #{colour:06x}, the colour of "
            f"{_name(classes, known[colour])}, and others in colours that the model does not know: {remedy}"
        ]
    own = [each for each in placed if not _is_usual(classes, *each)]
    if known or not own:
        return []
    named = _name_colours(classes, [(colour, position) for _, colour, position in own])
    return [f"masks have palettes, and the model knows numbers alone: {named}; {remedy}"]


def _is_usual(classes: PixelClasses, index: int, colour: int, position: int) -> bool:
    """Whether a palette paints a number in its grey, in Pascal VOC's colour, or in the model's."""
    usual = {index * GREY, pack(default_colours(index + 1)[index]), pack(classes.colours[position])}
    return colour in usual


def _name(classes: PixelClasses, position: int) -> str:
    return "void" if position == IGNORE else repr(classes.names[position])


def _name_colours(classes: PixelClasses, colours: Sequence[tuple[int, int]]) -> str:
    named = [f"#{colour:06x} is {_name(classes, position)}" for colour, position in colours]
    return ", ".join(named[:NUM_NAMED]) + (", …" if len(named) > NUM_NAMED else "")


def _orientations(masks: Sequence[MaskFacts], drawn_on: str | None) -> tuple[bool, list[str]]:
    turned = [(mask, mask.orientations) for mask in masks if mask.orientations is not None]
    stored = [mask for mask, pair in turned if pair.fits_stored and not pair.fits_shown]
    shown = [mask for mask, pair in turned if pair.fits_shown and not pair.fits_stored]
    open_masks = [(mask, pair) for mask, pair in turned if pair.is_open]
    remarks = []
    if stored:
        remarks.append(
            f"{len(stored)} masks lie as their images are stored and are turned as EXIF says of these "
            f"({_named(stored)})"
        )
    is_stored = drawn_on == STORED or (drawn_on is None and bool(stored) and not shown)
    if open_masks and drawn_on is None:
        kinds = ", ".join(sorted({NAMES[max(pair.image, pair.mask)] for _, pair in open_masks}))
        this, other = (STORED, SHOWN) if is_stored else (SHOWN, STORED)
        named = _named([mask for mask, _ in open_masks])
        remarks.append(
            f"{len(open_masks)} images and their masks differ in EXIF orientation ({kinds}; {named}), and their sizes "
            f"do not say whether the masks were drawn on the images as shown or as stored: taken as {this} "
            f"(--drawn-on {other} for the other)"
        )
    return is_stored, remarks


def _about_empty_pixels(classes: PixelClasses, values: Values) -> list[str]:
    remarks = []
    clear = [mask for mask in values.masks if mask.num_clear]
    if clear:
        position = dict(classes.value_to_class).get(0, IGNORE)
        what = "are ignored" if position == IGNORE else f"are {classes.names[position]!r}"
        remedy = "; where they are a class, fill them with a colour of its own" if position == IGNORE else ""
        total = sum(mask.num_clear for mask in clear)
        remarks.append(f"{total:,} transparent pixels of {len(clear)} masks {what} ({_named(clear)}){remedy}")
    void = [mask for mask in values.masks if mask.num_void]
    if void:
        total = sum(mask.num_void for mask in void)
        remarks.append(f"{total:,} NaN pixels of {len(void)} masks are ignored ({_named(void)})")
    return remarks


def _named(masks: Sequence[MaskFacts]) -> str:
    more = ", …" if len(masks) > NUM_NAMED else ""
    return ", ".join(mask.path for mask in masks[:NUM_NAMED]) + more
