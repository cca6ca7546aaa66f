"""Labels in JSON, as scripts and annotation tools write it."""

from __future__ import annotations

import json

import pytest

from unpool.errors import UnpoolError
from unpool.images.labels.field_table import LabelRow, read_label_rows
from unpool.images.labels.label_json import read_columns, read_json


def rows_of(text: str) -> list[LabelRow]:
    return read_label_rows(read_json(text, knows)).rows


def knows(text: str) -> bool:
    return text.endswith(".png")


@pytest.mark.parametrize(
    "text",
    [
        '[{"path": "a.png", "label": "x"}, {"path": "b.png", "label": "y"}]',
        '{"path": "a.png", "label": "x"}\n{"path": "b.png", "label": "y"}\n',
        '{"file_name": "a.png", "label": "x", "box": [1, 2]}\n{"file_name": "b.png", "label": ["y"]}\n',
        '{"a.png": "x", "b.png": "y"}',
        '{"x": ["a.png"], "y": ["b.png"]}',
        '{"path": ["a.png", "b.png"], "label": ["x", "y"]}',
        '{"path": {"0": "a.png", "1": "b.png"}, "label": {"0": "x", "1": "y"}}',
        '{"a.png": {"label": "x", "n": 3}, "b.png": {"label": "y"}}',
        '[["a.png", "x"], ["b.png", "y"]]',
        '{"info": {"n": 2}, "rows": [{"file": "a.png", "label": "x"}, {"file": "b.png", "label": "y"}]}',
        '[{"image": {"path": "a.png", "bytes": null}, "label": "x"}, {"image": "b.png", "label": "y"}]',
        json.dumps({
            "images": [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "b.png"}],
            "categories": [{"id": 7, "name": "y"}, {"id": 8, "name": "x"}],
            "annotations": [{"image_id": 1, "category_id": 8}, {"image_id": 2, "category_id": 7},
                            {"image_id": 2, "category_id": 7}],
        }),
    ],
)  # fmt: skip
def test_every_form_gives_the_same_rows(text: str) -> None:
    rows = rows_of(text)
    assert [(row.line, row.path, row.label) for row in rows] == [(1, "a.png", "x"), (2, "b.png", "y")]


def test_values_keep_their_letters_and_keys_that_stand_twice_both_count() -> None:
    text = '{"a.png": 1e5, "b.png": NaN, "c.png": true, "d.png": null, "e.png": 007, "a.png": 1.0}'
    with pytest.raises(ValueError, match="Expecting"):
        read_json(text, knows)
    rows = rows_of(text.replace("007", '"007"'))
    assert [row.label for row in rows] == ["1e5", "NaN", "true", "", "007", "1.0"]
    assert [row.path for row in rows][::5] == ["a.png", "a.png"]


def test_one_line_of_json_lines_is_a_row() -> None:
    assert rows_of('{"path": "a.png", "label": "x"}')[0].label == "x"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3", "it must hold a list of"),
        ("[]", "it must hold a list of"),
        ('[{"path": "a.png", "label": ["x", "y"]}]', "must have one label"),
        ('[{"path": "a.png"}]', "it must hold a list of"),
        (
            '{"images": [{"id": 1}], "annotations": [], "categories": []}',
            "looks like COCO, but 'file_name' is missing",
        ),
    ],
)
def test_other_forms_are_an_error(text: str, message: str) -> None:
    with pytest.raises(UnpoolError, match=message):
        rows_of(text)


def test_columns_become_rows() -> None:
    table = read_columns({"path": ["a.png", "b.png"], "label": [7, None], "n": [1, 2]}, knows)
    assert table.paths == ["a.png", "b.png"]
    assert table.columns == {"label": ["7", None], "n": ["1", "2"]}
    assert (table.label, table.unit) == ("label", "row")


def test_metadata_of_hugging_face_has_fields_and_says_what_is_none() -> None:
    lines = [
        {"file_name": "a.png", "text": "a cat", "tags": ["x", "y"], "n": 3, "when": None, "vector": [0.5, 1],
         "objects": {"bbox": [[1, 2, 3, 4]], "categories": [0]}},
        {"file_name": "b.png", "tags": [], "n": 2.5},
    ]  # fmt: skip
    table = read_json("\n".join(map(json.dumps, lines)), knows)
    assert table.columns == {
        "text": ["a cat", None], "tags": [["x", "y"], None], "n": ["3", "2.5"], "when": [None, None]
    }  # fmt: skip
    assert table.left_out == ["vector", "objects"]
    assert table.label == "tags"


def test_paths_that_are_nested_are_an_error() -> None:
    with pytest.raises(UnpoolError, match="the values of 'path' are nested"):
        read_json('[{"path": {"a": 1}, "label": "x"}]', knows)
