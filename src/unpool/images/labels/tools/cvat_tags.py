"""Tags that people gave whole images in CVAT.

The format is "CVAT for images 1.1".

Source: https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from unpool.core.text.xml_files import load_xml
from unpool.errors import UnpoolError
from unpool.images.labels.field_table import FieldTable, Value, unite_names, unwrap

ROOT = "annotations"
UNIT = "image"
LABEL = "label"
SUBSET = "subset"


def read_cvat(content: bytes) -> FieldTable:
    """Read tags, their attributes and subsets of images.

    Where no image has a tag, the labels of shapes are taken for its labels.

    Args:
        content: The XML.

    Raises:
        UnpoolError: It is no XML of CVAT, or that of a video.
    """
    try:
        root = load_xml(content)
    except ValueError as error:
        raise UnpoolError(f"it is no XML that can be read: {error}") from None
    images = root.findall("image")
    if root.tag != ROOT or not images:
        is_video = root.tag == ROOT and root.find("track") is not None
        raise UnpoolError(
            "it is CVAT's XML of a video; export the task as `CVAT for images 1.1`"
            if is_video
            else f"its XML begins with <{root.tag}> and has no <image>; export the task as `CVAT for images 1.1`"
        )
    has_tags = any(image.find("tag") is not None for image in images)
    rows = [_read_image(image, has_tags) for image in images]
    names = [name for name in dict.fromkeys(name for row in rows for name in row) if name != LABEL]
    columns: dict[str, list[Value]] = {name: [row.get(name) for row in rows] for name in (LABEL, *names)}
    paths = [image.get("name", "") for image in images]
    table = FieldTable(paths, columns, list(range(1, len(paths) + 1)), LABEL, unit=UNIT)
    num_shapes = sum(_is_shape(each) for image in images for each in image)
    if num_shapes and has_tags:
        table.remarks.append(
            f"shapes, which are no value of a whole image and were passed over: {num_shapes}"
        )
    elif num_shapes:
        table.remarks.append("no image has a tag: the labels of shapes were taken for labels of their images")
    return table


def _read_image(image: Element, has_tags: bool) -> dict[str, Value]:
    """Label, subset and attributes of an image."""
    counted = image.findall("tag") if has_tags else [each for each in image if _is_shape(each)]
    labels = list(dict.fromkeys(each.get(LABEL, "") for each in counted))
    row: dict[str, Value] = {LABEL: unwrap(labels or None)}
    if subset := image.get(SUBSET):
        row[SUBSET] = subset
    if has_tags:
        pairs = [
            (each.get("name", ""), each.text or "") for tag in counted for each in tag.findall("attribute")
        ]
        names = unite_names([LABEL, SUBSET, *(name for name, _ in pairs)])[2:]
        row |= {name: text or None for name, (_, text) in zip(names, pairs, strict=True)}
    return row


def _is_shape(element: Element) -> bool:
    return element.tag != "tag" and LABEL in element.attrib
