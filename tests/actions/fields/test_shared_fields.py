"""A page in one file carries what people said, with every image's values, and not where they were."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from unpool.actions.fields import shared_fields
from unpool.actions.fields.shared_fields import describe_shared_fields
from unpool.actions.fields.shown_fields import ShownFields
from unpool.store.fields.values import write_field
from unpool.store.table import ImageTable


@pytest.fixture
def shown(tmp_path: Path) -> ShownFields:
    table = ImageTable.create(tmp_path / "a.unpool")
    table.upsert([{"path": name, "status": "ok", "camera": "K-1", "taken": 1.0} for name in "abc"])
    write_field(table.work, "species", {"a": "cat", "b": "dog", "c": "dog"})
    write_field(table.work, "marks", {"a": ["y", "x"], "b": ["x"]})
    write_field(table.work, "weight", {"b": 1.5})
    write_field(table.work, "selections", {"a": ["zoo", "best"], "b": ["zoo"]}, "tags")
    return ShownFields(table.work, pa.array(list("abc")))


def test_every_image_has_its_values(shown: ShownFields) -> None:
    found = describe_shared_fields(shown)
    assert found is not None
    assert [facet["name"] for facet in found["fields"]] == ["species", "marks", "weight"]
    assert found["saved"] == [{"name": "best", "count": 1}, {"name": "zoo", "count": 2}]
    assert found["values"] == {
        "species": [[1], [0], [0]], "marks": [[1, 0], [0], None], "weight": [None, 1.5, None],
        "selections": [[1, 0], [1], None],
    }  # fmt: skip


def test_too_many_are_left_out(shown: ShownFields, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_fields, "MAX_VALUES", 12)
    assert describe_shared_fields(shown) is not None
    monkeypatch.setattr(shared_fields, "MAX_VALUES", 11)
    assert describe_shared_fields(shown) is None
