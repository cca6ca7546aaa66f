"""Class files of JSON and YAML."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.class_files import entries
from unpool.errors import UsageError

GROUND, CAT = (0, 0, 0), (250, 50, 83)


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        (
            {"categories": [{"id": 1, "name": "cat", "supercategory": "animal"}, {"id": 17, "name": "dog"}]},
            [("background", 0, GROUND), ("cat", 1, None), ("dog", 17, None)],
        ),
        (
            {"classes": [{"title": "cat", "shape": "bitmap", "color": "#FA3253", "id": 33}], "tags": []},
            [("background", None, GROUND), ("cat", None, CAT)],
        ),
        ([{"name": "cat", "color": "#fa3253", "attributes": []}], [("cat", None, CAT)]),
        ({"labels": [{"name": "cat", "color": [250, 50, 83], "evaluate": True}]}, [("cat", None, CAT)]),
        ({"CLASSES": ["a", "cat"], "PALETTE": [GROUND, CAT]}, [("a", None, GROUND), ("cat", None, CAT)]),
        ({"id2label": {"0": "ground", "1": "cat"}}, [("ground", 0, None), ("cat", 1, None)]),
        ({"0": "ground", "1": "cat"}, [("ground", 0, None), ("cat", 1, None)]),
        ({"ground": 0, "cat": 1}, [("ground", 0, None), ("cat", 1, None)]),
        ({"names": ["ground", "cat"], "nc": 2, "train": "x"}, [("ground", None, None), ("cat", None, None)]),
        ([{"name": "cat", "id": 3, "color": "rgb(250, 50, 83)"}], [("cat", 3, CAT)]),
        ([{"class": "cat", "r": 250, "g": 50, "b": 83}], [("cat", None, CAT)]),
    ],
)  # fmt: skip
def test_structures(held: object, wanted: list[tuple[object, ...]], tmp_path: Path) -> None:
    assert entries(tmp_path, json.dumps(held), "a.json") == wanted
    assert entries(tmp_path, json.dumps(held), "a.txt") == wanted
    assert entries(tmp_path, json.dumps(held), "a.yaml") == wanted


def test_words_of_yaml_are_names(tmp_path: Path) -> None:
    assert entries(tmp_path, "no: 0\nyes: 1\n", "a.yaml") == [("no", 0, None), ("yes", 1, None)]
    assert entries(tmp_path, "- off\n- on\n", "a.yaml") == [("off", None, None), ("on", None, None)]
    assert entries(tmp_path, "- name: road\n  id: 0x1\n", "a.yaml") == [("road", 1, None)]
    assert entries(tmp_path, "sky: 0x10\nroad: 0x11\n", "a.yaml") == [("sky", 16, None), ("road", 17, None)]
    assert entries(tmp_path, "- name: 5\n  color: null\n  id: 07\n", "a.yaml") == [("5", 7, None)]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.yaml", "names:\n  1: road\n  1: car\n", "a.yaml cannot be read: 1 stands twice, on the lines 2 and 3"),
        ("a.json", '{"sky": 0, "road": 1, "sky": 2}', "a.json cannot be read: 'sky' stands twice in an object"),
        ("a.json", '{"sky": 0,\n"road" 1}', "a.json cannot be read: line 2: Expecting ':'"),
        ("a.yaml", "sky: 0\nroad: [\n", "a.yaml cannot be read: line 3: expected"),
        ("a.json", "[" * 100_000, "nested too deeply"),
        ("a.yaml", "[" * 20_000, "nested too deeply"),
        ("a.yaml", "- 1\n- 2\n", "must hold a list of names"),
    ],
)  # fmt: skip
def test_structures_that_are_wrong_are_refused_in_a_line(
    name: str, text: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        entries(tmp_path, text, name)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_yaml_of_a_training(tmp_path: Path) -> None:
    text = "path: ../data\ntrain: images\nnames:\n  0: ground\n  1: cat\n"
    assert entries(tmp_path, text, "data.yaml") == [("ground", 0, None), ("cat", 1, None)]


def test_names_in_json_may_be_digits(tmp_path: Path) -> None:
    assert [name for name, _, _ in entries(tmp_path, '["0", "1", "2"]', "a.json")] == ["0", "1", "2"]
    with pytest.raises(UsageError, match="must hold a list of names"):
        entries(tmp_path, "[0, 1, 2]", "a.json")
