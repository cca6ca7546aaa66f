"""Read brushes and outlines of Label Studio's exports.

Sources: https://labelstud.io/guide/export and https://labelstud.io/tags/brushlabels
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np

from unpool.images.annotations.areas import Area, Brush, Polygons, make_ellipse, make_rectangle
from unpool.images.annotations.drawings import Annotations, Drawing, NumberedNames, name_damage
from unpool.images.reading.formats import has_image_name

TITLE = "Label Studio"
MIN_CORNERS = 3
PERCENT = 100
LABEL_KEYS = ("brushlabels", "polygonlabels", "rectanglelabels", "ellipselabels", "labels")
_UPLOADED = re.compile(r"^[0-9a-f]{8}-(?=.)")  # before the name of a file that was uploaded
_LOCAL = "/data/local-files/"

_Region = Mapping[str, Any]


def is_label_studio(held: object) -> bool:
    """Whether JSON has Label Studio's tasks with regions."""
    if not isinstance(held, list) or not all(isinstance(task, Mapping) for task in held):
        return False
    try:
        return any(True for task in held for _ in _find_regions(task, Counter()))
    except (AttributeError, LookupError, TypeError):
        return any(isinstance(task.get("data"), Mapping) for task in held)


def read_label_studio(path: Path, tasks: Sequence[Mapping[str, Any]]) -> Annotations:
    """Read the regions of each task.

    Of several annotations of a task the last counts that was not cancelled, and the ground truth before others;
    predictions count where there is none. Later regions are painted over earlier ones.

    Args:
        path: The file.
        tasks: Its JSON.

    Returns:
        The drawings.

    Raises:
        UnpoolError: A task is not as Label Studio writes it.
    """
    counts: Counter[str] = Counter()
    passed_over: Counter[str] = Counter()
    found: list[tuple[tuple[str, ...], tuple[int, int] | None, list[tuple[str, Area]]]] = []
    for place, task in enumerate(tasks, 1):
        with name_damage(f"{path}, task {place}", TITLE):
            regions = list(_find_regions(task, counts))
            sizes = [(int(each["original_height"]), int(each["original_width"])) for each in regions]
            areas: list[tuple[str, Area]] = []
            for region in regions:
                area, labels = _read_region(region), _labels_of(region)
                if area is None or not labels:
                    passed_over["regions without an area or a label"] += 1
                else:
                    areas.append((labels[0], area))
            if regions or _is_annotated(task):
                found.append((_name_images(task), sizes[0] if sizes else None, areas))
    names = NumberedNames(sorted({label for _, _, areas in found for label, _ in areas}))
    drawings = [
        Drawing(images, tuple((names.number(label), area) for label, area in areas), size)
        for images, size, areas in found
    ]
    return Annotations(path, TITLE, names.names, drawings, passed_over, _describe(counts))


def _find_regions(task: Mapping[str, Any], counts: Counter[str]) -> Iterator[_Region]:
    """The regions of a task: results of its annotation, or in the short form lists of values."""
    if isinstance(task.get("data"), Mapping):
        every = task.get("annotations") or task.get("completions") or []
        valid = [each for each in every if each.get("was_cancelled") is not True]
        counts["cancelled"] += len(every) - len(valid)
        valid = [each for each in valid if each.get("ground_truth") is True] or valid
        counts["several"] += len(valid) > 1
        if not valid and task.get("predictions"):
            counts["predicted"] += 1
            valid = task["predictions"]
        for result in valid[-1]["result"] if valid else ():
            if result.get("image_rotation"):
                counts["rotated"] += 1
            elif isinstance(result.get("value"), Mapping) and "original_width" in result:
                yield {
                    **result["value"],
                    **{key: result[key] for key in ("original_width", "original_height")},
                }
        return
    for values in task.values():
        if isinstance(values, list):
            yield from (each for each in values if isinstance(each, Mapping) and "original_width" in each)


def _is_annotated(task: Mapping[str, Any]) -> bool:
    keys = ("annotations", "completions", "predictions")
    return "data" not in task or any(task.get(key) for key in keys)


def _labels_of(region: _Region) -> list[str]:
    found: Sequence[object] = next((region[key] for key in LABEL_KEYS if region.get(key)), [])
    return list(map(str, found))


def _read_region(region: _Region) -> Area | None:
    """The area of a region; None where it bounds none."""
    width, height = int(region["original_width"]), int(region["original_height"])
    if "rle" in region:
        return Brush(list(map(int, region["rle"])), (height, width))
    scale_2 = np.array([width, height]) / PERCENT
    if "points" in region:
        point_V2 = np.array(region["points"], np.float64).reshape(-1, 2) * scale_2
        return Polygons((point_V2,)) if len(point_V2) >= MIN_CORNERS else None
    rotation = float(region.get("rotation", 0))
    if "radiusX" in region:
        shares_4 = np.array([float(region[key]) for key in ("x", "y", "radiusX", "radiusY")])
        x, y, radius_x, radius_y = (shares_4 * np.tile(scale_2, 2)).tolist()
        return make_ellipse(x, y, radius_x, radius_y, rotation)
    if {"x", "y", "width", "height"} <= region.keys():  # a point has a width alone
        x, y, wide, high = (float(region[key]) for key in ("x", "y", "width", "height"))
        left, top = np.array([x, y]) * scale_2
        right, bottom = np.array([x + wide, y + high]) * scale_2
        return make_rectangle(left, top, right, bottom, rotation)
    return None


def _is_address(text: str) -> bool:
    parts = urlsplit(text)
    return has_image_name(parts.path) or parts.query.startswith("d=")


def _name_images(task: Mapping[str, Any]) -> tuple[str, ...]:
    """What a task's image may be called: its address, and its name before it was uploaded."""
    data = task["data"] if isinstance(task.get("data"), Mapping) else task
    texts = [value for value in data.values() if isinstance(value, str)]
    address = next(filter(_is_address, texts), texts[0] if texts else "")
    parts = urlsplit(address.replace("\\", "/"))
    if parts.path == _LOCAL:
        address = parse_qs(parts.query).get("d", [address])[0]
    name = address.rsplit("/", 1)[-1]
    return (address, _UPLOADED.sub("", name)) if _UPLOADED.match(name) else (address,)


def _describe(counts: Counter[str]) -> list[str]:
    sentences = {
        "cancelled": "annotations were cancelled and do not count",
        "several": "tasks have several annotations, of which the last counts",
        "rotated": "regions are of images that were rotated while drawing, and are left out",
        "predicted": "tasks have predictions alone, which count",
    }
    return [f"{counts[key]} {sentence}" for key, sentence in sentences.items() if counts[key]]
