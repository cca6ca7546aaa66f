"""Which classes masks hold where no file tells: runs of numbers and what strays from them, VOC, CamVid, JPEGs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from support.masks import positions, read_labels
from unpool.errors import UnpoolError
from unpool.images.masks.infer_classes import add_palette_colours, infer_classes
from unpool.images.masks.mask_file import read_mask
from unpool.images.masks.mask_values import count_values
from unpool.images.masks.pairs import CAMVID, VOC, VOC_FRAMES, Pair, find_pairs
from unpool.images.masks.pixel_classes import PixelClasses, classes_by_value, default_colours
from unpool.images.reading.scan import ImageFile


def pairs_of(folder: Path, **masks: Image.Image) -> list[Pair]:
    """Pairs whose masks are NAME.png, or NAME_ENDING for an ending of their own."""
    pairs = []
    for name, mask in masks.items():
        file = folder / (name.replace("_", ".") if "_" in name else f"{name}.png")
        mask.save(file, **({"lossless": True} if file.suffix == ".webp" else {}))
        found = ImageFile(file.name, file, 1, 0.0)
        pairs.append(Pair(found, found))
    return pairs


def grey(*values: int) -> Image.Image:
    return Image.fromarray(np.array([values], np.uint8))


def painted(*values: int, colours: Any = None) -> Image.Image:
    mask = Image.fromarray(np.array([values], np.uint8), "P")
    mask.putpalette(np.array(colours or default_colours(256), np.uint8).ravel().tolist())
    return mask


def understood(pairs: list[Pair], **result: Any) -> tuple[PixelClasses, str]:
    values, problems = count_values(pairs, 1)
    assert not problems
    return infer_classes(values, **({"ignore": None} | result))


@pytest.mark.parametrize("stray", [4, 20, 77, 254])
def test_a_number_that_strays_is_refused_with_its_mask_and_count_or_ignored(
    stray: int, tmp_path: Path
) -> None:
    pairs = pairs_of(tmp_path, a=grey(0, 1, 2, 255), b=grey(0, stray, stray))
    result = (
        rf"the mask b.png holds the value {stray} \(2 pixels\), which is no class: .* are 0 to 2; .*--classes"
    )
    with pytest.raises(UnpoolError, match=result + r", or .* --unknown ignore$"):
        understood(pairs)
    classes, said = understood(pairs, unknown="ignore")
    assert classes.names == ("0", "1", "2")
    assert said == f"the numbers 0 to 2 as classes; 255, {stray} are ignored"
    assert read_labels(pairs[1], classes, unknown="ignore").tolist() == [[0, 255, 255]]


def test_of_several_that_stray_the_commonest_is_named(tmp_path: Path) -> None:
    pairs = pairs_of(tmp_path, a=grey(0, 1, 9), b=grey(0, 50, 50))
    with pytest.raises(
        UnpoolError, match=r"mask b.png holds the value 50 \(2 pixels\) \(one of 2 such values\)"
    ):
        understood(pairs)


def test_without_two_classes_from_0_on_there_is_nothing_to_ignore_from(tmp_path: Path) -> None:
    pairs = pairs_of(tmp_path, a=grey(0, 128))
    for unknown in ("refuse", "ignore"):
        with pytest.raises(
            UnpoolError, match=r"value 128 \(1 pixel\): that is no numbering of classes"
        ) as result:
            understood(pairs, unknown=unknown)
        assert "--unknown" not in str(result.value)


def test_classes_may_begin_at_1_and_the_ignored_number_may_be_any(tmp_path: Path) -> None:
    pairs = pairs_of(tmp_path, a=grey(1, 2, 3))
    assert understood(pairs)[0].names == ("0", "1", "2", "3")
    pairs = pairs_of(tmp_path, a=grey(0, 1, 2, 3))
    for ignore, written in ((0, (1, 2, 3)), (2, (0, 1, 3)), (3, (0, 1, 2))):
        classes, _ = understood(pairs, ignore=ignore)
        assert (classes.output_values, classes.names) == (written, tuple(map(str, written)))
        assert (read_labels(pairs[0], classes)[0] == 255).nonzero()[0].tolist() == [ignore]


def test_numbers_in_a_format_that_changes_them_are_refused(tmp_path: Path) -> None:
    numbers = Image.fromarray(np.repeat(np.arange(4, dtype=np.uint8), 64).reshape(16, 16))
    with pytest.raises(
        UnpoolError, match=r"mask a.jpg is of a format that does not keep .*numbers.*--classes"
    ):
        understood(pairs_of(tmp_path, a_jpg=numbers))
    red = Image.new("RGB", (8, 8), (200, 30, 30))
    with pytest.raises(UnpoolError, match=r"mask r.jpg is of a format .* colours may be noise"):
        understood(pairs_of(tmp_path, r_jpg=red))
    assert len(understood(pairs_of(tmp_path, a_webp=numbers.convert("RGB")))[0]) == 4  # written without loss
    exact = pairs_of(tmp_path, b_jpg=Image.new("L", (8, 8)), w_jpg=Image.new("L", (8, 8), 255))
    assert understood(exact)[0].names == ("background", "foreground")


def test_pascal_voc_is_known_by_its_folders_or_names_and_not_by_its_colours(tmp_path: Path) -> None:
    held = (0, 1, 15, 255)
    other = [(number, 0, 0) for number in range(256)]
    for signs, layout, mask in (
        ("folders, border, gap", VOC, grey(*held)),
        ("folders, border, gap, another palette", VOC, painted(*held, colours=other)),
        ("folders, palette, gap", VOC, painted(*held[:3])),
        ("names, palette", VOC_FRAMES, painted(0, 1)),
        ("palette, border, all numbers", "", painted(*range(21), 255)),
    ):
        classes, _ = understood(pairs_of(tmp_path, a=mask), layout=layout)
        assert (len(classes), classes.names[15]) == (21, "person"), signs
    # Programs that draw masks use this palette and this border for classes of one's own.
    for layout, mask, count in (
        ("", painted(0, 1, 2), 3),
        ("", painted(*range(9), 255), 9),
        (VOC, painted(*range(9), 255), 9),
        (VOC, grey(0, 1, 2), 3),
    ):
        assert understood(pairs_of(tmp_path, a=mask), layout=layout)[0].names == tuple(map(str, range(count)))
    with pytest.raises(UnpoolError, match="the value 15"):
        understood(pairs_of(tmp_path, a=painted(*held)))


def test_own_classes_in_the_colours_of_pascal_voc_are_own_classes(tmp_path: Path) -> None:
    colours = np.array([[*default_colours(7), (224, 224, 192)]], np.uint8)
    pairs = pairs_of(tmp_path, a=Image.fromarray(colours))
    classes, said = understood(pairs)
    assert (len(classes), classes.names[0], "aeroplane" in classes.names) == (7, "#000000", False)
    assert read_labels(pairs[0], classes)[0, 7] == 255
    assert "#e0e0c0, the border" in said
    gap = np.array([[default_colours(21)[number] for number in (0, 1, 15)]], np.uint8)
    assert understood(pairs_of(tmp_path, b=Image.fromarray(gap)), layout=VOC)[0].names[15] == "person"


def test_palettes_that_number_colours_differently_are_read_by_colour(tmp_path: Path) -> None:
    black, red, blue = (0, 0, 0), (255, 0, 0), (0, 0, 255)
    masks = [painted(0, 0, 1, colours=[black, red]), painted(1, 1, 0, colours=[red, black])]
    masks.append(painted(0, 0, 1, colours=[black, blue]))  # lists what it holds alone
    pairs = pairs_of(tmp_path, a=masks[0], b=masks[1], c=masks[2])
    classes, said = understood(pairs)
    assert classes.names == ("#000000", "#0000ff", "#ff0000")
    assert "palettes differ: a.png paints 0 in #000000, b.png in #ff0000" in said
    assert [read_labels(pair, classes).tolist() for pair in pairs] == [[[0, 0, 2]], [[0, 0, 2]], [[0, 0, 1]]]
    assert understood(pairs, numbers="classes")[0].names == ("0", "1")


def test_numbers_beside_colours_are_refused(tmp_path: Path) -> None:
    red = Image.fromarray(np.array([[(0, 0, 0), (255, 0, 0)]], np.uint8))
    with pytest.raises(
        UnpoolError, match=r"the mask b.png holds numbers \(the value 1, 2 pixels\), but a.png has"
    ):
        understood(pairs_of(tmp_path, a=red, b=grey(0, 1, 1)))
    assert len(understood(pairs_of(tmp_path, a=red, b=grey(0, 0)))[0]) == 2  # black alone


def test_0_and_1_beside_0_and_255_are_the_same_two_classes(tmp_path: Path) -> None:
    pairs = pairs_of(tmp_path, a=grey(0, 1), b=grey(0, 255), c=grey(0, 0))
    classes, said = understood(pairs)
    assert [read_labels(pair, classes).tolist() for pair in pairs] == [[[0, 1]], [[0, 1]], [[0, 0]]]
    assert "1 of 3 masks hold 255, others 1" in said
    pairs = pairs_of(tmp_path, a=grey(0, 1, 255), b=grey(0, 255))  # here 255 is what is unsure
    classes, _ = understood(pairs)
    assert [read_labels(pair, classes).tolist() for pair in pairs] == [[[0, 1, 255]], [[0, 255]]]
    wide = Image.fromarray(np.array([[0, 65535]], np.uint16))
    pairs = pairs_of(tmp_path, a=wide)
    assert read_labels(pairs[0], understood(pairs)[0]).tolist() == [[0, 1]]


def test_masks_of_one_value_are_refused(tmp_path: Path) -> None:
    for mask, words in (
        (grey(0, 0), "one class only, the number 0"), (grey(255, 255), "nothing but 255"), (grey(1, 1), "number 1"),
        (Image.new("RGB", (2, 2), (9, 0, 0)), "the colour #090000"),
    ):  # fmt: skip
        with pytest.raises(UnpoolError, match=words):
            understood(pairs_of(tmp_path, a=mask))


def test_minus_one_of_signed_masks_is_ignored(tmp_path: Path) -> None:
    import tifffile

    pairs = pairs_of(tmp_path, a_tif=grey(0, 1))
    tifffile.imwrite(tmp_path / "a.tif", np.array([[-1, 0, 1]], np.int16))
    classes, said = understood(pairs)
    assert read_labels(pairs[0], classes).tolist() == [[255, 0, 1]]
    assert "-1 is ignored" in said


def test_numbers_of_objects_are_ground_and_object_where_that_is_said(tmp_path: Path) -> None:
    pairs = pairs_of(tmp_path, a=grey(0, 1, 7, 255), b=grey(0, 90, 3))
    classes, said = understood(pairs, numbers="objects")
    classes = PixelClasses.from_dict(classes.to_dict())
    assert classes.names == ("background", "object")
    assert [read_labels(pair, classes).tolist() for pair in pairs] == [[[0, 1, 1, 255]], [[0, 1, 1]]]
    assert "every number but 0" in said
    colours = Image.fromarray(np.array([[(0, 0, 0), (255, 0, 0), (3, 4, 5)]], np.uint8))
    pairs = pairs_of(tmp_path, a=colours)
    assert read_labels(pairs[0], understood(pairs, numbers="objects")[0]).tolist() == [[0, 1, 1]]


def test_shades_are_given_to_the_nearest_class_or_ignored(tmp_path: Path) -> None:
    soft = grey(*[0] * 500, 90, 140, *[255] * 500)
    pairs = pairs_of(tmp_path, a=soft)
    classes, said = understood(pairs, unknown="nearest", shades=frozenset({90, 140}))
    assert classes.names == ("background", "foreground")
    assert "2 shades of grey" in said
    assert read_labels(pairs[0], classes, unknown="nearest")[0, 498:504].tolist() == [0, 0, 0, 1, 1, 1]
    assert read_labels(pairs[0], classes, unknown="ignore")[0, 498:504].tolist() == [0, 0, 255, 255, 1, 1]
    blocks = np.zeros((32, 32, 3), np.uint8)
    blocks[:, 12:] = (220, 30, 30)
    pairs = pairs_of(tmp_path, b_jpg=Image.fromarray(blocks))
    classes, _ = understood(pairs, unknown="nearest")
    label_HW = read_labels(pairs[0], classes, unknown="nearest")
    assert len(classes) == 2
    assert (label_HW == (blocks[..., 0] > 0)).mean() > 0.95


def test_the_folders_of_pascal_voc_and_the_frames_of_camvid_are_reported(tmp_path: Path) -> None:
    for name in ("JPEGImages/a.jpg", "SegmentationClass/a.png", "JPEGImages/b.jpg", "cam/0006R0_f00930.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("L", (4, 4)).save(tmp_path / name)
    folders = tmp_path / "JPEGImages", tmp_path / "SegmentationClass"
    assert find_pairs(*folders).layout == ""
    (tmp_path / "ImageSets" / "Segmentation").mkdir(parents=True)
    assert find_pairs(*folders).layout == VOC
    (tmp_path / "masks").mkdir()
    Image.new("L", (4, 4)).save(tmp_path / "masks" / "0006R0_f00930_L.png")
    assert find_pairs(tmp_path / "cam", tmp_path / "masks").layout == CAMVID
    for folder, name in (("cam", "own.png"), ("masks", "own_L.png")):
        Image.new("L", (4, 4)).save(tmp_path / folder / name)
    assert find_pairs(tmp_path / "cam", tmp_path / "masks").layout == ""


def test_numbers_of_camvid_are_11_classes_and_void(tmp_path: Path) -> None:
    pairs = pairs_of(tmp_path, a=grey(*range(12)))
    classes, said = understood(pairs, layout=CAMVID)
    assert (len(classes), classes.names[0], classes.names[10]) == (11, "sky", "bicyclist")
    assert read_labels(pairs[0], classes).tolist() == [[*range(11), 255]]
    assert "11 is ignored" in said
    assert len(understood(pairs)[0]) == 12  # of other images they are anybody's
    assert len(understood(pairs, layout=CAMVID, ignore=255)[0]) == 12  # typed, so 11 is a class
    assert understood(pairs_of(tmp_path, a=grey(0, 1)), layout=CAMVID)[0].names == ("0", "1")
    classes, _ = understood(pairs_of(tmp_path, a=grey(0, 1, 3, 4, 8)), layout=CAMVID)
    assert len(classes) == 11


def test_a_model_of_numbers_reads_published_colours_with_their_void(tmp_path: Path) -> None:
    classes, _ = understood(pairs_of(tmp_path, a=grey(*range(12))), layout=CAMVID)
    classes = PixelClasses.from_dict(classes.to_dict())
    mask = Image.fromarray(np.array([[(0, 0, 0), (64, 128, 192), (128, 128, 128)]], np.uint8))
    assert read_labels(pairs_of(tmp_path, b=mask)[0], classes).tolist() == [[255, 8, 0]]
    assert read_labels(pairs_of(tmp_path, c=Image.new("RGB", (2, 1)))[0], classes).tolist() == [[255, 255]]


@pytest.mark.parametrize("mode", ["L", "P", "RGB"])
@pytest.mark.parametrize(
    ("orientation", "turn"), [(3, Image.Transpose.ROTATE_180), (6, Image.Transpose.ROTATE_90), (1, None)]
)
def test_a_mask_is_turned_as_its_exif_data_says(
    mode: str, orientation: int, turn: Image.Transpose | None, tmp_path: Path
) -> None:
    label_HW = np.array([[0, 1, 2], [3, 4, 5]], np.uint8)
    mask = Image.fromarray(label_HW, "P") if mode == "P" else Image.fromarray(label_HW).convert(mode)
    if mode == "P":
        mask.putpalette(np.array(default_colours(256), np.uint8).ravel().tolist())
    lying = mask if turn is None else mask.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    lying.save(tmp_path / "a.png", exif=exif)
    read = read_mask(tmp_path / "a.png")
    assert read.value_HW.tolist() == label_HW.tolist()
    if read.palette_HW is not None:
        assert read.palette_HW[0].tolist() == [0, 0x800000, 0x008000]


def test_an_ignored_number_counts_with_cityscapes_and_is_said_to_be_none_of_colours(tmp_path: Path) -> None:
    pairs = pairs_of(tmp_path, a=grey(7, 8, 11))
    assert positions(understood(pairs, suffix="_gtFine_labelIds", ignore=8)[0], 7, 8, 11) == [0, 255, 2]
    colours = pairs_of(tmp_path, b=Image.fromarray(np.array([[(1, 2, 3), (9, 9, 1)]], np.uint8)))
    assert understood(colours, ignore=8)[1].endswith("; --ignore 8 is a number and has no effect on colours")
    assert "--ignore" not in understood(colours)[1]


def test_classes_of_a_file_get_the_colours_of_palettes(tmp_path: Path) -> None:
    mask = painted(0, 1, 255, colours=[(9, 9, 9), (255, 0, 0), *[(0, 0, 0)] * 254])
    values = count_values(pairs_of(tmp_path, a=mask), 1)[0]
    two = classes_by_value(["ground", "thing"])
    assert add_palette_colours(two, values).colour_to_class == ((0x090909, 0), (0xFF0000, 1))
    known = replace(two, colour_to_class=((1, 0),))
    assert add_palette_colours(known, values) is known
    shared = painted(0, 1, colours=[(9, 9, 9)] * 256)
    assert add_palette_colours(two, count_values(pairs_of(tmp_path, b=shared), 1)[0]) == two
    assert add_palette_colours(two, count_values(pairs_of(tmp_path, c=grey(0, 1)), 1)[0]) == two


def test_masks_whose_transparency_alone_differs_are_refused_with_what_to_do(tmp_path: Path) -> None:
    alpha = Image.fromarray(np.array([[0, 255, 255, 0]], np.uint8))
    black = Image.merge("LA", [Image.new("L", (4, 1)), alpha])
    with pytest.raises(UnpoolError, match=r"black, beside 2 transparent pixels, .* save the alpha channel"):
        understood(pairs_of(tmp_path, a=black))
