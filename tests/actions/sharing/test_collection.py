"""What the server sends of a collection has the declared shape."""

from __future__ import annotations

from pathlib import Path

from pydantic import TypeAdapter

from support.edits import make_grouped_workspace
from unpool.actions.sharing.collection import SharedCollection
from unpool.actions.sharing.snapshot import Snapshot


def test_a_snapshot_describes_itself_in_this_shape(tmp_path: Path) -> None:
    collection = Snapshot(make_grouped_workspace(tmp_path / "w.unpool")).collection()
    assert set(collection) == set(SharedCollection.__annotations__)
    TypeAdapter(SharedCollection).validate_python(collection, strict=True)
