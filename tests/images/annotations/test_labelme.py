"""LabelMe's JSON, with shapes of every kind."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from unpool.errors import UnpoolError
from unpool.images.annotations.labelme import is_labelme, read_labelme


def shape(kind: str | None, points: list[list[float]], label: str = "tree", **more: Any) -> dict[str, Any]:
    return {"label": label, "points": points, "shape_type": kind, **more}


def held(*shapes: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "version": "5.5.0", "shapes": list(shapes), "imagePath": "..\\photos\\a.jpg", "imageData": None,
        "imageHeight": 20, "imageWidth": 30, **changes,
    }  # fmt: skip


def paint(*shapes: dict[str, Any]) -> np.ndarray:
    (drawing,) = read_labelme(Path("a.json"), [(Path("a.json"), held(*shapes))]).drawings
    return drawing.paint(20, 30)[0]


def test_shapes_of_every_kind_are_drawn() -> None:
    picture = io.BytesIO()
    Image.fromarray(np.array([[1, 0], [1, 1]], np.uint8)).save(picture, "PNG")
    mask = base64.b64encode(picture.getvalue()).decode()
    assert paint(shape("polygon", [[1, 1], [5, 1], [5, 4], [1, 4]])).sum() == 12
    assert paint(shape(None, [[1, 1], [5, 1], [5, 4], [1, 4]])).sum() == 12  # files of version 3 say no kind
    assert paint(shape("rectangle", [[5, 4], [1, 1]]))[1:4, 1:5].all()
    assert abs(int(paint(shape("circle", [[15, 10], [15, 16]])).sum()) - np.pi * 36) < 3
    assert paint(shape("mask", [[3, 4], [4, 5]], mask=mask))[4:6, 3:5].tolist() == [[1, 0], [1, 1]]


def test_later_shapes_are_on_top() -> None:
    under = shape("rectangle", [[0, 0], [9, 9]], "a")
    over = shape("rectangle", [[2, 2], [4, 4]], "b")
    assert (paint(under, over) == 2).sum() == 4
    assert (paint(over, under) == 2).sum() == 0


def test_lines_and_points_are_counted() -> None:
    shapes = [shape("line", [[0, 0], [1, 1]]), shape("point", [[0, 0]]), shape("polygon", [[0, 0], [1, 1]])]
    found = read_labelme(Path("a.json"), [(Path("a.json"), held(*shapes))])
    assert dict(found.passed_over) == {
        "shapes of kind line": 1, "shapes of kind point": 1, "shapes of kind polygon": 1
    }  # fmt: skip


def test_the_image_is_found_by_place_then_by_what_the_file_says(tmp_path: Path) -> None:
    file = tmp_path / "sub" / "b.json"
    (drawing,) = read_labelme(tmp_path, [(file, held())]).drawings
    assert drawing.names == ("sub/a.jpg", "sub/b.json", "../photos/a.jpg")
    assert drawing.size == (20, 30)
    assert read_labelme(tmp_path, [(file, held(imageHeight=None))]).drawings[0].size is None


@pytest.mark.parametrize(
    "broken",
    [
        {"label": "a"}, shape("polygon", [[1, 2, 3]]), shape("circle", [[1, 2]]), shape("mask", [[1, 2]]),
        {"points": [[1, 1], [5, 1], [5, 4]]},
    ],
)  # fmt: skip
def test_damage_is_named(broken: dict[str, Any]) -> None:
    with pytest.raises(UnpoolError, match=r"a\.json, shape 2: not as LabelMe writes it"):
        read_labelme(Path("a.json"), [(Path("a.json"), held(shape("point", [[0, 0]]), broken))])


def test_what_is_labelme() -> None:
    assert is_labelme(held())
    assert not is_labelme({"shapes": []})
    assert not is_labelme([held()])
