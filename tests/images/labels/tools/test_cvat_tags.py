"""Tags of CVAT's XML for images."""

from __future__ import annotations

import pytest

from unpool.errors import UnpoolError
from unpool.images.labels.tools.cvat_tags import read_cvat

SHAPES = """
<image id="0" name="a.png" width="8" height="6"><box label="cat" xtl="1"/><polygon label="cat" points="1,2"/></image>
<image id="1" name="sub/b.png" width="8" height="6"><box label="cat"/><mask label="dog" rle="1"/></image>
"""
TAGS = """
<image id="0" name="a.png" subset="train" width="8" height="6">
  <tag label="cat" source="manual"><attribute name="age">3</attribute><attribute name="label">z</attribute></tag>
  <box label="nose" xtl="1"/>
</image>
<image id="1" name="sub/b.png" width="8" height="6"><tag label="cat"/><tag label="dog"/><tag label="dog"/></image>
<image id="2" name="c.png" width="8" height="6"></image>
"""


def write(images: str) -> bytes:
    return f'<?xml version="1.0" encoding="utf-8"?>\n<annotations><version>1.1</version>{images}</annotations>'.encode()


def test_tags_are_labels_with_attributes_and_subsets() -> None:
    table = read_cvat(write(TAGS))
    assert table.paths == ["a.png", "sub/b.png", "c.png"]
    assert table.columns == {
        "label": ["cat", ["cat", "dog"], None], "subset": ["train", None, None], "age": ["3", None, None],
        "label (2)": ["z", None, None],
    }  # fmt: skip
    assert table.remarks == ["shapes, which are no value of a whole image and were passed over: 1"]


def test_shapes_are_labels_where_no_image_has_a_tag() -> None:
    table = read_cvat(write(SHAPES))
    assert table.columns == {"label": ["cat", ["cat", "dog"]]}
    assert table.remarks == ["no image has a tag: the labels of shapes were taken for labels of their images"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (write('<track id="0" label="cat"/>'), "it is CVAT's XML of a video; export the task as"),
        (write(""), "its XML begins with <annotations> and has no <image>"),
        (b"<annotation><filename>a.png</filename></annotation>", "its XML begins with <annotation>"),
        (b"<annotations>", "it is no XML that can be read: no element found: line 1"),
    ],
)
def test_other_xml_is_an_error_that_says_what_to_export(content: bytes, message: str) -> None:
    with pytest.raises(UnpoolError, match=message):
        read_cvat(content)
