"""CVAT's XML, read as its documentation says: polygons in pixels, run lengths along the rows of a box."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from support.annotations import COLOURS, NAMES, fill_by_coco, speckled, write_request
from unpool.actions.sharing.annotations.cvat_masks import write_cvat
from unpool.images.masks.class_file import read_classes

# Of https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/: what each element must have.
ATTRIBUTES = {
    "image": {"id", "name", "width", "height"},
    "polygon": {"label", "source", "occluded", "points", "z_order"},
    "mask": {"label", "source", "occluded", "rle", "left", "top", "width", "height", "z_order"},
}


def draw(shape: ElementTree.Element, height: int, width: int) -> np.ndarray:
    if shape.tag == "polygon":
        points = [pair.split(",") for pair in shape.attrib["points"].split(";")]
        return fill_by_coco(np.array(points, float), height, width)
    left, top, wide, high = (int(shape.attrib[key]) for key in ("left", "top", "width", "height"))
    values: list[int] = []
    for place, count in enumerate(shape.attrib["rle"].split(", ")):
        values += [place % 2] * int(count)
    values += [0] * (wide * high - len(values))
    covered_HW = np.zeros((height, width), bool)
    covered_HW[top : top + high, left : left + wide] = np.array(values).reshape(high, wide)
    return covered_HW


def test_cvat_would_draw_the_same_masks(tmp_path: Path) -> None:
    labels = [speckled(0), speckled(1, 30, 20), np.zeros((5, 4), np.uint8)]
    result = write_cvat(write_request(tmp_path, labels))
    assert any("have holes and are masks" in remark for remark in result.remarks)
    classes = read_classes(result.path.with_name("labelmap.txt"))
    assert (classes.names, classes.colours) == (NAMES, COLOURS)
    root = ElementTree.parse(result.path).getroot()
    assert root.findtext("version") == "1.1"
    assert [each.text for each in root.iterfind("meta/task/labels/label/name")] == list(NAMES[1:])
    assert [each.text for each in root.iterfind("meta/task/labels/label/color")] == ["#c80a14", "#030405"]
    images = root.findall("image")
    assert [image.get("name") for image in images] == ["a b & é/0.png", "in/1.png", "in/2.png"]
    for image, label_HW in zip(images, labels, strict=True):
        assert (int(image.attrib["height"]), int(image.attrib["width"])) == label_HW.shape
        found_HW = np.zeros_like(label_HW)
        for shape in image:
            found_HW[draw(shape, *label_HW.shape)] = NAMES.index(shape.attrib["label"])
        assert (found_HW == label_HW).all()
        assert all(set(each.attrib) == ATTRIBUTES[each.tag] for each in (image, *image))


def test_names_that_xml_cannot_hold_leave_it_readable(tmp_path: Path) -> None:
    request = write_request(tmp_path, [speckled(0)])
    masks = [replace(mask, image="a\x01b.png") for mask in request.masks]
    names = [f"{name}\x02" for name in request.names]
    file = write_cvat(replace(request, masks=masks, names=names)).path
    root = ElementTree.parse(file).getroot()
    assert [image.get("name") for image in root.findall("image")] == ["a\ufffdb.png"]
