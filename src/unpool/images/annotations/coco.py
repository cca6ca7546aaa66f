"""Read COCO's JSON: polygons and run lengths of objects.

Source: https://cocodataset.org/#format-data
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unpool.images.annotations.areas import Area, CocoRuns, Polygons
from unpool.images.annotations.drawings import Annotations, Drawing, NumberedNames, name_damage

TITLE = "COCO"
MIN_CORNERS = 3


def is_coco(held: object) -> bool:
    """Whether JSON is COCO's."""
    return isinstance(held, Mapping) and all(
        isinstance(held.get(key), list) for key in ("images", "annotations", "categories")
    )


def read_coco(path: Path, held: Mapping[str, Any]) -> Annotations:
    """Read what each image's annotations draw.

    Objects have no order: larger ones are painted first. An image without annotations is all ground.

    Args:
        path: The file.
        held: Its JSON.

    Returns:
        The drawings.

    Raises:
        UnpoolError: A key is missing, or a value is none of COCO's.
    """
    passed_over: Counter[str] = Counter()
    with name_damage(str(path), TITLE):
        categories = sorted(held["categories"], key=lambda each: each["id"])
        names = NumberedNames([str(each["name"]) for each in categories])
        number_of = {each["id"]: names.number(str(each["name"])) for each in categories}
        sizes = {each["id"]: _read_size(each) for each in held["images"]}
        files = {each["id"]: str(each["file_name"]) for each in held["images"]}
    areas: dict[object, list[tuple[int, Area]]] = {image: [] for image in files}
    for place, annotation in enumerate(held["annotations"], 1):
        with name_damage(f"{path}, annotation {place}", TITLE):
            number, own = number_of[annotation["category_id"]], areas.get(annotation["image_id"])
            area = _read_segmentation(annotation.get("segmentation"))
        if area is None:
            passed_over["boxes without outline"] += 1
        elif own is None:
            passed_over["annotations of images that are not listed"] += 1
        else:
            own.append((number, area))
    drawings = [
        Drawing((name,), tuple(areas[image]), sizes[image], smallest_last=True)
        for image, name in files.items()
    ]
    return Annotations(path, TITLE, names.names, drawings, passed_over)


def _read_size(image: Mapping[str, Any]) -> tuple[int, int] | None:
    if not (image.get("height") and image.get("width")):
        return None
    return int(image["height"]), int(image["width"])


def _read_segmentation(found: Any) -> Area | None:
    """The area of one annotation; None where it has a box alone."""
    if isinstance(found, Mapping):
        high, wide = map(int, found["size"])
        counts = found["counts"]
        return CocoRuns(counts if isinstance(counts, str) else list(map(int, counts)), (high, wide))
    if not found:
        return None
    flat: Sequence[Sequence[float]] = found if isinstance(found[0], list) else [found]
    vertices = tuple(np.array(each, np.float64).reshape(-1, 2) for each in flat)
    vertices = tuple(vertex_V2 for vertex_V2 in vertices if len(vertex_V2) >= MIN_CORNERS)
    return Polygons(vertices) if vertices else None
