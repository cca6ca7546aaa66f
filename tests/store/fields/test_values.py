"""What is written of a field is read, and nothing else is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from unpool.errors import UnpoolError, UsageError
from unpool.store.fields.names import Field
from unpool.store.fields.values import fields_of, find_field, personal_columns, read_field, write_field
from unpool.store.table import ImageTable


@pytest.fixture
def work(tmp_path: Path) -> Path:
    table = ImageTable.create(tmp_path / "a.unpool")
    table.upsert(
        [{"path": name, "suggestion": "old", "suggestion_confidence": 0.5} for name in ("a", "b", "c")]
    )
    return table.work


def test_values_are_written_and_counted(work: Path) -> None:
    assert write_field(work, "species", {"a": "cat", "b": "dog", "gone": "cat"}) == {
        "matched": 2, "extra": 1, "changed": 2,
    }  # fmt: skip
    assert write_field(work, "Species", {"a": "cat", "b": None})["changed"] == 1
    assert read_field(work, "species") == {"a": "cat"}
    assert fields_of(work) == [Field("label", "choice"), Field("species", "choice")]
    assert {"label", "wrong", "field:choice:species"} <= set(personal_columns(ImageTable(work)))


def test_a_label_takes_the_place_of_the_suggestion(work: Path) -> None:
    write_field(work, "label", {"a": "cat", "b": None})
    frame = ImageTable(work).frame(["path", "label", "suggestion", "suggestion_confidence"]).set_index("path")
    assert frame["label"].dropna().to_dict() == read_field(work, "label") == {"a": "cat"}
    assert frame["suggestion"].dropna().to_dict() == {"b": "old", "c": "old"}
    assert frame["suggestion_confidence"].notna().tolist() == [False, True, True]


def test_each_kind_comes_back(work: Path) -> None:
    write_field(work, "weight", {"a": 3, "b": "2.5"})
    write_field(work, "day", {"a": "1970-01-02"})
    write_field(work, "marks", {"a": ["x", "y"], "b": []})
    assert {field.name: field.kind for field in fields_of(work)} == {
        "label": "choice", "weight": "number", "day": "date", "marks": "tags",
    }  # fmt: skip
    assert [read_field(work, name) for name in ("weight", "day", "marks")] == [
        {"a": 3.0, "b": 2.5}, {"a": 86_400.0}, {"a": ["x", "y"], "b": []},
    ]  # fmt: skip


def test_a_value_of_another_kind_is_refused_and_nothing_written(work: Path) -> None:
    write_field(work, "weight", {"a": 3})
    with pytest.raises(
        UnpoolError, match=r"field 'weight' is of the kind number, and these are not: 'heavy'; correct"
    ):
        write_field(work, "weight", {"a": 4, "b": "heavy"})
    assert read_field(work, "weight") == {"a": 3.0}


def test_another_kind_takes_the_values_along(work: Path) -> None:
    write_field(work, "code", {"a": 3, "b": 4})
    write_field(work, "code", {"b": "5", "c": "x7"}, "choice")
    assert find_field(work, "code") == Field("code", "choice")
    assert read_field(work, "code") == {"a": "3", "b": "5", "c": "x7"}
    assert [field.name for field in fields_of(work)] == ["label", "code"]
    with pytest.raises(UnpoolError, match="x7"):
        write_field(work, "code", {}, "number")
    write_field(work, "code", {"c": None})
    with pytest.raises(UsageError, match="the label is a choice"):
        write_field(work, "label", {}, "text")


def test_a_missing_field_is_named_with_the_nearest(work: Path) -> None:
    write_field(work, "species", {"a": "cat"})
    with pytest.raises(UsageError, match="has no field 'specis'; did you mean 'species'"):
        read_field(work, "specis")
    assert find_field(work, "nothing") is None
