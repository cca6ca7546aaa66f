"""Labels are counted with what is suggested, and fields listed beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.edits import PATHS, make_grouped_workspace
from unpool import Workspace
from unpool.actions.curation.label_list import find_suggested, list_labels
from unpool.errors import UnpoolError
from unpool.store.fields.values import write_field
from unpool.store.table import ImageTable


@pytest.fixture
def work(tmp_path: Path) -> Path:
    work = make_grouped_workspace(tmp_path / "w.unpool")
    ImageTable(work).update(PATHS[:3], {"label": ["hat", "coat", "hat"]})
    ImageTable(work).update(
        PATHS[4:7], {"suggestion": ["hat", "Boot", "hat"], "suggestion_confidence": [0.5, 0.9, 0.9]}
    )
    return work


def test_labels_are_counted(work: Path) -> None:
    write_field(work, "weight", {PATHS[0]: 3.5, PATHS[1]: 2.0})
    assert list_labels(work) == {
        "images": 12, "labelled": 3, "suggested": 3,
        "labels": [
            {"name": "Boot", "images": 0, "suggested": 1},
            {"name": "coat", "images": 1, "suggested": 0},
            {"name": "hat", "images": 2, "suggested": 2},
        ],
        "fields": [{"name": "weight", "kind": "number", "images": 2}],
    }  # fmt: skip


def test_what_was_labelled_since_is_no_suggestion(work: Path) -> None:
    ImageTable(work).update(PATHS[4:6], {"label": ["coat", "coat"]})  # as from another space
    found = list_labels(work)
    assert (found["labelled"], found["suggested"]) == (5, 1)
    assert [(each["name"], each["images"], each["suggested"]) for each in found["labels"]] == [
        ("coat", 3, 0), ("hat", 2, 1),
    ]  # fmt: skip


def test_labels_are_a_table_in_python(work: Path) -> None:
    found = Workspace(work).labels()
    assert found.to_dict("list") == {
        "name": ["Boot", "coat", "hat"],
        "images": [0, 1, 2],
        "suggested": [1, 0, 2],
    }


def test_suggestions_come_the_surest_first(work: Path) -> None:
    assert find_suggested(work) == [PATHS[5], PATHS[6], PATHS[4]]
    assert find_suggested(work, 0.9) == PATHS[5:7]


def test_no_workspace(tmp_path: Path) -> None:
    with pytest.raises(UnpoolError, match="no workspace"):
        list_labels(tmp_path / "none")
