"""Tasks of Label Studio: what people chose for whole images."""

from __future__ import annotations

from typing import Any

import pytest

from unpool.errors import UnpoolError
from unpool.images.labels.field_table import FieldTable
from unpool.images.labels.tools.label_studio import drop_bookkeeping, is_label_studio, read_label_studio


def knows(text: str) -> bool:
    return text.endswith(".png")


def choose(*names: str, control: str = "kind") -> dict[str, Any]:
    return {"from_name": control, "to_name": "image", "type": "choices", "value": {"choices": list(names)}}


def task(name: str, *annotations: dict[str, Any], **data: Any) -> dict[str, Any]:
    return {"id": "1", "data": {"image": f"/data/upload/1/{name}", **data}, "annotations": list(annotations)}


def test_every_kind_of_value_of_a_whole_image_is_read() -> None:
    values: dict[str, dict[str, Any]] = {
        "rating": {"rating": "4"},
        "number": {"number": "2.5"},
        "datetime": {"datetime": "2024-05-01"},
        "textarea": {"text": ["a", "b"]},
        "taxonomy": {"taxonomy": [["animal", "cat"], ["wild"]]},
    }
    results = [{"from_name": f"the {kind}", "type": kind, "value": value} for kind, value in values.items()]
    table = read_label_studio([task("a.png", {"result": [*results, choose("cat")]}, city="Bonn")], knows)
    assert table.columns == {
        "the rating": ["4"], "the number": ["2.5"], "the datetime": ["2024-05-01"], "the textarea": [["a", "b"]],
        "the taxonomy": [["animal/cat", "wild"]], "kind": ["cat"], "city": ["Bonn"],
    }  # fmt: skip
    assert table.label == "kind"
    assert table.remarks[0].startswith("'kind' was taken for the labels, of the choices")


def test_cancelled_annotations_and_regions_are_counted_and_do_not_count() -> None:
    region = {"from_name": "box", "type": "rectanglelabels", "value": {"x": 1, "rectanglelabels": ["nose"]}}
    of_region = choose("wet") | {"value": {"x": 1, "choices": ["wet"]}}
    table = read_label_studio(
        [
            task(
                "a.png",
                {"result": [choose("cat"), region, of_region]},
                {"was_cancelled": True, "result": [choose("dog")]},
            ),
            task("b.png", {"was_cancelled": True, "result": []}),
        ],
        knows,
    )
    assert table.columns == {"kind": ["cat", None]}
    assert table.remarks == [
        "annotations that were cancelled and do not count: 2",
        "regions, which are no value of a whole image and were passed over: 2",
    ]


def test_people_who_disagree_give_no_label_and_the_ground_truth_decides() -> None:
    cat, dog = {"result": [choose("cat")]}, {"result": [choose("dog")]}
    table = read_label_studio(
        [
            task("a.png", cat, dog),
            task("b.png", cat, dog | {"ground_truth": True}),
            task("c.png", {"result": [choose("x", "y")]}, {"result": [choose("y", "x")]}),
        ],
        knows,
    )
    assert table.columns == {"kind": [None, "dog", ["x", "y"]]}
    assert table.remarks == ["images without 'kind', since their annotators disagree: 1"]


def test_the_key_of_the_image_is_the_one_that_names_images() -> None:
    held = [
        {"data": {"url": "https://x/page", "picture": "a.png"}, "annotations": [{"result": [choose("cat")]}]}
    ]
    assert read_label_studio(held, knows).paths == ["a.png"]


def test_predictions_alone_are_no_labels() -> None:
    held = [{"data": {"image": "a.png"}, "predictions": [{"result": [choose("cat")]}]}]
    assert is_label_studio(held)
    table = read_label_studio(held, knows)
    assert (table.label, table.columns) == ("", {})
    assert table.no_label.startswith("no annotation of its tasks has choices")


def test_other_objects_are_no_tasks() -> None:
    assert not is_label_studio([{"data": {"image": "a.png"}}])
    assert is_label_studio([{"data": {"image": "a.png"}}, task("b.png")])
    assert not is_label_studio([task("a.png"), {"path": "b.png", "label": "x"}])
    with pytest.raises(UnpoolError, match="none of its tasks has data that names an image"):
        read_label_studio([{"data": {}, "annotations": []}], knows)
    with pytest.raises(UnpoolError, match="task 1 is not as Label Studio writes it: 'from_name'"):
        read_label_studio(
            [task("a.png", {"result": [{"type": "choices", "value": {"choices": ["a"]}}]})], knows
        )


def test_bookkeeping_of_its_tables_is_no_field() -> None:
    names = ["choice", "id", "annotator", "annotation_id", "lead_time"]
    table = FieldTable(["a.png"], {name: ["1"] for name in names}, [1])
    drop_bookkeeping(table)
    assert list(table.columns) == ["choice"]
    own = FieldTable(["a.png"], {"id": ["1"], "annotator": ["me"]}, [1])
    drop_bookkeeping(own)
    assert list(own.columns) == ["id", "annotator"]
