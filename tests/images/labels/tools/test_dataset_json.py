"""COCO and Datumaro: the classes of whole images."""

from __future__ import annotations

from typing import Any

import pytest

from unpool.errors import UnpoolError
from unpool.images.labels.tools.dataset_json import read_coco, read_datumaro

COCO: dict[str, Any] = {
    "images": [{"id": "1", "file_name": "a.png"}, {"id": "2", "file_name": "b.png"}, {"id": "3", "file_name": "c.png"}],
    "categories": [{"id": "7", "name": "y"}, {"id": "8", "name": "x"}],
    "annotations": [
        {"image_id": "1", "category_id": "8"},
        {"image_id": "2", "category_id": "7"},
        {"image_id": "2", "category_id": "7"},
        {"image_id": "2", "category_id": "8"},
    ],
}  # fmt: skip
DATUMARO: dict[str, Any] = {
    "infos": {},
    "categories": {"label": {"labels": [{"name": "cat", "parent": ""}, {"name": "dog"}]}},
    "items": [
        {"id": "a", "image": {"path": "a.png"}, "annotations": [
            {"type": "label", "label_id": "1", "attributes": {"age": "3", "box": {"nested": 1}}},
            {"type": "polygon", "label_id": "0", "points": ["1.5"]},
        ]},
        {"id": "sub/b", "media": {}, "annotations": [
            {"type": "label", "label_id": "0"}, {"type": "label", "label_id": "1", "attributes": {"label": "z"}}
        ]},
        {"id": "c"},
    ],
}  # fmt: skip


def test_coco_has_a_row_for_each_category_of_an_image_and_one_for_an_image_without() -> None:
    table = read_coco(COCO)
    rows = list(zip(table.paths, table.columns["category"], strict=True))
    assert rows == [("a.png", "x"), ("b.png", "y"), ("b.png", "x"), ("c.png", None)]
    assert (table.label, table.numbers) == ("category", [1, 2, 3, 4])


def test_datumaro_has_labels_with_attributes_and_no_shapes() -> None:
    table = read_datumaro(DATUMARO)
    assert table.paths == ["a.png", "sub/b", "c"]
    assert table.columns == {
        "label": ["dog", ["cat", "dog"], None], "age": ["3", None, None], "label (2)": [None, "z", None]
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": [{"id": "1"}]}, "looks like COCO, but 'file_name' is missing"),
        ({"categories": []}, "looks like COCO, but '8' is missing"),
    ],
)
def test_what_coco_lacks_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(UnpoolError, match=message):
        read_coco(COCO | change)


def test_what_datumaro_lacks_is_named() -> None:
    with pytest.raises(UnpoolError, match="looks like Datumaro's JSON, but 'id' is missing"):
        read_datumaro(DATUMARO | {"items": [{}]})
    with pytest.raises(UnpoolError, match="looks like Datumaro's JSON"):
        read_datumaro(DATUMARO | {"categories": {}})
