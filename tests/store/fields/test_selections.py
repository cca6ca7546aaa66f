"""A saved selection is a tag of its images, and one of the same name takes its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from unpool.errors import UsageError
from unpool.store.fields.selections import SELECTIONS, check_selection_name, read_selections, values_with
from unpool.store.fields.values import write_field
from unpool.store.table import ImageTable


@pytest.fixture
def work(tmp_path: Path) -> Path:
    table = ImageTable.create(tmp_path / "a.unpool")
    table.upsert([{"path": name} for name in "abc"])
    return table.work


def save(work: Path, name: str, paths: list[str]) -> None:
    write_field(work, SELECTIONS, values_with(work, name, paths), "tags")


def test_selections_overlap_are_replaced_and_forgotten(work: Path) -> None:
    assert read_selections(work) == {}
    save(work, "best", ["a", "b"])
    save(work, "worst", ["b", "c"])
    assert read_selections(work) == {"best": ["a", "b"], "worst": ["b", "c"]}
    save(work, " best ", ["c"])
    assert read_selections(work) == {"best": ["c"], "worst": ["b", "c"]}
    save(work, "worst", [])
    save(work, "best", [])
    assert read_selections(work) == {}


def test_what_is_so_already_changes_nothing(work: Path) -> None:
    save(work, "best", ["a", "b"])
    save(work, "worst", ["a"])
    assert values_with(work, "best", ["b", "a"]) == {}
    assert values_with(work, "best", ["a"]) == {"b": None}


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "a\nb"])
def test_some_names_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="rename it"):
        check_selection_name(name)


def test_a_field_of_another_kind_is_left_alone(work: Path) -> None:
    write_field(work, SELECTIONS, {"a": 3})
    with pytest.raises(UsageError, match="holds something else than selections"):
        read_selections(work)
