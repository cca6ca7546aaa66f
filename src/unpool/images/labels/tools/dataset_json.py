"""Classes of images in the JSON of data sets.

Those are COCO, and Datumaro, which CVAT writes too.

Sources: https://cocodataset.org/#format-data
https://open-edge-platform.github.io/datumaro/stable/docs/data-formats/formats/datumaro.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from unpool.errors import UnpoolError
from unpool.images.labels.field_table import FieldTable, Value, read_value, unwrap

UNIT = "entry"
CATEGORY = "category"
LABEL = "label"


def read_coco(held: Mapping[str, Any]) -> FieldTable:
    """Read the category of each image.

    An image with several categories has as many rows, one without annotation a row without a category.

    Raises:
        UnpoolError: A key is missing.
    """
    try:
        name_of = {each["id"]: str(each["name"]) for each in held["categories"]}
        path_of = {each["id"]: str(each["file_name"]) for each in held["images"]}
        pairs = dict.fromkeys((each["image_id"], each["category_id"]) for each in held["annotations"])
        rows: list[tuple[str, Value]] = [(path_of[image], name_of[category]) for image, category in pairs]
    except (KeyError, TypeError) as error:
        raise UnpoolError(f"it looks like COCO, but {error} is missing in it") from None
    annotated = {image for image, _ in pairs}
    rows += [(path, None) for image, path in path_of.items() if image not in annotated]
    return _to_table(rows, CATEGORY)


def read_datumaro(held: Mapping[str, Any]) -> FieldTable:
    """Read the labels of each item, and their attributes.

    Raises:
        UnpoolError: A key is missing.
    """
    try:
        names = [str(each["name"]) for each in held["categories"].get(LABEL, {}).get("labels", [])]
        rows: list[tuple[str, Value]] = []
        attributes: list[dict[str, Value]] = []
        for item in held["items"]:
            media = item.get("image") or item.get("media") or {}
            labels = [each for each in item.get("annotations", []) if each["type"] == LABEL]
            found = [names[int(each["label_id"])] for each in labels]
            rows.append((str(media.get("path") or item["id"]), unwrap(found or None)))
            attributes.append(_read_attributes(labels))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise UnpoolError(f"it looks like Datumaro's JSON, but {error} is missing in it") from None
    table = _to_table(rows, LABEL)
    for name in dict.fromkeys(name for each in attributes for name in each):
        table.columns[name if name != LABEL else f"{LABEL} (2)"] = [each.get(name) for each in attributes]
    return table


def _read_attributes(labels: list[dict[str, Any]]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for label in labels:
        for name, value in (label.get("attributes") or {}).items():
            try:
                found[name] = read_value(value)
            except TypeError:
                continue
    return found


def _to_table(rows: list[tuple[str, Value]], name: str) -> FieldTable:
    numbers = list(range(1, len(rows) + 1))
    return FieldTable(
        [path for path, _ in rows], {name: [value for _, value in rows]}, numbers, name, unit=UNIT
    )
