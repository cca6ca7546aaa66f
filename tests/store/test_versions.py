"""What a version held is there as long as it is kept."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from unpool.store.rows import compaction
from unpool.store.table import ImageTable
from unpool.store.versions import has_version, keep_only, keep_version, read_version, restore_version

PATHS = ["a.png", "b.png"]


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ImageTable:
    monkeypatch.setattr(compaction, "CLEANUP_AGE", timedelta(0))
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([{"path": path, "status": "ok", "label": "old"} for path in PATHS])
    return table


def change_all(table: ImageTable) -> None:
    """Other labels, a row more, one less; then everything that nobody keeps is removed."""
    table.update(PATHS, {"label": ["new", "new"]})
    table.upsert([{"path": "c.png", "status": "ok"}])
    table.delete(["a.png"])
    table.compact()


def test_a_kept_version_outlives_a_clean_up(table: ImageTable) -> None:
    version = table.version
    keep_version(table.work, version)
    keep_version(table.work, version)
    change_all(table)
    rows = read_version(table.work, version, ["label", "no such column"]).sort_by("path").to_pydict()
    assert rows == {"path": PATHS, "label": ["old", "old"]}
    restore_version(table.work, version)
    frame = ImageTable(table.work).frame(["path", "label"])
    assert frame.to_dict("list") == {"path": PATHS, "label": ["old", "old"]}


def test_others_are_given_up(table: ImageTable) -> None:
    first = table.version
    keep_version(table.work, first)
    table.update(PATHS, {"label": ["new", "new"]})
    second = table.version
    keep_version(table.work, second)
    keep_only(table.work, {second})
    assert (has_version(table.work, first), has_version(table.work, second)) == (False, True)


@pytest.mark.parametrize("name", ["~.unpool", "%41 #1?x=2&y.unpool", "a:b.unpool", "Jürgen [2]"])
def test_a_workspace_may_have_any_name_that_is_text(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    version = ImageTable.create(Path(name)).version
    keep_version(Path(name), version)
    assert has_version(Path(name), version)
    assert [path.name for path in tmp_path.iterdir()] == [name]
