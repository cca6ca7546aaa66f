"""Values given by hand are one step each, which can be undone and redone."""

from __future__ import annotations

from pathlib import Path

import pytest

from unpool.actions.curation.undo import redo, undo
from unpool.actions.fields.edit_fields import (
    apply_values,
    fill_field,
    forget_selection,
    remove_field,
    save_selection,
    set_field,
    set_kind,
)
from unpool.errors import UnpoolError, UsageError
from unpool.store.fields.names import Field
from unpool.store.fields.selections import read_selections
from unpool.store.fields.values import fields_of, find_field, read_field
from unpool.store.table import ImageTable


@pytest.fixture
def work(tmp_path: Path) -> Path:
    table = ImageTable.create(tmp_path / "a.unpool")
    table.upsert([{"path": name, "status": "ok"} for name in "abc"])
    return table.work


def seen(work: Path) -> list[tuple[str | None, str | None]]:
    rows = ImageTable(work).arrow(["label", "suggestion"])
    return list(zip(rows["label"].to_pylist(), rows["suggestion"].to_pylist(), strict=True))


def test_a_value_is_set_undone_and_redone(work: Path) -> None:
    assert set_field(work, ["a", "b"], "weight", 3) == {
        "changed": 2,
        "message": "gave 2 images the weight ‘3’",
    }
    assert set_field(work, ["b"], "weight", None)["changed"] == 1
    undo(work)
    assert read_field(work, "weight") == {"a": 3.0, "b": 3.0}
    undo(work)
    assert find_field(work, "weight") is None
    redo(work)
    assert read_field(work, "weight") == {"a": 3.0, "b": 3.0}


@pytest.mark.parametrize(
    ("value", "held"),
    [("x {0}", "x {0}"), (["a", "b"], ["a", "b"]), ("2024-01-31", 1_706_659_200.0), (2.5, 2.5)],
)
def test_each_kind_is_undone(work: Path, value: str | float | list[str], held: object) -> None:
    set_field(work, ["a"], "{field}", value)
    assert read_field(work, "{field}") == {"a": held}
    set_field(work, ["a", "b"], "{field}", None)
    undo(work)
    assert read_field(work, "{field}") == {"a": held}


def test_wrong_values_and_paths_are_refused(work: Path) -> None:
    set_field(work, ["a"], "weight", 3)
    with pytest.raises(UnpoolError, match=r"kind number, and these are not: 'heavy'"):
        set_field(work, ["b"], "weight", "heavy")
    with pytest.raises(UsageError, match="is empty; None removes one"):
        set_field(work, ["b"], "weight", " ")
    with pytest.raises(UsageError, match="another kind than text"):
        set_field(work, ["b"], "weight", "heavy", "text")
    with pytest.raises(UnpoolError, match="'z' is no image"):
        set_field(work, ["z"], "weight", 4)
    with pytest.raises(UsageError, match="has no field 'wieght'; did you mean 'weight'"):
        set_field(work, ["a"], "wieght", None)
    assert read_field(work, "weight") == {"a": 3.0}


def test_a_label_is_a_label(work: Path) -> None:
    ImageTable(work).update(["a"], {"suggestion": ["dog"], "suggestion_confidence": [0.5]})
    assert set_field(work, ["a"], "label", "cat")["message"] == "labelled 1 image ‘cat’"
    assert seen(work)[0] == ("cat", None)


def test_a_whole_field_is_one_step(work: Path) -> None:
    assert fill_field(work, "species", {"a": "cat", "b": "dog", "z": "owl"}) == {
        "matched": 2, "extra": 1, "changed": 2,
    }  # fmt: skip
    assert undo(work)["message"] == "undone: species of 2 images"
    assert fields_of(work) == [Field("label", "choice")]
    redo(work)
    assert remove_field(work, "species") == 2
    undo(work)
    assert read_field(work, "species") == {"a": "cat", "b": "dog"}


def test_a_change_of_kind_is_one_step(work: Path) -> None:
    fill_field(work, "code", {"a": 7, "b": 8})
    assert set_kind(work, "code", "choice") == 2
    assert read_field(work, "code") == {"a": "7", "b": "8"}
    set_field(work, ["c"], "code", "x")
    with pytest.raises(UnpoolError, match="these are not: 'x'"):
        set_kind(work, "code", "number")
    undo(work)
    undo(work)
    assert (find_field(work, "code"), read_field(work, "code")) == (
        Field("code", "number"),
        {"a": 7.0, "b": 8.0},
    )


def test_suggestions_that_came_from_a_replaced_label_go_and_come_back(work: Path) -> None:
    set_field(work, ["a"], "label", "cat")
    table = ImageTable(work)
    table.update(["b", "c"], {"suggestion": ["cat", "dog"], "suggestion_confidence": [0.9, 0.8]})
    assert apply_values(work, {Field("label", "choice"): {"a": "owl"}}, "{} relabelled".format) == 1
    assert seen(work) == [("owl", None), (None, None), (None, "dog")]
    undo(work)
    assert seen(work) == [("cat", None), (None, "cat"), (None, "dog")]


def test_selections_are_saved_forgotten_and_undone(work: Path) -> None:
    assert save_selection(work, "best", ["a", "b"]) == {"changed": 2, "message": "saved 2 images as ‘best’"}
    assert save_selection(work, "best", ["b"])["changed"] == 1
    assert forget_selection(work, "best")["changed"] == 1
    undo(work)
    assert read_selections(work) == {"best": ["b"]}
    undo(work)
    assert read_selections(work) == {"best": ["a", "b"]}
    assert save_selection(work, "best", ["a", "b"]) == {"changed": 0, "message": "nothing to change"}
    with pytest.raises(UsageError, match="has no selection 'bset'; did you mean 'best'"):
        forget_selection(work, "bset")
    with pytest.raises(UsageError, match="has no image"):
        save_selection(work, "none", [])
    with pytest.raises(UnpoolError, match="'z' is no image"):
        save_selection(work, "more", ["a", "z"])
