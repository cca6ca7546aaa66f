"""Colour maps and numberings of published data sets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from unpool.images.masks.pixel_classes import (
    IGNORE,
    PixelClasses,
    classes_by_colour,
    classes_by_value,
    default_colours,
    pack,
)

VOC_NAMES = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "dining table", "dog", "horse", "motorbike", "person", "potted plant", "sheep", "sofa", "train", "tv",
)  # fmt: skip
VOC_BORDER = (224, 224, 192)
_VOC_PALETTE = tuple(pack(colour) for colour in default_colours(256))

CAMVID_VOID = 11
# The classes of Brostow, Fauqueur and Cipolla 2009 by colour, joined into eleven as by Sturgess et al. 2009, in the
# order that they are numbered in.
_CAMVID = (
    ("sky", (128, 128, 128)), ("building", (128, 0, 0)), ("building", (64, 192, 0)), ("building", (0, 128, 64)),
    ("building", (192, 0, 128)), ("building", (64, 0, 64)), ("pole", (192, 192, 128)), ("pole", (0, 0, 64)),
    ("road", (128, 64, 128)), ("road", (128, 0, 192)), ("road", (192, 0, 64)), ("pavement", (0, 0, 192)),
    ("pavement", (64, 192, 128)), ("pavement", (128, 128, 192)), ("tree", (128, 128, 0)), ("tree", (192, 192, 0)),
    ("sign", (192, 128, 128)), ("sign", (128, 128, 64)), ("sign", (0, 64, 64)), ("fence", (64, 64, 128)),
    ("car", (64, 0, 128)), ("car", (64, 128, 192)), ("car", (192, 128, 192)), ("car", (192, 64, 128)),
    ("car", (128, 64, 64)), ("pedestrian", (64, 64, 0)), ("pedestrian", (192, 128, 64)),
    ("pedestrian", (64, 0, 192)), ("pedestrian", (64, 128, 64)), ("bicyclist", (0, 128, 192)),
    ("bicyclist", (192, 0, 192)), ("void", (0, 0, 0)),
)  # fmt: skip

# Cordts et al. 2016: the number in *_labelIds, the one trained on, and the colour.
_CITYSCAPES = (
    (7, "road", (128, 64, 128)), (8, "sidewalk", (244, 35, 232)), (11, "building", (70, 70, 70)),
    (12, "wall", (102, 102, 156)), (13, "fence", (190, 153, 153)), (17, "pole", (153, 153, 153)),
    (19, "traffic light", (250, 170, 30)), (20, "traffic sign", (220, 220, 0)), (21, "vegetation", (107, 142, 35)),
    (22, "terrain", (152, 251, 152)), (23, "sky", (70, 130, 180)), (24, "person", (220, 20, 60)),
    (25, "rider", (255, 0, 0)), (26, "car", (0, 0, 142)), (27, "truck", (0, 0, 70)), (28, "bus", (0, 60, 100)),
    (31, "train", (0, 80, 100)), (32, "motorcycle", (0, 0, 230)), (33, "bicycle", (119, 11, 32)),
)  # fmt: skip
_CITYSCAPES_VOID = (
    (0, 0, 0), (20, 20, 20), (111, 74, 0), (81, 0, 81), (250, 170, 160), (230, 150, 140), (180, 165, 180),
    (150, 100, 100), (150, 120, 90), (0, 0, 90), (0, 0, 110),
)  # fmt: skip


def voc_by_value() -> PixelClasses:
    """Return Pascal VOC's 21 classes by number.

    255 is the border, which is no class.
    """
    return classes_by_value(
        VOC_NAMES, ignore=IGNORE, colours=default_colours(21), colour_to_class=_voc_by_colour().value_to_class
    )


def cityscapes_ids() -> PixelClasses:
    """Return Cityscapes' 19 classes, numbered as in `*_labelIds`.

    All other numbers are ignored.
    """
    numbers = [number for number, _, _ in _CITYSCAPES]
    keys = dict.fromkeys(range(256), IGNORE) | {number: place for place, number in enumerate(numbers)}
    names, colours = ([entry[part] for entry in _CITYSCAPES] for part in (1, 2))
    return PixelClasses(
        tuple(names), tuple(colours), tuple(sorted(keys.items())), output_values=tuple(numbers),  # type: ignore[arg-type]
        colour_to_class=_cityscapes_by_colour().value_to_class,
    )  # fmt: skip


def cityscapes_train_ids() -> PixelClasses:
    """Return Cityscapes' 19 classes, numbered as in `*_labelTrainIds`."""
    names, colours = ([entry[part] for entry in _CITYSCAPES] for part in (1, 2))
    return classes_by_value(names, colours=colours, colour_to_class=_cityscapes_by_colour().value_to_class)  # type: ignore[arg-type]


def camvid_by_value(ignore: int) -> PixelClasses:
    """Return CamVid's 11 classes by number, with their published colours."""
    by_colour = classes_by_colour(_CAMVID)
    return classes_by_value(
        by_colour.names, ignore=ignore, colours=by_colour.colours, colour_to_class=by_colour.value_to_class
    )


def is_of_camvid(paths: Iterable[str]) -> bool:
    """Return whether all images are named like CamVid's frames.

    >>> is_of_camvid(["train/0001TP_006690.png", "Seq05VD_f00000.png"]), is_of_camvid(["0001TP.png"])
    (True, False)
    """
    return all(re.match(r"(0001TP|0006R0|0016E5|Seq05VD)_f?\d", PurePosixPath(path).name) for path in paths)


def has_voc_colours(numbers: Iterable[int], packed: Iterable[int]) -> bool:
    """Return whether numbers have Pascal VOC's colours, 0xRRGGBB.

    >>> has_voc_colours([0, 1, 255], [0, 0x800000, 0xE0E0C0]), has_voc_colours([1], [0xFF0000])
    (True, False)
    """
    return all(_VOC_PALETTE[number] == colour for number, colour in zip(numbers, packed, strict=True))


MIN_COLOURS = 5  # two or three colours are anybody's


def find_by_colours(packed: set[int]) -> PixelClasses | None:
    """Find the published colour map that has all these colours.

    It is CamVid's or Cityscapes'. There must be five at least; None where no map has them all. Pascal VOC's
    colours are those of many programs.

    >>> find_by_colours({0, 0x808080, 0x800000, 0x804080, 0x0000C0}).names[1]
    'building'
    >>> find_by_colours({0x123456})
    """
    if len(packed) < MIN_COLOURS:
        return None
    for candidate in (classes_by_colour(_CAMVID), _cityscapes_by_colour()):
        if packed <= {key for key, _ in candidate.value_to_class}:
            return candidate
    return None


def is_voc_palette(packed: Iterable[int]) -> bool:
    """Return whether all colours are of Pascal VOC's colour map."""
    return set(packed) <= set(_VOC_PALETTE)


def voc_numbers(packed: set[int]) -> set[int]:
    """Return the numbers that Pascal VOC's colour map gives colours.

    Its border is left out; none where a colour is not of its 21 classes.

    >>> voc_numbers({0, 0x008000, 0xE0E0C0}), voc_numbers({0x123456})
    ({0, 2}, set())
    """
    colours = list(_VOC_PALETTE[: len(VOC_NAMES)])
    found = packed - {pack(VOC_BORDER)}
    return {colours.index(colour) for colour in found} if found <= set(colours) else set()


def is_of_voc(paths: Iterable[str]) -> bool:
    """Return whether all images are named like Pascal VOC's.

    >>> is_of_voc(["2007_000032.jpg", "b/2011_003271.jpg"]), is_of_voc(["IMG_0001.jpg"])
    (True, False)
    """
    return all(re.fullmatch(r"20(07|08|09|10|11|12)_00\d{4}", PurePosixPath(path).stem) for path in paths)


def _voc_by_colour() -> PixelClasses:
    entries = list(zip(VOC_NAMES, default_colours(21), strict=True))
    return classes_by_colour([*entries, ("void", VOC_BORDER)])


def _cityscapes_by_colour() -> PixelClasses:
    colours = {pack(colour) for _, _, colour in _CITYSCAPES}
    void = [("void", colour) for colour in _CITYSCAPES_VOID if pack(colour) not in colours]
    return classes_by_colour([*((name, colour) for _, name, colour in _CITYSCAPES), *void])
