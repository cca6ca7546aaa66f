"""Published colour maps, by number and by colour."""

from __future__ import annotations

from support.masks import positions
from unpool.images.masks.known_palettes import (
    CAMVID_VOID,
    MIN_COLOURS,
    VOC_BORDER,
    VOC_NAMES,
    camvid_by_value,
    cityscapes_ids,
    cityscapes_train_ids,
    find_by_colours,
    has_voc_colours,
    is_of_camvid,
    is_voc_palette,
    voc_by_value,
    voc_numbers,
)
from unpool.images.masks.pixel_classes import IGNORE, default_colours, pack

VOC_COLOURS = [pack(colour) for colour in default_colours(21)]


def test_pascal_voc() -> None:
    classes = voc_by_value()
    assert (len(classes), classes.names[15], classes.names) == (21, "person", VOC_NAMES)
    assert positions(classes, 0, 20, 255) == [0, 20, IGNORE]
    assert dict(classes.colour_to_class)[pack(VOC_BORDER)] == IGNORE


def test_cityscapes_in_both_numberings() -> None:
    full, train = cityscapes_ids(), cityscapes_train_ids()
    assert full.names == train.names
    assert (full.names[0], full.names[13]) == ("road", "car")
    assert positions(full, 7, 26, 0, 34) == [0, 13, IGNORE, IGNORE]
    assert positions(train, 0, 13, 255) == [0, 13, IGNORE]
    assert full.output_values[13] == 26


def test_camvid() -> None:
    classes = camvid_by_value(CAMVID_VOID)
    assert len(classes) == 11
    assert classes.names[0].lower() == "sky"
    assert positions(classes, 10, CAMVID_VOID) == [10, IGNORE]
    assert is_of_camvid(["0016E5_f07961.png"])
    assert not is_of_camvid(["0016E5_07961.png", "mine.png"])


def test_colours_are_recognised_only_where_there_are_enough() -> None:
    roads = [0x804080, 0xF423E8, 0x464646, 0x66669C, 0xBE9999]
    assert len(roads) == MIN_COLOURS
    found = find_by_colours(set(roads))
    assert found is not None
    assert found.names[0] == "road"
    assert find_by_colours(set(roads[1:])) is None
    assert find_by_colours({*roads, 0x123456}) is None, "one colour of another map is enough"
    assert find_by_colours({*VOC_COLOURS[:9], pack(VOC_BORDER)}) is None, "they are those of many programs"


def test_the_numbers_of_pascal_vocs_colours() -> None:
    assert voc_numbers({*VOC_COLOURS[3:6], pack(VOC_BORDER)}) == {3, 4, 5}
    assert voc_numbers({VOC_COLOURS[3], 0x123456}) == set()
    assert is_voc_palette(VOC_COLOURS[:5])
    assert not is_voc_palette([0x123456])


def test_palette_indices_must_have_their_own_colour() -> None:
    assert has_voc_colours([1, 2], VOC_COLOURS[1:3])
    assert not has_voc_colours([2, 1], VOC_COLOURS[1:3])
