"""LabelMe's JSON, checked by its schema and filled as LabelMe fills: by Pillow, with the outline."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from PIL import Image

from support.annotations import NAMES, fill_by_pillow, speckled, write_request
from unpool.actions.sharing.annotations.labelme_masks import write_labelme

# What LabelMe itself reads (labelme/label_file.py of 5.5): these keys, and points as pairs of numbers.
SCHEMA = {
    "type": "object",
    "required": ["version", "shapes", "imagePath", "imageData", "imageHeight", "imageWidth", "flags"],
    "properties": {
        "imageData": {"type": "null"}, "imagePath": {"type": "string"}, "flags": {"type": "object"},
        "imageHeight": {"type": "integer"}, "imageWidth": {"type": "integer"},
        "shapes": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["label", "points", "group_id", "shape_type", "flags", "mask", "description"],
                "properties": {
                    "label": {"type": "string"}, "shape_type": {"enum": ["polygon", "mask"]},
                    "points": {
                        "type": "array", "minItems": 2,
                        "items": {
                            "type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2
                        },
                    },
                    "mask": {"type": ["string", "null"]},
                },
            },
        },
    },
}  # fmt: skip


def draw(shape: dict[str, Any], height: int, width: int) -> np.ndarray:
    """What LabelMe's own shapes_to_label covers."""
    if shape["shape_type"] == "polygon":
        return fill_by_pillow(np.array(shape["points"]), height, width)
    (left, top), (right, bottom) = np.array(shape["points"]).astype(int)
    covered_HW = np.zeros((height, width), bool)
    picture = Image.open(io.BytesIO(base64.b64decode(shape["mask"])))
    covered_HW[top : bottom + 1, left : right + 1] = np.asarray(picture).astype(bool)
    return covered_HW


@pytest.mark.parametrize("seed", range(2))
def test_labelme_would_draw_the_same_masks(tmp_path: Path, seed: int) -> None:
    label_HW = speckled(seed)
    request = write_request(tmp_path, [label_HW, label_HW.T.copy()])
    result = write_labelme(request)
    assert any("have holes and are masks" in remark for remark in result.remarks)
    for mask, expected_HW in zip(request.masks, (label_HW, label_HW.T), strict=True):
        file = result.path / f"{mask.name}.json"
        held = json.loads(file.read_text("utf-8"))
        jsonschema.validate(held, SCHEMA)
        assert (file.parent / held["imagePath"]).resolve() == mask.image_file.resolve()
        assert (held["imageHeight"], held["imageWidth"]) == expected_HW.shape
        found_HW = np.zeros_like(expected_HW)
        for shape in held["shapes"]:
            found_HW[draw(shape, *expected_HW.shape)] = NAMES.index(shape["label"])
        assert (found_HW == expected_HW).all()


def test_what_somebody_has_corrected_stays(tmp_path: Path) -> None:
    request = write_request(tmp_path, [speckled(0)])
    file = next(write_labelme(request).path.rglob("*.json"))
    file.write_text("{}")
    write_labelme(replace(request, masks=[replace(request.masks[0], is_new=False)]))
    assert file.read_text() == "{}"
