"""Label Studio's tasks, checked by what it documents, and unpacked bit by bit."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import numpy as np

from support.annotations import NAMES, speckled, unpack_brush, write_request
from unpool.actions.sharing.annotations.label_studio_masks import write_label_studio

# Of https://labelstud.io/guide/predictions and https://labelstud.io/tags/brushlabels
SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["data", "predictions"],
        "properties": {
            "data": {"type": "object", "required": ["image"]},
            "predictions": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["model_version", "result"],
                    "properties": {
                        "result": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "required": [
                                    "id", "type", "from_name", "to_name", "original_width", "original_height", "value",
                                ],
                                "properties": {
                                    "type": {"const": "brushlabels"},
                                    "value": {
                                        "type": "object",
                                        "required": ["format", "rle", "brushlabels"],
                                        "properties": {
                                            "format": {"const": "rle"},
                                            "rle": {
                                                "type": "array",
                                                "items": {"type": "integer", "minimum": 0, "maximum": 255},
                                            },
                                            "brushlabels": {"type": "array", "minItems": 1, "maxItems": 1},
                                        },
                                    },
                                },
                            },
                        }
                    },
                },
            },
        },
    },
}  # fmt: skip


def test_label_studio_would_show_the_same_masks(tmp_path: Path) -> None:
    labels = [speckled(0), speckled(1, 30, 20), np.zeros((5, 4), np.uint8)]
    request = write_request(tmp_path, labels)
    tasks = json.loads(write_label_studio(request).path.read_text("utf-8"))
    jsonschema.validate(tasks, SCHEMA)
    assert [task["data"]["image"] for task in tasks] == [
        "/data/local-files/?d=a%20b%20%26%20%C3%A9/0.png", "/data/local-files/?d=in/1.png",
        "/data/local-files/?d=in/2.png",
    ]  # fmt: skip
    for task, label_HW in zip(tasks, labels, strict=True):
        found_HW = np.zeros_like(label_HW)
        (prediction,) = task["predictions"]
        for result in prediction["result"]:
            size = result["original_height"], result["original_width"]
            opacity_HW = np.array(unpack_brush(result["value"]["rle"])).reshape(*size, 4)[..., 3]
            found_HW[opacity_HW > 0] = NAMES.index(result["value"]["brushlabels"][0])
        assert (found_HW == label_HW).all()


def test_the_configuration_has_the_labels(tmp_path: Path) -> None:
    request = write_request(tmp_path, [speckled(0)])
    write_label_studio(request)
    root = ElementTree.parse(request.out / "labelstudio.xml").getroot()
    brushes = root.find("BrushLabels")
    assert brushes is not None
    assert (brushes.get("name"), brushes.get("toName")) == ("label", "image")
    assert [(each.get("value"), each.get("background")) for each in brushes] == [
        (NAMES[1], "#c80a14"), (NAMES[2], "#030405"),
    ]  # fmt: skip
