"""Read LabelMe's JSON, one file for each image.

Source: https://github.com/wkentaro/labelme
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from unpool.images.annotations.areas import Area, Patch, Polygons, make_ellipse, make_rectangle
from unpool.images.annotations.drawings import Annotations, Drawing, NumberedNames, name_damage

TITLE = "LabelMe"
MIN_CORNERS = 3


def is_labelme(held: object) -> bool:
    """Whether JSON is LabelMe's."""
    return isinstance(held, Mapping) and isinstance(held.get("shapes"), list) and "imagePath" in held


def read_labelme(path: Path, files: Sequence[tuple[Path, Mapping[str, Any]]]) -> Annotations:
    """Read a JSON file for each image.

    Later shapes are painted over earlier ones, as LabelMe does.

    Args:
        path: The folder of the files, or the only file.
        files: Each with its JSON.

    Returns:
        The drawings.

    Raises:
        UnpoolError: A file is not as LabelMe writes it; it is named.
    """
    passed_over: Counter[str] = Counter()
    folder = path if path.is_dir() else path.parent
    found: list[tuple[tuple[str, ...], tuple[int, int] | None, list[tuple[str, Area]]]] = []
    for file, held in files:
        areas: list[tuple[str, Area]] = []
        for place, shape in enumerate(held["shapes"], 1):
            with name_damage(f"{file}, shape {place}", TITLE):
                kind, name = str(shape.get("shape_type") or "polygon"), str(shape["label"])
                area = _read_shape(kind, shape)
            if area is None:
                passed_over[f"shapes of kind {kind}"] += 1
            else:
                areas.append((name, area))
        with name_damage(str(file), TITLE):
            found.append((_name_image(file, folder, held), _read_size(held), areas))
    names = NumberedNames(sorted({name for _, _, areas in found for name, _ in areas}))
    drawings = [
        Drawing(images, tuple((names.number(name), area) for name, area in areas), size)
        for images, size, areas in found
    ]
    return Annotations(path, TITLE, names.names, drawings, passed_over)


def _name_image(file: Path, folder: Path, held: Mapping[str, Any]) -> tuple[str, ...]:
    """The image that lies as the file does, then the one that the file names."""
    lies = PurePosixPath(file.relative_to(folder).as_posix())
    named = str(held.get("imagePath") or lies).replace("\\", "/")
    return str(lies.with_name(PurePosixPath(named).name)), str(lies), named


def _read_size(held: Mapping[str, Any]) -> tuple[int, int] | None:
    if not (held.get("imageHeight") and held.get("imageWidth")):
        return None
    return int(held["imageHeight"]), int(held["imageWidth"])


def _read_shape(kind: str, shape: Mapping[str, Any]) -> Area | None:
    """The area of a shape; None where it bounds none, such as a line."""
    point_V2 = np.array(shape["points"], np.float64).reshape(-1, 2)
    if kind == "polygon" or kind == "rotation":
        return Polygons((point_V2,)) if len(point_V2) >= MIN_CORNERS else None
    if kind == "rectangle":
        (left, top), (right, bottom) = point_V2.min(axis=0), point_V2.max(axis=0)
        return make_rectangle(left, top, right, bottom)
    if kind == "circle":
        (x, y), radius = point_V2[0], float(np.hypot(*(point_V2[1] - point_V2[0])))
        return make_ellipse(x, y, radius, radius)
    if kind == "mask":
        left, top = point_V2[0].round().astype(int).tolist()
        return Patch(str(shape["mask"]), left, top)
    return None
