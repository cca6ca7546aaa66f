"""COCO's JSON as other tools write it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pycocotools import mask as coco

from unpool.errors import UnpoolError
from unpool.images.annotations.coco import is_coco, read_coco

SQUARE = [1, 1, 5, 1, 5, 5, 1, 5]


def held(**changes: Any) -> dict[str, Any]:
    """Two images, the second without annotations."""
    images = [{"id": 7, "file_name": "a.png", "width": 8, "height": 6}, {"id": 9, "file_name": "b.png"}]
    categories = [{"id": 30, "name": "tree"}, {"id": 2, "name": "car"}]
    annotations = [{"id": 1, "image_id": 7, "category_id": 30, "segmentation": [SQUARE]}]
    return {"images": images, "categories": categories, "annotations": annotations} | changes


def annotate(segmentation: object, category: int = 30) -> dict[str, Any]:
    return {"id": 1, "image_id": 7, "category_id": category, "segmentation": segmentation}


def test_classes_have_the_order_of_their_ids() -> None:
    found = read_coco(Path("c.json"), held())
    assert found.names == {1: "car", 2: "tree"}
    one, other = found.drawings
    assert one.names == ("a.png",)
    assert one.size == (6, 8)
    assert other.size is None
    assert other.areas == ()
    number_HW, _ = one.paint(6, 8)
    assert (number_HW == 2).sum() == 16


def test_every_kind_of_segmentation_is_the_same() -> None:
    expected = coco.frPyObjects([SQUARE], 6, 8)[0]
    counts = [7, 4, 2, 4, 2, 4, 2, 4, 19]
    kinds: list[object] = [
        SQUARE, [SQUARE], {"counts": counts, "size": [6, 8]},
        {"counts": expected["counts"].decode(), "size": [6, 8]},
    ]  # fmt: skip
    masks = []
    for kind in kinds:
        drawing = read_coco(Path("c.json"), held(annotations=[annotate(kind)])).drawings[0]
        masks.append(drawing.paint(6, 8)[0])
        assert len(drawing.areas) == 1
    assert all((mask == masks[0]).all() for mask in masks)
    expected_HW = coco.decode(expected)
    assert ((masks[0] > 0) == expected_HW).all()


def test_small_objects_are_on_top() -> None:
    large = [0, 0, 8, 0, 8, 6, 0, 6]
    for order in ([annotate([SQUARE], 2), annotate([large])], [annotate([large]), annotate([SQUARE], 2)]):
        number_HW, num_twice = read_coco(Path("c.json"), held(annotations=order)).drawings[0].paint(6, 8)
        assert (number_HW == 1).sum() == num_twice == 16
        assert (number_HW == 2).sum() == 32


def test_what_bounds_no_area_is_counted() -> None:
    annotations = [
        annotate([]),
        annotate(None),
        annotate([[1, 1, 2, 2]]),
        {**annotate([SQUARE]), "image_id": 8},
    ]
    found = read_coco(Path("c.json"), held(annotations=annotations))
    assert dict(found.passed_over) == {
        "boxes without outline": 3,
        "annotations of images that are not listed": 1,
    }


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"categories": [{"id": 1}]}, "c.json: not as COCO writes it (KeyError('name')); export it again"),
        (
            {"annotations": [annotate([SQUARE], 5)]},
            "c.json, annotation 1: not as COCO writes it (KeyError(5))",
        ),
        ({"annotations": [annotate([["a", 1]])]}, "c.json, annotation 1: not as COCO writes it"),
        ({"annotations": [annotate({"counts": "x"})]}, "c.json, annotation 1: not as COCO writes it"),
        ({"annotations": [annotate([[1, 2, 3, 4, 5]])]}, "c.json, annotation 1: not as COCO writes it"),
    ],
)
def test_damage_is_named(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UnpoolError) as caught:
        read_coco(Path("c.json"), held(**changes))
    assert words in str(caught.value)


def test_what_is_coco() -> None:
    assert is_coco(json.loads(json.dumps(held())))
    assert not is_coco({"images": [], "annotations": []})
    assert not is_coco([held()])
