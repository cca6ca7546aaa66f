"""Label Studio's exports, with regions of every kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unpool.errors import UnpoolError
from unpool.images.annotations.brush import encode_brush
from unpool.images.annotations.drawings import Annotations
from unpool.images.annotations.label_studio import is_label_studio, read_label_studio

SIZE = {"original_width": 30, "original_height": 20}


def result(kind: str, value: dict[str, Any], label: str = "tree", **more: Any) -> dict[str, Any]:
    return {"type": kind, "from_name": "l", "to_name": "i", **SIZE, "value": {**value, kind: [label]}, **more}


def task(
    *annotations: dict[str, Any], image: str = "/data/upload/1/0123abcd-a.jpg", **more: Any
) -> dict[str, Any]:
    return {"id": 1, "data": {"text": "a tree", "image": image}, "annotations": list(annotations), **more}


def read(*tasks: dict[str, Any]) -> Annotations:
    return read_label_studio(Path("s.json"), tasks)


def paint(*results: dict[str, Any]) -> np.ndarray:
    return read(task({"result": list(results)})).drawings[0].paint(20, 30)[0]


BRUSH = result("brushlabels", {"format": "rle", "rle": encode_brush(np.array([33]), np.array([36]), 600)})
POLYGON = result("polygonlabels", {"points": [[10, 10], [50, 10], [50, 60], [10, 60]]})
BOX = result("rectanglelabels", {"x": 10, "y": 10, "width": 40, "height": 50, "rotation": 0})


def test_regions_of_every_kind_are_drawn() -> None:
    assert np.flatnonzero(paint(BRUSH)).tolist() == [33, 34, 35]
    for region in (POLYGON, BOX):
        assert (paint(region)[2:12, 3:15] == 1).all()
        assert paint(region).sum() == 120
    turned = paint(result("rectanglelabels", {"x": 50, "y": 10, "width": 20, "height": 50, "rotation": 90}))
    assert (turned[2:8, 5:15] == 1).all()  # about its corner, in pixels
    ellipse = paint(result("ellipselabels", {"x": 50, "y": 50, "radiusX": 20, "radiusY": 40, "rotation": 0}))
    assert abs(int(ellipse.sum()) - np.pi * 48) < 4


def test_points_and_addresses_of_pages_are_left_out() -> None:
    point = result("keypointlabels", {"x": 10, "y": 10, "width": 0.3})
    found = read({
        **task({"result": [point, BOX]}),
        "data": {"source": "www.example.org", "image": "https://host/a.jpg?key=3"},
    })  # fmt: skip
    assert [drawing.names for drawing in found.drawings] == [("https://host/a.jpg?key=3",)]
    assert found.passed_over == {"regions without an area or a label": 1}


def test_the_last_valid_annotation_counts() -> None:
    found = read(task({"result": [BOX]}, {"result": [BRUSH]}, {"result": [POLYGON], "was_cancelled": True}))
    assert (found.drawings[0].paint(20, 30)[0] > 0).sum() == 3
    assert found.remarks == [
        "1 annotations were cancelled and do not count",
        "1 tasks have several annotations, of which the last counts",
    ]


def test_the_ground_truth_counts_before_others() -> None:
    found = read(task({"result": [BRUSH], "ground_truth": True}, {"result": [BOX]}))
    assert (found.drawings[0].paint(20, 30)[0] > 0).sum() == 3
    assert found.remarks == []


def test_predictions_count_where_there_is_no_annotation() -> None:
    found = read(
        task(predictions=[{"result": [BRUSH]}]), task({"result": []}, predictions=[{"result": [BOX]}])
    )
    assert len(found.drawings[0].areas) == 1
    assert found.drawings[1].areas == ()
    assert found.remarks == ["1 tasks have predictions alone, which count"]


def test_a_task_without_annotation_is_no_empty_image() -> None:
    assert len(read(task({"result": [BOX]}), task()).drawings) == 1


def test_the_short_form_is_the_same() -> None:
    item = {
        "id": 3,
        "image": "http://host/a.jpg",
        "label": [{**BRUSH["value"], **SIZE}, {**BOX["value"], **SIZE}],
    }
    found = read(item)
    assert is_label_studio([item])
    assert (found.drawings[0].paint(20, 30)[0] == paint(BRUSH, BOX)).all()
    assert found.drawings[0].names == ("http://host/a.jpg",)


@pytest.mark.parametrize(
    ("image", "names"),
    [
        ("/data/upload/1/0123abcd-a.jpg", ("/data/upload/1/0123abcd-a.jpg", "a.jpg")),
        ("/data/local-files/?d=set%20one/a.jpg", ("set one/a.jpg",)), ("s3://bucket/sub/a.jpg", ("s3://bucket/sub/a.jpg",)),
    ],
)  # fmt: skip
def test_addresses_become_names(image: str, names: tuple[str, ...]) -> None:
    assert read(task({"result": [BOX]}, image=image)).drawings[0].names == names


def test_what_cannot_be_used_is_counted() -> None:
    line = result("polygonlabels", {"points": [[1, 1], [2, 2]]})
    found = read(task({"result": [line, {**BOX, "image_rotation": 90}, {"type": "choices", "value": {}}]}))
    assert dict(found.passed_over) == {"regions without an area or a label": 1}
    assert found.remarks == ["1 regions are of images that were rotated while drawing, and are left out"]


def test_damage_is_named() -> None:
    with pytest.raises(UnpoolError, match=r"s\.json, task 2: not as Label Studio writes it"):
        read(task({"result": [BOX]}), task({"result": [result("polygonlabels", {"points": [["a", 1]]})]}))


def test_what_is_label_studio() -> None:
    assert is_label_studio([task({"result": [BOX]})])
    for other in ([], [{"data": {}, "annotations": []}], [1], {"a": 1}, [{"image": "a", "label": ["b"]}]):
        assert not is_label_studio(other)
