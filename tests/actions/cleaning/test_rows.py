from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from support.checked_photos import PHOTOS, make_checked_photos
from unpool.actions.cleaning.manifest import Manifest, write_manifest
from unpool.actions.cleaning.plan import make_plan
from unpool.actions.cleaning.rows import bring_rows_back, keep_rows, remove_rows, state_of
from unpool.actions.embedding.splits import note_splits
from unpool.core.progress import Progress
from unpool.store.state import write_state
from unpool.store.table import ImageTable


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return make_checked_photos(tmp_path)


@pytest.fixture
def manifest(work: Path) -> Manifest:
    ImageTable(work).update(["d.jpg", "dark.jpg"], {"label": ["cat", "night"], "group": [3, 1]})
    manifest = write_manifest(work, make_plan(work, "duplicates", "best"), "trash", state_of(work))
    keep_rows(work, manifest)
    return manifest


GONE = ["b/a.jpg", "b/copy.jpg", "d.jpg"]


def test_rows_go_and_come_back_as_they_were(work: Path, manifest: Manifest) -> None:
    before = ImageTable(work).arrow().to_pylist()
    remove_rows(work, GONE)
    table = ImageTable(work)
    assert table.arrow(["path"])["path"].to_pylist() == sorted(set(PHOTOS) - set(GONE))
    assert table.some(["c.jpg"], ["label"])["label"].to_pylist() == ["cat"]  # the content's label
    assert bring_rows_back(work, manifest, GONE) == 3
    after = {row["path"]: row for row in ImageTable(work).arrow().to_pylist()}
    assert [after[row["path"]] for row in before if row["path"] in GONE] == [
        row for row in before if row["path"] in GONE
    ]


def test_the_part_of_a_folder_keeps_no_row(work: Path) -> None:
    ImageTable(work).upsert([
        {"path": path, "status": "ok", "id": path} for path in ("train/1.png", "train/2.png", "test/3.png")
    ])  # fmt: skip
    ImageTable(work).delete(list(PHOTOS))
    note_splits(work, Progress())
    remove_rows(work, ["train/2.png"])
    assert ImageTable(work).arrow(["path"])["path"].to_pylist() == ["test/3.png", "train/1.png"]


def test_rows_that_are_there_again_stay(work: Path, manifest: Manifest) -> None:
    ImageTable(work).update(["d.jpg"], {"label": ["dog"]})
    assert bring_rows_back(work, manifest, ["d.jpg"]) == 0
    assert ImageTable(work).some(["d.jpg"], ["label"])["label"].to_pylist() == ["dog"]


def test_vectors_and_groups_of_former_models_do_not_come_back(work: Path, manifest: Manifest) -> None:
    remove_rows(work, GONE)
    write_state(work, embedded_by="other", grouped="anew")
    bring_rows_back(work, manifest, ["d.jpg"])
    (row,) = ImageTable(work).some(["d.jpg"], ["model", "vector", "group", "label"]).to_pylist()
    assert (row["model"], row["vector"], row["group"], row["label"]) == (None, None, None, "cat")


def test_a_kill_leaves_no_half_of_the_rows(
    work: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_half(rows: object, place: Path) -> None:
        Path(place).write_bytes(b"PAR1 half")
        raise KeyboardInterrupt

    (manifest.folder / "rows.parquet").unlink()
    monkeypatch.setattr(pq, "write_table", write_half)
    with pytest.raises(KeyboardInterrupt):
        keep_rows(work, manifest)
    assert bring_rows_back(work, manifest, GONE) == 0


def test_without_kept_rows_nothing_comes_back(work: Path, manifest: Manifest) -> None:
    (manifest.folder / "rows.parquet").unlink()
    assert bring_rows_back(work, manifest, GONE) == 0
