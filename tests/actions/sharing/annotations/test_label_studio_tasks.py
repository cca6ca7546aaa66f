"""Tasks of Label Studio, as its documentation has them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from support.labelled_workspace import PATHS, make_labelled_workspace, values_of
from support.messages import Messages
from unpool.actions.sharing.annotations.label_studio_tasks import name_control
from unpool.actions.sharing.export import export
from unpool.actions.sharing.settings import ExportSettings
from unpool.errors import UnpoolError
from unpool.images.labels.image_fields import read_image_fields
from unpool.store.fields.kinds import read_values
from unpool.store.fields.names import Field
from unpool.store.state import write_state

# Source: https://labelstud.io/guide/task_format and https://labelstud.io/tags
VALUES = {
    "choices": {"choices": {"type": "array", "items": {"type": "string"}, "minItems": 1}},
    "number": {"number": {"type": "number"}},
    "datetime": {"datetime": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?$"}},
    "textarea": {"text": {"type": "array", "items": {"type": "string"}}},
}
RESULT = {
    "required": ["id", "from_name", "to_name", "type", "value"],
    "oneOf": [
        {"properties": {
            "type": {"const": kind},
            "value": {"properties": value, "required": list(value), "additionalProperties": False},
        }}
        for kind, value in VALUES.items()
    ],
}  # fmt: skip
RESULTS = {"type": "array", "items": RESULT, "minItems": 1}
TASKS = {
    "type": "array",
    "items": {
        "required": ["id", "data"],
        "properties": {
            "id": {"type": "integer"},
            "data": {"required": ["image"], "additionalProperties": {"type": "string"}},
            "annotations": {"items": {"required": ["result"], "properties": {"result": RESULTS}}},
            "predictions": {"items": {
                "required": ["result", "score", "model_version"],
                "properties": {"result": RESULTS, "score": {"type": "number", "maximum": 1}},
            }},
        },
        "additionalProperties": False,
    },
}  # fmt: skip


def check_fits_interface(tasks: list[dict[str, Any]], interface: ElementTree.Element) -> None:
    """What Label Studio refuses an import for: results whose control or choice the interface lacks."""
    (image,) = interface.findall("Image")
    assert image.get("value") == "$image"
    controls = {control.get("name"): control for control in interface if control is not image}
    for task in tasks:
        for each in [*task.get("annotations", []), *task.get("predictions", [])]:
            for result in each["result"]:
                control = controls[result["from_name"]]
                assert control.tag.lower() == result["type"]
                assert control.get("toName") == result["to_name"] == image.get("name")
                chosen = result["value"].get("choices", [])
                assert set(chosen) <= {choice.get("value") for choice in control}
                assert len(chosen) < 2 or control.get("choice") == "multiple"


def test_tasks_and_their_interface_are_as_documented(tmp_path: Path) -> None:
    table, progress, out = make_labelled_workspace(tmp_path), Messages(), tmp_path / "studio"
    table.update([PATHS[3]], {"suggestion": ["bird"], "suggestion_confidence": [0.75]})
    assert export(table.work, ExportSettings("labelstudio", out), progress=progress)["images"] == 4
    tasks = json.loads((out / "tasks.json").read_text())
    jsonschema.validate(tasks, TASKS)
    check_fits_interface(tasks, ElementTree.parse(out / "interface.xml").getroot())
    assert [task["data"]["image"] for task in tasks] == [
        f"/data/local-files/?d=photos/{name}" for name in ("caf%C3%A9.png", "cat/a.png", "dog/b%20b.png", "dog/c.png")
    ]  # fmt: skip
    assert [len(task.get("predictions", [])) for task in tasks] == [0, 0, 0, 1]
    assert "annotations" not in tasks[3]
    assert "the folder above photos" in progress.texts[1]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    table = make_labelled_workspace(tmp_path)
    export(table.work, ExportSettings("labelstudio", tmp_path / "a.json"))
    assert (tmp_path / "a.xml").is_file()
    found = read_image_fields(PATHS, tmp_path / "a.json", [str(tmp_path / "photos")])
    for name, (kind, values) in values_of().items():
        texts = found.values[name_control(Field(name, kind))]
        assert dict(zip(texts, read_values(list(texts.values()), kind).values, strict=True)) == values
    assert (found.label, found.unmatched) == ("label", [])


def test_images_of_a_store_keep_their_address(tmp_path: Path) -> None:
    table = make_labelled_workspace(tmp_path)
    write_state(table.work, images="s3://bucket/photos")
    export(table.work, ExportSettings("labelstudio", tmp_path / "a.json", paths=[PATHS[1]]))
    (task,) = json.loads((tmp_path / "a.json").read_text())
    assert task["data"]["image"] == f"s3://bucket/photos/{PATHS[1]}"


def test_xml_of_another_tool_is_not_written_over(tmp_path: Path) -> None:
    work = make_labelled_workspace(tmp_path).work
    export(work, ExportSettings("cvat", str(tmp_path / "labels.xml")))
    before = (tmp_path / "labels.xml").read_bytes()
    with pytest.raises(UnpoolError, match="is a file of another kind"):
        export(work, ExportSettings("labelstudio", str(tmp_path / "labels.json")))
    assert (tmp_path / "labels.xml").read_bytes() == before
    assert not (tmp_path / "labels.json").exists()
