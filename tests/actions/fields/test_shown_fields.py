"""Fields are read once, and again only where a value has changed."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from unpool.actions.fields.shown_fields import ShownFields
from unpool.store.fields.selections import SELECTIONS
from unpool.store.fields.values import write_field
from unpool.store.table import ImageTable


@pytest.fixture
def work(tmp_path: Path) -> Path:
    table = ImageTable.create(tmp_path / "a.unpool")
    table.upsert([{"path": name, "status": "ok", "camera": "K-1"} for name in "abc"])
    table.upsert([{"path": "broken", "status": "skipped"}])
    write_field(table.work, "species", {"a": "cat", "c": "dog", "broken": "cow"})
    write_field(table.work, "weight", {"b": 2})
    return table.work


def show(work: Path, former: ShownFields | None = None) -> ShownFields:
    paths = ImageTable(work).arrow(["path"], where="status = 'ok'")["path"].combine_chunks()
    return ShownFields(work, paths, former)


def test_fields_and_what_cameras_say_are_shown_of_usable_images(work: Path) -> None:
    facets = {facet["name"]: facet for facet in show(work).facets()}
    assert {name: (facet["kind"], facet["images"]) for name, facet in facets.items()} == {
        "camera": ("choice", 3), "species": ("choice", 2), "weight": ("number", 1),
    }  # fmt: skip
    assert [each["name"] for each in facets["species"]["values"]] == ["cat", "dog"]


def test_a_changed_column_alone_is_read_again(work: Path) -> None:
    first = show(work)
    write_field(work, "label", {"a": "new"})
    second = show(work, first)
    assert all(second.values[name] is values for name, values in first.values.items())
    write_field(work, "weight", {"a": 3})
    third = show(work, second)
    assert third.values["species"] is first.values["species"]
    assert third.values["weight"].is_known().tolist() == [True, True, False]
    ImageTable(work).upsert([{"path": "aa", "status": "ok"}])
    assert len(show(work, third).values["species"].is_known()) == 4


def test_other_images_than_the_tables_are_matched_by_path(work: Path) -> None:
    shown = ShownFields(work, pa.array(["a", "gone", "c"]))
    assert shown.values["species"].places().tolist() == [0, -1, 1]


def test_a_changed_kind_and_an_undone_field_leave_no_trace(work: Path) -> None:
    write_field(work, "weight", {}, "choice")
    write_field(work, "species", {"a": None, "c": None, "broken": None})
    assert [(facet["name"], facet["kind"]) for facet in show(work).facets()] == [
        ("camera", "choice"), ("weight", "choice"),
    ]  # fmt: skip


def test_an_image_has_its_values_as_texts(work: Path) -> None:
    write_field(work, "marks", {"a": ["x", "y"], "b": ["x"]})
    write_field(work, "seen", {"a": "2024-01-31"})
    shown = show(work)
    assert shown.describe_row(0) == [("species", "cat"), ("marks", "x; y"), ("seen", "2024-01-31")]
    assert shown.describe_row(1) == [("weight", "2"), ("marks", "x")]


def test_saved_selections_are_counted_apart(work: Path) -> None:
    write_field(work, SELECTIONS, {"a": ["z", "best"], "b": ["best"]}, "tags")
    shown = show(work)
    assert shown.saved() == [{"name": "best", "count": 2}, {"name": "z", "count": 1}]
    assert SELECTIONS not in {facet["name"] for facet in shown.facets()}
