"""What is read again after an edit is what a reading of the whole table gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unpool.actions.curation import edit
from unpool.actions.sharing.snapshot import Snapshot
from unpool.store.table import ImageTable
from unpool.viewer.snapshot_reader import SnapshotReader


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Images whose order by path is not that of the table, one skipped, one in no group."""
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([
        {"path": path, "status": "ok", "group": at - 1, "x": float(at), "y": 1.0, "label": "old" if at == 2 else None}
        for at, path in enumerate(("d.png", "b.png", "c.png", "a.png"))
    ])  # fmt: skip
    table.upsert([{"path": "bad.png", "status": "skipped", "problem": "corrupt"}])
    return table.work


def assert_same(one: Snapshot, other: Snapshot) -> None:
    assert one.version == other.version
    assert one.names.keys() == other.names.keys()
    for name, (distinct, code_N) in one.names.items():
        assert distinct == other.names[name][0]
        assert code_N.tolist() == other.names[name][1].tolist()
    for name, value_N in one.measures.items():
        np.testing.assert_array_equal(value_N, other.measures[name])
    assert one.wrong_N.tolist() == other.wrong_N.tolist()
    assert one.group_N.tolist() == other.group_N.tolist()
    assert one.collection() == other.collection()


def test_edits_are_seen_and_the_rest_is_shared(work: Path) -> None:
    reader = SnapshotReader(work)
    seen = first = reader.read()
    first.collection()
    for change in (
        lambda: edit.label(work, ["a.png", "d.png"], "new"),
        lambda: edit.label(work, ["c.png"], None),
        lambda: edit.mark(work, ["b.png"]),
        lambda: ImageTable(work).update(["d.png"], {"suggestion": ["x"], "suggestion_confidence": [0.5]}),
        lambda: edit.undo(work),
    ):
        change()
        before, seen = seen, reader.read_again(seen)
        assert seen.paths is first.paths
        assert seen is not before
        assert_same(seen, Snapshot(work))
    assert first.names["label"] == (["old"], first.names["label"][1])  # what was read before stays


def test_other_changes_bring_the_whole_table(work: Path) -> None:
    reader = SnapshotReader(work)
    seen = reader.read()
    for change in (
        lambda: edit.move(work, ["a.png"], 0),
        lambda: ImageTable(work).upsert([{"path": "e.png", "status": "ok"}]),
        lambda: ImageTable(work).update(["bad.png"], {"status": ["ok"]}),
        lambda: ImageTable(work).delete(["b.png"]),
    ):
        change()
        seen = reader.read_again(seen)
        assert_same(seen, Snapshot(work))
    edit.label(work, ["a.png"], "again")
    after = reader.read_again(seen)
    assert after.paths is seen.paths
    assert_same(after, Snapshot(work))
