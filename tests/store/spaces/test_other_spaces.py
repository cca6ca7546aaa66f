"""What other spaces hold of an image goes with its content."""

from pathlib import Path

from unpool.store.columns import OK
from unpool.store.lance_rows import open_dataset
from unpool.store.spaces.other_spaces import clear_spaces, columns_of_spaces
from unpool.store.spaces.paths import space_folder
from unpool.store.table import ImageTable


def make(work: Path, *spaces: str) -> None:
    for name in (None, *spaces):
        table = ImageTable.create(space_folder(work, name))
        table.reset_vectors(2)
        table.upsert([
            {"path": path, "status": OK, "id": path, "vector": [1.0, 0.0], "model": "m", "group": 0}
            for path in ("a.png", "b.png")
        ])  # fmt: skip


def embedded(work: Path, space: str | None) -> list[str]:
    return ImageTable(space_folder(work, space)).vectors()[0]


def test_only_the_others_are_cleared_of_changed_images(tmp_path: Path) -> None:
    work = tmp_path / "a.unpool"
    make(work, "one", "two")
    rows = [
        {"path": "a.png", "id": "other"},
        {"path": "b.png", "id": "b.png"},
        {"path": "new.png", "id": "new"},
    ]
    clear_spaces(open_dataset(work), "one", rows, {"a.png": "a.png", "b.png": "b.png"})
    assert [embedded(work, name) for name in (None, "one", "two")] == [
        ["b.png"],
        ["a.png", "b.png"],
        ["b.png"],
    ]
    assert ImageTable(work).frame(["group"])["group"].isna().tolist() == [True, False]


def test_of_an_image_that_cannot_be_read_today_the_group_stays(tmp_path: Path) -> None:
    work = tmp_path / "a.unpool"
    make(work, "one")
    clear_spaces(open_dataset(work), None, [{"path": "a.png", "status": "skipped"}], {"a.png": "a.png"})
    assert embedded(work, "one") == ["b.png"]
    assert ImageTable(space_folder(work, "one")).frame(["group"])["group"].tolist() == [0, 0]
    assert embedded(work, None) == ["a.png", "b.png"]


def test_a_workspace_without_spaces_has_no_such_columns(tmp_path: Path) -> None:
    make(tmp_path / "a.unpool")
    assert columns_of_spaces(open_dataset(tmp_path / "a.unpool")) == []
    make(tmp_path / "b.unpool", "one")
    assert "one@vector" in columns_of_spaces(open_dataset(tmp_path / "b.unpool"))
