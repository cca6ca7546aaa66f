"""CVAT's XML, with shapes of every kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unpool.core.text.xml_files import load_xml
from unpool.errors import UnpoolError
from unpool.images.annotations.cvat import is_cvat, read_cvat
from unpool.images.annotations.drawings import Annotations

HEAD = (
    '<?xml version="1.0" encoding="utf-8"?><annotations><version>1.1</version><meta><job><labels>'
    "<label><name>car</name></label><label><name>tree</name></label></labels></job></meta>"
)


def read(
    shapes: str, *, head: str = HEAD, image: str = 'name="sub/a.png" width="30" height="20"'
) -> Annotations:
    root = load_xml(f'{head}<image id="0" {image}>{shapes}</image></annotations>'.encode())
    return read_cvat(Path("c.xml"), root)


def paint(shapes: str) -> np.ndarray:
    return read(shapes).drawings[0].paint(20, 30)[0]


def test_shapes_of_every_kind_are_drawn() -> None:
    square = paint('<polygon label="tree" points="1.00,1.00;5.00,1.00;5.00,4.00;1.00,4.00" z_order="0"/>')
    assert (square[1:4, 1:5] == 2).all()
    assert (square > 0).sum() == 12
    mask = paint('<mask label="car" rle="1, 2, 3" left="2" top="3" width="3" height="2" z_order="0"></mask>')
    assert mask[3:5, 2:5].tolist() == [[0, 1, 1], [0, 0, 0]]
    box = paint('<box label="car" xtl="1" ytl="2" xbr="4" ybr="5"/>')
    assert (box[2:5, 1:4] == 1).all()
    turned = paint('<box label="car" xtl="10" ytl="8" xbr="20" ybr="12" rotation="90.0"/>')
    assert (turned[5:15, 13:17] == 1).all()
    ellipse = paint('<ellipse label="car" cx="15" cy="10" rx="8" ry="5"/>')
    assert abs(int(ellipse.sum()) - np.pi * 40) < 4


def test_layers_are_painted_in_their_order() -> None:
    under = '<box label="car" xtl="0" ytl="0" xbr="9" ybr="9" z_order="{}"/>'
    over = '<box label="tree" xtl="2" ytl="2" xbr="4" ybr="4" z_order="0"/>'
    assert (paint(over + under.format(-1)) == 2).sum() == 4
    assert (paint(over + under.format(0)) == 2).sum() == 0  # the later in the file


def test_lines_and_tags_are_no_areas() -> None:
    found = read(
        '<polyline label="car" points="0,0;1,1"/><points label="car" points="0,0"/><tag label="car"/>'
    )
    assert dict(found.passed_over) == {"shapes of kind polyline": 1, "shapes of kind points": 1}
    assert found.drawings[0].areas == ()


def test_names_and_sizes() -> None:
    found = read("")
    assert found.names == {1: "car", 2: "tree"}
    assert found.drawings[0].names == ("sub/a.png",)
    assert found.drawings[0].size == (20, 30)
    shape = '<polygon label="hat" points="0,0;1,1;0,1"/>'
    assert read(shape, head="<annotations>", image='name="a"').names == {1: "hat"}
    assert read(shape, head="<annotations>", image='name="a"').drawings[0].size is None


@pytest.mark.parametrize(
    "shape",
    [
        '<polygon label="car"/>', '<polygon label="car" points="1;2;3"/>', '<box label="car" xtl="1"/>',
        '<mask label="car" rle="1,a" left="0" top="0" width="2" height="2"/>',
        '<mask label="car" rle="1" left="0" top="0" width="-2" height="2"/>',
    ],
)  # fmt: skip
def test_damage_is_named(shape: str) -> None:
    with pytest.raises(UnpoolError, match=r"c\.xml, a \w+ of sub/a\.png: not as CVAT writes it"):
        read(shape)


def test_a_video_is_an_error() -> None:
    root = load_xml(b"<annotations><track id='0' label='car'/></annotations>")
    assert is_cvat(root)
    with pytest.raises(UnpoolError, match="XML of a video"):
        read_cvat(Path("c.xml"), root)
    assert not is_cvat(load_xml(b"<annotation><image/></annotation>"))
