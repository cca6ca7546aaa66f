"""A group has the name that most of its images carry."""

from __future__ import annotations

from pathlib import Path

from unpool.store.fields.group_names import NAME, find_group_names, read_group_names
from unpool.store.table import ImageTable


def test_most_images_give_a_group_its_name() -> None:
    assert find_group_names([0, 0, 0, 1, 1, -1], ["hat", "hat", "shoe", "shoe", None, "hat"]) == {0: "hat"}
    assert find_group_names([], []) == {}


def test_a_table_of_an_earlier_version_has_none(tmp_path: Path) -> None:
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([{"path": f"{number}.png", "status": "ok", "group": number // 2} for number in range(4)])
    assert read_group_names(table) == {}
    table.update(["0.png", "1.png", "2.png"], {NAME: ["hat", "hat", "shoe"]})
    assert read_group_names(table) == {0: "hat"}
