"""Values of images change all at once, those that are there already count for nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.edits import PATHS, make_grouped_workspace, seen
from unpool.actions.curation import edit
from unpool.actions.curation.row_changes import change_rows, count_images, read_rows
from unpool.actions.curation.undo import last_edit
from unpool.errors import UnpoolError
from unpool.store.table import ImageTable


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return make_grouped_workspace(tmp_path / "w.unpool")


@pytest.mark.parametrize("path", ["99.png", "\udcff.png", "", "../00.png"])
def test_unknown_paths_change_nothing(work: Path, path: str) -> None:
    for act in (lambda: edit.label(work, ["00.png", path], "a"), lambda: edit.mark(work, [path])):
        with pytest.raises(UnpoolError, match=r"is no image of .*w.unpool; paths are relative"):
            act()
    assert seen(work)[["label", "wrong"]].isna().all(axis=None)


def test_values_of_a_list_are_one_a_row_and_equal_ones_are_left_out(work: Path) -> None:
    rows = read_rows(ImageTable(work), [PATHS[2], PATHS[0], PATHS[2]], ["label"])
    assert rows["path"].to_pylist() == [PATHS[2], PATHS[0]]
    result = change_rows(work, rows, {"label": ["hat", None]}, "named {}".format)
    assert result == {"changed": 1, "message": "named 1 image"}
    assert seen(work)["label"].dropna().to_dict() == {PATHS[2]: "hat"}
    assert last_edit(work) == "named 1 image"


def test_a_near_name_is_proposed(work: Path) -> None:
    with pytest.raises(UnpoolError, match="did you mean"):
        read_rows(ImageTable(work), ["0.png"], ["label"])
    assert count_images(0) == "0 images"
