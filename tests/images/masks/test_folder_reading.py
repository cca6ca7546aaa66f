"""Masks are read by the classes in hand: values, palettes and turns of one folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unpool.errors import UnpoolError
from unpool.images.masks.folder_reading import describe_colours, plan_reading
from unpool.images.masks.label_maps import read_label_map, read_pair
from unpool.images.masks.mask_values import MaskFacts, Values, count_values
from unpool.images.masks.orientation import Orientations
from unpool.images.masks.pairs import Pair
from unpool.images.masks.pixel_classes import IGNORE, PixelClasses, classes_by_value
from unpool.images.reading.scan import ImageFile

TWO = classes_by_value(["ground", "thing"])
FULL = classes_by_value(["ground", "thing"], values=[0, 255], ignore=None)


def facts(*masks: dict[int, int]) -> Values:
    return Values([MaskFacts(f"{place}.png", counts) for place, counts in enumerate(masks)])


@pytest.mark.parametrize(
    ("classes", "masks", "meaning"),
    [
        (TWO, [{0: 1, 255: 1}], {255: 1}),
        (FULL, [{0: 1, 1: 1}], {1: 1}),
        (TWO, [{0: 1, 1: 1}, {0: 1, 255: 1}], {1: 1, 255: 1}),
        (TWO, [{0: 1, 1: 1, 255: 1}, {0: 1, 255: 1}], {255: IGNORE}),
        (replace(TWO, is_void_typed=True), [{0: 1, 255: 1}], {255: IGNORE}),
        (TWO, [{0: 1, 65535: 1}], {65535: 1}),
        (TWO, [{-1: 1, 0: 1, 1: 1}], {-1: IGNORE, 1: 1}),
        (TWO, [{-1: 1, 0: 1, 255: 1}], {-1: IGNORE, 255: 1}),
        (classes_by_value(["a", "b", "c"]), [{-1: 1, 2: 1}], {-1: IGNORE, 2: 2}),
    ],
)
def test_0_and_1_and_0_and_255_mean_the_same(
    classes: object, masks: list[dict[int, int]], meaning: dict[int, int]
) -> None:
    reading = plan_reading(classes, facts(*masks))  # type: ignore[arg-type]
    known = dict(reading.classes.value_to_class)
    assert {value: known.get(value) for value in meaning} == meaning
    assert bool(reading.remarks) is (known != dict(classes.value_to_class))  # type: ignore[attr-defined]


def test_0_and_255_alone_are_remarked_on_where_255_is_no_class() -> None:
    three = classes_by_value(["a", "b", "c"])
    assert "0 and 255 alone" in "".join(plan_reading(three, facts({0: 1, 255: 1})).remarks)
    assert not plan_reading(three, facts({0: 1, 1: 1, 255: 1})).remarks
    assert dict(plan_reading(three, facts({0: 1, 255: 1})).classes.value_to_class)[255] == IGNORE


def test_a_model_of_objects_reads_0_and_255_and_any_palette() -> None:
    objects = replace(TWO, value_to_class=((0, 0), (255, IGNORE)), others_to_class=1)
    assert dict(plan_reading(objects, facts({0: 1, 255: 1})).classes.value_to_class)[255] == 1
    assert dict(plan_reading(objects, facts({0: 1, 3: 1, 255: 1})).classes.value_to_class)[255] == IGNORE
    one = MaskFacts("a.png", {0: 3, 1: 1}, palette={0: 0, 1: 0xFF0000})
    other = MaskFacts("b.png", {0: 1, 1: 3}, palette={0: 0, 1: 0xFF})
    assert not plan_reading(objects, Values([one, other])).palettes_by_colour


def test_palettes_are_read_by_colour_where_the_colours_are_known() -> None:
    one = MaskFacts("a.png", {0: 3, 1: 1}, palette={0: 0, 1: 0xFF0000})
    other = MaskFacts("b.png", {0: 1, 1: 3}, palette={0: 0xFF0000, 1: 0})
    known = replace(TWO, colour_to_class=((0, 0), (0xFF0000, 1)))
    assert plan_reading(known, Values([one, other])).palettes_by_colour
    assert plan_reading(known, Values([other])).palettes_by_colour
    assert not plan_reading(known, Values([one])).palettes_by_colour
    assert not plan_reading(TWO, Values([other])).palettes_by_colour
    with pytest.raises(
        UnpoolError, match=r"palettes of the masks differ: a.png paints 0 .*--numbers classes"
    ):
        plan_reading(TWO, Values([one, other]))
    assert not plan_reading(TWO, Values([one, other]), numbers="classes").palettes_by_colour


def palette(colours: dict[int, int]) -> Values:
    return Values([MaskFacts("a.png", dict.fromkeys(colours, 1), palette=colours)])


def said(classes: PixelClasses, values: Values, numbers: str | None = None) -> str:
    return " ".join(describe_colours(plan_reading(classes, values, numbers=numbers), values, numbers))


def test_black_of_the_number_that_is_no_class_is_no_other_order() -> None:
    known = classes_by_value(["ground", "thing"], colour_to_class=[(0, 0), (0xFF0000, 1)])
    values = palette({0: 0, 1: 0xFF0000, 255: 0})
    assert not plan_reading(known, values).palettes_by_colour
    assert said(known, values) == ""
    assert not plan_reading(known, palette({0: 0, 1: 0xFF0000, 7: 0})).palettes_by_colour
    assert not plan_reading(known, palette({1: 0xFF0000, 255: 0})).palettes_by_colour
    assert plan_reading(known, palette({0: 0xFF0000, 1: 0, 255: 0})).palettes_by_colour
    assert plan_reading(known, palette({3: 0, 4: 0xFF0000})).palettes_by_colour


def test_palettes_are_reported_where_nothing_says_what_their_colours_are() -> None:
    other = {0: 0xFF0000, 1: 0}
    assert said(TWO, palette(other)) == (
        "masks have palettes, and the model knows numbers alone: #ff0000 is 'ground', #000000 is 'thing'; read by "
        "their numbers (where these are right: --numbers classes)"
    )
    assert said(TWO, palette(other), "classes") == ""
    for usual in ({0: 0, 1: 0x010101}, {0: 0, 1: 0x800000}):
        assert said(TWO, palette(usual)) == ""
    assert said(TWO, facts({0: 1, 1: 1})) == ""


def test_a_known_colour_at_another_number_is_reported_where_others_are_not_known() -> None:
    three = classes_by_value(["a", "b", "c"], colour_to_class=[(0, 0), (0xFF0000, 1), (0xFF, 2)])
    assert said(three, palette({0: 0, 1: 0xFF0000, 2: 0xAA})) == ""
    assert said(three, palette({0: 0xAA, 1: 0xFF, 2: 0xFF0000})).startswith(
        "palettes paint 1, 'b', in #0000ff, the colour of 'c', and others in colours that the model does not know"
    )
    assert said(three, palette({0: 0, 1: 0xFF, 2: 0xFF0000})) == "", "read by colour"


def test_masks_of_colours_are_reported_where_the_model_knows_numbers_alone() -> None:
    values = Values([MaskFacts("a.png", {0: 3, 0x800000: 4}, is_coloured=True)])
    assert said(TWO, values).endswith("as those that it paints in, #000000 is 'ground', #800000 is 'thing'")
    assert said(replace(TWO, colour_to_class=((0, 0), (0x800000, 1))), values) == ""


def test_turns_are_as_the_sizes_of_others_say() -> None:
    open_pair, stored = Orientations(3, 1, True, True), Orientations(6, 1, False, True)

    def masks(*turns: Orientations) -> Values:
        return Values(
            [
                MaskFacts(f"{place}.png", {0: 1, 1: 1}, orientations=pair, image=f"{place}")
                for place, pair in enumerate(turns)
            ]
        )

    reading = plan_reading(TWO, masks(open_pair))
    assert not reading.is_stored
    assert "differ in EXIF orientation (turned by 180°; 0.png)" in reading.remarks[0]
    assert "taken as shown (--drawn-on stored" in reading.remarks[0]
    reading = plan_reading(TWO, masks(open_pair, stored))
    assert reading.is_stored
    assert [remark.split(" and ")[0] for remark in reading.remarks] == [
        "1 masks lie as their images are stored", "1 images",
    ]  # fmt: skip
    reading = plan_reading(TWO, masks(open_pair), drawn_on="stored")
    assert (reading.is_stored, reading.remarks) == (True, [])


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_mask_drawn_on_the_stored_image_is_turned_with_it(orientation: int, tmp_path: Path) -> None:
    pixels = np.zeros((8, 12, 3), np.uint8)
    pixels[:3, :5] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(tmp_path / "image.png", exif=exif)
    Image.fromarray((pixels[..., 0] > 0).astype(np.uint8)).save(tmp_path / "mask.png")
    image, mask = (ImageFile(name, tmp_path / name, 1, 0.0) for name in ("image.png", "mask.png"))
    pair = Pair(image, mask)
    reading = plan_reading(TWO, count_values([pair], 1)[0], drawn_on="stored")
    found = read_pair(pair, reading)
    assert ((found.pixels_HW3[..., 0] > 0) == found.label_HW).all()
    if orientation < 5:
        shown = read_pair(pair, plan_reading(TWO, count_values([pair], 1)[0]))
        assert not ((shown.pixels_HW3[..., 0] > 0) == shown.label_HW).all()


def test_images_that_share_a_mask_have_turns_of_their_own(tmp_path: Path) -> None:
    pixels, mask = np.zeros((6, 6, 3), np.uint8), np.zeros((6, 6), np.uint8)
    mask[:3] = 1
    exif = Image.Exif()
    exif[0x0112] = 3
    Image.fromarray(pixels).save(tmp_path / "a.jpg", exif=exif)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    Image.fromarray(mask).save(tmp_path / "mask.png")
    turned, upright, shared = (
        ImageFile(name, tmp_path / name, 1, 0.0) for name in ("a.jpg", "a.png", "mask.png")
    )
    pairs = [Pair(turned, shared), Pair(upright, shared)]
    reading = plan_reading(TWO, count_values(pairs, 1)[0], drawn_on="stored")
    assert [read_pair(pair, reading).label_HW[0, 0] for pair in pairs] == [0, 1]


def test_transparent_pixels_are_the_ground_or_ignored(tmp_path: Path) -> None:
    rgba = np.array([[(1, 1, 1, 255), (1, 1, 1, 0), (0, 0, 0, 255)]], np.uint8)
    Image.fromarray(rgba).save(tmp_path / "a.png")
    file = ImageFile("a.png", tmp_path / "a.png", 1, 0.0)
    pair = Pair(file, file)
    values = count_values([pair], 1)[0]
    reading = plan_reading(TWO, values)
    assert read_label_map(pair, reading).label_HW.tolist() == [[1, 0, 0]]
    assert "1 transparent pixels of 1 masks are 'ground' (a.png)" in reading.remarks
    no_ground = classes_by_value(["a", "b"], values=[1, 2], ignore=0)
    reading = plan_reading(no_ground, values)
    assert read_label_map(pair, reading).label_HW.tolist() == [[0, 255, 255]]
    assert "are ignored" in reading.remarks[0]
