"""Read CVAT's XML, "CVAT for images 1.1".

Source: https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np

from unpool.errors import UnpoolError
from unpool.images.annotations.areas import Area, BoxRuns, Polygons, make_ellipse, make_rectangle
from unpool.images.annotations.drawings import Annotations, Drawing, NumberedNames, name_damage

TITLE = "CVAT"
MIN_CORNERS = 3
KINDS = ("polygon", "mask", "box", "ellipse", "polyline", "points", "cuboid", "skeleton")


def is_cvat(root: Element) -> bool:
    """Whether XML is CVAT's."""
    return root.tag == "annotations" and (root.find("image") is not None or root.find("track") is not None)


def read_cvat(path: Path, root: Element) -> Annotations:
    """Read the shapes of each image.

    They are painted in the order of their layers (z_order), and of the file.

    Args:
        path: The file.
        root: Its XML.

    Returns:
        The drawings.

    Raises:
        UnpoolError: It is the XML of a video, or a shape is not as CVAT writes it.
    """
    images = root.findall("image")
    if not images:
        raise UnpoolError(f"{path} is CVAT's XML of a video; export the task as `CVAT for images 1.1`")
    shapes = [shape for image in images for shape in image if shape.tag in KINDS]
    listed = [label.text or "" for label in root.iterfind("meta//labels/label/name")]
    names = NumberedNames(listed or sorted({shape.get("label", "") for shape in shapes}))
    passed_over: Counter[str] = Counter()
    drawings = []
    for image in images:
        areas: list[tuple[int, int, Area]] = []
        name = image.get("name", "")
        for shape in image:
            if shape.tag not in KINDS:
                continue
            with name_damage(f"{path}, a {shape.tag} of {name}", TITLE):
                layer, area = int(shape.get("z_order", 0)), _read_shape(shape)
            if area is None:
                passed_over[f"shapes of kind {shape.tag}"] += 1
            else:
                areas.append((layer, names.number(shape.get("label", "")), area))
        areas.sort(key=lambda each: each[0])
        with name_damage(f"{path}, {name}", TITLE):
            size = int(image.get("height", 0)), int(image.get("width", 0))
        drawn = tuple((number, area) for _, number, area in areas)
        drawings.append(Drawing((name,), drawn, size if all(size) else None))
    return Annotations(path, TITLE, names.names, drawings, passed_over)


def _read_shape(shape: Element) -> Area | None:
    """The area of a shape; None where it bounds none, such as a line."""
    number = {key: float(shape.attrib[key]) for key in _NUMBERS.get(shape.tag, ())}
    rotation = float(shape.get("rotation", 0))
    if shape.tag == "polygon":
        pairs = [pair.split(",") for pair in shape.attrib["points"].split(";") if pair.strip()]
        point_V2 = np.array(pairs, np.float64).reshape(-1, 2)
        return Polygons((point_V2,)) if len(point_V2) >= MIN_CORNERS else None
    if shape.tag == "mask":
        counts = [int(part) for part in shape.attrib["rle"].split(",") if part.strip()]
        left, top, width, height = (int(number[key]) for key in _NUMBERS["mask"])
        if width < 1 or height < 1:
            raise ValueError(f"its box is {width}×{height}")
        return BoxRuns(counts, left, top, width, height)
    if shape.tag == "box":
        sides = (number["xtl"], number["ytl"], number["xbr"], number["ybr"])
        return make_rectangle(*sides, rotation, about_centre=True)
    if shape.tag == "ellipse":
        return make_ellipse(number["cx"], number["cy"], number["rx"], number["ry"], rotation)
    return None


_NUMBERS = {
    "mask": ("left", "top", "width", "height"),
    "box": ("xtl", "ytl", "xbr", "ybr"),
    "ellipse": ("cx", "cy", "rx", "ry"),
}
