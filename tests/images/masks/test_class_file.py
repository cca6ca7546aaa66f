"""Class files: what 255 is, numbers with colours, headings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.masks import positions, read_labels
from unpool.errors import UnpoolError, UsageError
from unpool.images.masks.class_file import describe_encoding, read_classes
from unpool.images.masks.pairs import Pair
from unpool.images.masks.pixel_classes import PixelClasses
from unpool.images.reading.scan import ImageFile

NUMBERS_AND_COLOURS = """\
sky 0 128 128 128
car 8 64 0 128
car 9 64 128 192
road 3 128 64 128
void 11 0 0 0
void 12 128 64 128
"""


def classes_of(folder: Path, text: str, name: str = "classes.csv", **result) -> PixelClasses:
    (folder / name).write_text(text)
    return read_classes(folder / name, **result)


def labels(folder: Path, mask: Image.Image, classes: PixelClasses, **result) -> list[int]:
    mask.save(folder / "a.png")
    file = ImageFile("a.png", folder / "a.png", 1, 0.0)
    return read_labels(Pair(file, file), classes, **result)[0].tolist()


def grey(*values: int) -> Image.Image:
    return Image.fromarray(np.array([values], np.uint8))


def coloured(*colours: tuple[int, int, int]) -> Image.Image:
    return Image.fromarray(np.array([colours], np.uint8))


@pytest.mark.parametrize("text", ["ground\nfigure\n", "ground 0\nfigure 1\n", "ground\nfigure\nvoid\n"])
def test_255_is_no_class_and_who_says_so_is_kept(text: str, tmp_path: Path) -> None:
    for ignore, is_typed in ((None, False), (255, True)):
        classes = classes_of(tmp_path, text, ignore=ignore)
        assert labels(tmp_path, grey(0, 255), classes) == [0, 255]
        assert classes.is_void_typed is is_typed
        assert PixelClasses.from_dict(classes.to_dict()) == classes


def test_a_number_in_the_file_wins_over_255_being_no_class(tmp_path: Path) -> None:
    classes = classes_of(tmp_path, "ground 0\nfigure 255\n")
    assert labels(tmp_path, grey(0, 255), classes) == [0, 1]
    classes = classes_of(tmp_path, "ground 0\nfigure 1\nvoid 255\n")
    assert (labels(tmp_path, grey(0, 255), classes), classes.is_void_typed) == ([0, 255], True)
    with pytest.raises(UnpoolError, match="there must be two classes at least"):
        classes_of(tmp_path, "ground 0\nfigure 255\n", ignore=255)
    with pytest.raises(UnpoolError, match="the value 255"):  # 11 was typed, so 255 is nothing
        labels(tmp_path, grey(0, 255), classes_of(tmp_path, "ground\nfigure\n", ignore=11))


def test_published_sets_have_names(tmp_path: Path) -> None:
    for name, count, first in (("voc", 21, "background"), ("camvid", 11, "sky"), ("cityscapes", 19, "road")):
        classes = read_classes(Path(name))
        assert (len(classes), classes.names[0]) == (count, first)
    with pytest.raises(UsageError, match=r"vok: there is no such file, nor a published set"):
        read_classes(Path("vok"))


def test_labelmes_first_line_is_no_class(tmp_path: Path) -> None:
    classes = classes_of(tmp_path, "__ignore__\n_background_\ncat\ndog\n", "labels.txt")
    assert classes.names == ("_background_", "cat", "dog")
    assert labels(tmp_path, grey(0, 1, 2, 255), classes) == [0, 1, 2, 255]


def test_every_colour_beside_a_number_is_understood(tmp_path: Path) -> None:
    classes = classes_of(tmp_path, NUMBERS_AND_COLOURS)
    kept = PixelClasses.from_dict(json.loads(json.dumps(classes.to_dict())))
    assert kept == classes
    mask = coloured((128, 128, 128), (64, 0, 128), (64, 128, 192), (128, 64, 128), (0, 0, 0))
    assert labels(tmp_path, mask, kept) == [0, 1, 1, 2, 255]  # a colour that void shares is the class's
    assert labels(tmp_path, grey(0, 8, 9, 3, 11, 12), kept) == [0, 1, 1, 2, 255, 255]


def test_grey_alone_in_a_mask_of_colours_is_a_colour_unless_numbers_fit_better(tmp_path: Path) -> None:
    classes = classes_of(tmp_path, NUMBERS_AND_COLOURS)
    assert labels(tmp_path, coloured((0, 0, 0), (0, 0, 0)), classes) == [255, 255]
    assert labels(tmp_path, coloured((0, 0, 0), (128,) * 3), classes) == [255, 0]
    assert labels(tmp_path, coloured((0,) * 3, (8,) * 3, (3,) * 3), classes) == [0, 1, 2]
    assert labels(tmp_path, grey(0, 0), classes) == [0, 0]
    with pytest.raises(UnpoolError, match=r"the colour #4d4d4d \(1 pixel\)"):
        labels(tmp_path, coloured((0, 0, 0), (77,) * 3), classes)
    assert labels(tmp_path, coloured((0, 0, 0), (77,) * 3), classes, unknown="ignore") == [255, 255]


def test_a_colour_of_two_classes_stands_for_none(tmp_path: Path) -> None:
    classes = classes_of(tmp_path, "a 0 1 2 3\nb 1 1 2 3\nc 2 4 5 6\n")
    assert dict(classes.colour_to_class) == {0x040506: 2}


def test_models_from_before_there_were_colours_of_numbers_go_on(tmp_path: Path) -> None:
    classes = classes_of(tmp_path, NUMBERS_AND_COLOURS)
    kept = classes.to_dict()
    del kept["colour_keys"]
    old = PixelClasses.from_dict(json.loads(json.dumps(kept)))
    assert labels(tmp_path, grey(0, 8, 11), old) == [0, 1, 255]
    assert labels(tmp_path, coloured((128, 128, 128), (64, 0, 128)), old) == [0, 1]
    assert labels(tmp_path, coloured((0, 0, 0)), old) == [0]


@pytest.mark.parametrize(
    "text",
    [
        "class_name,r,g,b\nsky,1,2,3\nroad,4,5,6\n",
        "Class Name;Red;Green;Blue\nsky;1;2;3\nroad;4;5;6\n",
        "kind,farbe\nsky,#010203\nroad,#040506\n",
        "b,name,r,g\n3,sky,1,2\n6,road,4,5\n",
    ],
)
def test_headings_of_colours(text: str, tmp_path: Path) -> None:
    classes = classes_of(tmp_path, text)
    assert (classes.names, classes.by_colour) == (("sky", "road"), True)
    assert classes.colours == ((1, 2, 3), (4, 5, 6))


@pytest.mark.parametrize(
    "text",
    [
        "class_name\nsky\nroad\n",
        "was,nummer\nsky,0\nroad,1\n",
        "was\tnummer\nsky\t0\nroad\t1\n",
        "name,r,g,b,index\nsky,1,2,3,0\nroad,4,5,6,1\n",
        "r,g,b,id,name\n1,2,3,0,sky\n4,5,6,1,road\n",
        "sky,0,1,2,3\nroad,1,4,5,6\n",
    ],
)
def test_headings_of_numbers(text: str, tmp_path: Path) -> None:
    classes = classes_of(tmp_path, text)
    assert (classes.names, classes.by_colour) == (("sky", "road"), False)
    assert labels(tmp_path, grey(0, 1), classes) == [0, 1]
    if "2,3" in text:
        assert classes.colours == ((1, 2, 3), (4, 5, 6))


def test_a_first_class_is_no_heading(tmp_path: Path) -> None:
    assert classes_of(tmp_path, "red\ngreen\nblue\n").names == ("red", "green", "blue")
    for text in ("ground\nroad 1\n", "ground\nroad,1\n"):
        with pytest.raises(UsageError, match="'ground' has no number, but others have"):
            classes_of(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a 0 0 0\ncat 250 50 83\n\ndog 250 50 83\n", "line 4.*#fa3253.*'dog'.*'cat'.*line 2"),
        ("a\nb\n\x00\x01\n", "line 3"),
        ("cat\n", "cat alone.*two classes"),
        ("void 1 1 1\ncat 2 2 2\n", "cat alone.*two classes"),
    ],
)
def test_what_is_wrong_is_named_by_file_and_line(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"classes\.csv.*{told}"):
        classes_of(tmp_path, text)


def test_a_colour_given_twice_to_one_class_is_no_mistake(tmp_path: Path) -> None:
    assert classes_of(tmp_path, "a 0 0 0\nb 9 9 9\nb 9 9 9\n").names == ("a", "b")


def test_a_typed_number_is_ignored_in_published_sets_too() -> None:
    classes = read_classes(Path("voc"), 3)
    assert positions(classes, 2, 3, 255) == [2, 255, 255]
    assert dict(classes.colour_to_class)[0x808000] == 255  # of number 3
    assert classes.is_void_typed
    assert not read_classes(Path("voc")).is_void_typed
    assert positions(read_classes(Path("cityscapes"), 0), 0, 1) == [255, 1]


def test_a_number_cannot_be_ignored_among_colours(tmp_path: Path) -> None:
    text = "a 0 0 0\nb 255 0 0\n"
    with pytest.raises(
        UsageError, match=r"--ignore 7 is a number, but --classes .*classes.csv gives colours"
    ):
        classes_of(tmp_path, text, ignore=7)
    assert len(classes_of(tmp_path, text)) == 2


def test_a_guessed_encoding_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("Stra\xdfe\nsky\n".encode("cp1252"))
    assert "was read as Windows-1252" in describe_encoding(tmp_path / "a.txt")[0]
    (tmp_path / "a.txt").write_text("Stra\xdfe\nsky\n", "utf-8")
    assert describe_encoding(tmp_path / "a.txt") == describe_encoding(tmp_path / "voc") == []
