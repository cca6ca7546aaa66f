"""Class files of a class a line."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.class_files import entries
from unpool.errors import UsageError

GROUND, CAT, DOG = (0, 0, 0), (250, 50, 83), (51, 221, 255)
CVAT = (
    "# label:color_rgb:parts:actions\nbackground:0,0,0::\nblack cat:250,50,83::\ndog:51,221,255:head,tail:\n"
)


def test_names_of_cvat_may_be_numbers(tmp_path: Path) -> None:
    text = "# label:color_rgb:parts:actions\n0:0,0,0::\n7 8:250,50,83::\n#12:51,221,255::\n"
    assert entries(tmp_path, text) == [("0", None, GROUND), ("7 8", None, CAT)]  # the last is a comment


@pytest.mark.parametrize(
    "text",
    [
        CVAT,
        CVAT.replace("\n", "\r\n"),
        CVAT.split("\n", 1)[1],
        "background 0 0 0\n'black cat' 250 50 83\ndog 51 221 255\n",
        "name,r,g,b\nbackground,0,0,0\nblack cat,250,50,83\ndog,51,221,255\n",
        "name, r, g, b\nbackground, 0, 0, 0\nblack cat, 250, 50, 83\ndog, 51, 221, 255\n",
        "Name;R;G;B\nbackground;0;0;0\nblack cat;250;50;83\ndog;51;221;255\n",
        "r\tg\tb\tclass\n0\t0\t0\tbackground\n250\t50\t83\tblack cat\n51\t221\t255\tdog\n",
        "background: 0, 0, 0\nblack cat: 250, 50, 83\ndog: 51, 221, 255\n",
        "background = (0, 0, 0)\nblack cat = (250, 50, 83)\ndog = (51, 221, 255)\n",
        "background [0, 0, 0]\nblack cat [250 50 83]\ndog rgb(51, 221, 255)\n",
        "(0, 0, 0) background\n(250, 50, 83) black cat\n(51, 221, 255) dog\n",
        "background,#000000\nblack cat,#FA3253\ndog,#33DDFF\n",
        "background: #000000\nblack cat: #fa3253\ndog: 0x33ddff\n",
        'class,color\nbackground,"0,0,0"\nblack cat,"(250, 50, 83)"\ndog,"51 221 255"\n',
    ],
)
def test_names_and_colours_by_line(text: str, tmp_path: Path) -> None:
    wanted = [("background", None, GROUND), ("black cat", None, CAT), ("dog", None, DOG)]
    assert entries(tmp_path, text) == wanted
    assert entries(tmp_path, text.encode("utf-8-sig")) == wanted
    assert entries(tmp_path, text.encode("utf-16")) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "0: ground\n1: black cat\n",
        "ground: 0\nblack cat: 1\n",
        "0 ground\n1 black cat\n",
        "ground=0\nblack cat=1\n",
        "0,ground\n1,black cat\n",
        "Pixel Value, Class\n0, ground\n1, black cat\n",
        "Idx,Ratio,Train,Val,Stuff,Name\n0,0.15,11,1,1,ground\n1,0.02,3,2,0,black cat\n",
        "id;name;supercategory\n0;ground;x\n1;black cat;y\n",
        "item {\n  id: 0\n  name: \"ground\"\n}\nitem {\n  id: 1\n  name: 'black cat'\n}\n",
        "- 0: ground\n- 1: black cat\n",
    ],
)
def test_names_and_numbers_by_line(text: str, tmp_path: Path) -> None:
    assert entries(tmp_path, text) == [("ground", 0, None), ("black cat", 1, None)]


@pytest.mark.parametrize(
    "text", ["ground\nblack\n", "- ground\n- black\n", "\nground\n\n  black\n", "name\nground\nblack\n"]
)
def test_names_alone(text: str, tmp_path: Path) -> None:
    assert entries(tmp_path, text) == [("ground", None, None), ("black", None, None)]


def test_hexadecimal_numbers_stand_anywhere(tmp_path: Path) -> None:
    wanted = [("road", 16, None), ("sky", 31, None)]
    for text in ("road: 0x10\nsky: 0X1F\n", "0x10: road\n0X1F: sky\n", "road;0x10\nsky;0X1F\n"):
        assert entries(tmp_path, text) == wanted, text
    assert entries(tmp_path, "road 0XFF0000\nsky #0000ff\n")[0] == ("road", None, (255, 0, 0))


def test_a_row_without_a_name_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"line 3: '1' is no `name`"):
        entries(tmp_path, "name,id\nsky,0\n,1\n")
