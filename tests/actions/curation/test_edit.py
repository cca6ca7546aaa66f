"""Edits by hand change what they say, all at once, and can be taken back; labels outlive whatever happens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from support.edits import GROUPS, PATHS, groups_csv, make_grouped_workspace, seen
from unpool import Workspace
from unpool.actions.curation import edit
from unpool.actions.curation.undo import last_edit
from unpool.errors import UnpoolError, UsageError
from unpool.images.reading.scan import Problem
from unpool.store.columns import skipped_row
from unpool.store.sync import move_annotations_with_content, read_annotations, remove_missing_rows
from unpool.store.table import ImageTable


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return make_grouped_workspace(tmp_path / "w.unpool")


def test_label_says_and_does(work: Path) -> None:
    result = edit.label(work, ["03.png", "01.png", "03.png"], "  shoe ")
    assert result == {"changed": 2, "message": "labelled 2 images ‘shoe’"}
    assert seen(work)["label"].dropna().to_dict() == {"01.png": "shoe", "03.png": "shoe"}
    assert edit.label(work, "01.png", "shoe") == {"changed": 0, "message": "nothing to change"}
    assert edit.label(work, PATHS, None) == {"changed": 2, "message": "removed the label of 2 images"}
    assert seen(work)["label"].isna().all()


@pytest.mark.parametrize(
    ("name", "words"),
    [("", "must hold a letter"), (" \t", "must hold"), ("x" * 201, "has 201 characters, but may have 200"),
     ("a\nb", r"holds '\\n'"), ("a\0", r"holds '\\x00'"), ("\ud800", "holds"), ("a\u2028b", "one line")],
)  # fmt: skip
def test_what_cannot_be_a_label(work: Path, name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        edit.label(work, PATHS, name)
    assert seen(work)["label"].isna().all()
    assert last_edit(work) is None


def test_mark_and_take_the_mark_away(work: Path) -> None:
    assert edit.mark(work, PATHS[:3]) == {"changed": 3, "message": "marked 3 images as wrong"}
    assert seen(work)["wrong"].dropna().index.tolist() == PATHS[:3]
    assert edit.mark(work, PATHS[2:4], False)["changed"] == 1
    assert seen(work)["wrong"].dropna().index.tolist() == PATHS[:2]


def test_move_to_a_group_to_none_and_to_a_new_one(work: Path) -> None:
    assert edit.move(work, ["00.png", "05.png"], 1) == {"changed": 1, "message": "moved 1 image to group 1"}
    assert edit.move(work, ["01.png"], -1)["message"] == "moved 1 image to no group"
    assert edit.move(work, ["02.png", "11.png"], 4)["message"] == "moved 2 images to group 4"
    frame = seen(work)
    assert frame.loc[["00.png", "01.png", "02.png", "03.png"], "group"].tolist() == [1, -1, 4, 0]
    assert frame.loc[["00.png", "01.png", "02.png", "03.png"], "probability"].tolist() == [1, 0, 1, 0.5]
    assert {path: int(number) for path, number in groups_csv(work).items()} == frame[
        "group"
    ].dropna().to_dict()
    for number in (2, 6, -2):
        with pytest.raises(
            UsageError, match=f"group is {number}, but must be one of 0, 1, 3, 4, 5 for a new one"
        ):
            edit.move(work, PATHS, number)
    with pytest.raises(UnpoolError, match=r"broken.png was never grouped; run `unpool group"):
        edit.move(work, ["00.png", "broken.png"], 0)


def test_merge_moves_nothing_else(work: Path) -> None:
    assert edit.merge(work, [3, 0, 3]) == {"changed": 2, "message": "merged group 3 into group 0 (2 images)"}
    frame = seen(work)
    assert frame.loc[PATHS, "group"].tolist() == [0] * 5 + [1] * 4 + [0] * 2 + [-1]
    assert frame.loc[PATHS, "probability"].eq(0.5).all()
    assert groups_csv(work)["09.png"] == "0"
    with pytest.raises(UsageError, match="group is 3, but must be one of 0, 1"):
        edit.merge(work, [0, 3])
    with pytest.raises(UsageError, match="two or more different ones"):
        edit.merge(work, [1, 1])


def test_split_gives_the_smaller_part_the_next_number(work: Path) -> None:
    assert edit.split(work, 0)["message"] == "split group 0: 2 images of 5 are group 4 now"
    assert seen(work).loc[PATHS, "group"].tolist() == [0, 0, 0, 4, 4, *GROUPS[5:]]
    assert groups_csv(work)["04.png"] == "4"
    edit.move(work, ["09.png"], 1)
    with pytest.raises(UsageError, match="group 3 has 1 image to divide, but two are needed"):
        edit.split(work, 3)


def test_without_groups_it_is_reported(work: Path) -> None:
    ImageTable(work).update(PATHS, {"group": [None] * 12})
    for act in (
        lambda: edit.move(work, PATHS, 0),
        lambda: edit.merge(work, [0, 1]),
        lambda: edit.split(work, 0),
    ):
        with pytest.raises(UnpoolError, match="has no groups yet; run `unpool group"):
            act()


def test_labels_and_marks_go_with_moved_files(work: Path) -> None:
    edit.label(work, ["00.png", "01.png"], "shoe")
    edit.mark(work, ["00.png", "02.png", "03.png"])
    table = ImageTable(work)
    table.upsert(
        [{"path": f"new/{name}", "status": "ok", "id": f"id-{name}"} for name in ("00.png", "02.png")]
    )
    remove_missing_rows(table, ["00.png", "01.png", "02.png", "03.png"])
    frame = ImageTable(work).frame().set_index("path")
    assert frame.loc["new/00.png", ["label", "wrong"]].tolist() == ["shoe", True]
    assert frame.loc["new/02.png", "wrong"]
    assert frame.loc["01.png", ["label", "problem"]].tolist() == ["shoe", "missing"]
    assert frame.loc["03.png", ["wrong", "problem"]].tolist() == [True, "missing"]
    assert not {"00.png", "02.png"} & set(frame.index)
    # The missing one comes back under another name.
    table = ImageTable(work)
    table.upsert([{"path": "back.png", "status": "ok", "id": "id-01.png"}])
    remove_missing_rows(table, ["01.png"])
    frame = ImageTable(work).frame().set_index("path")
    assert frame.loc["back.png", "label"] == "shoe"
    assert "01.png" not in frame.index


def test_labels_survive_another_model_and_a_file_that_was_skipped(work: Path) -> None:
    edit.label(work, PATHS[:3], "shoe")
    edit.mark(work, PATHS[:1])
    table = ImageTable(work)
    table.update(PATHS[5:], {"suggestion": ["old"] * 7, "suggestion_confidence": [0.5] * 7})
    table.reset_vectors(5)
    table.upsert([{"path": "00.png", "status": "skipped", "vector": None}])
    table.upsert([{"path": "00.png", "status": "ok", "vector": np.ones(5)}])
    frame = seen(work)
    assert frame["label"].dropna().index.tolist() == PATHS[:3]
    assert frame["wrong"].dropna().index.tolist() == PATHS[:1]
    assert frame[["suggestion", "suggestion_confidence"]].isna().all(axis=None)


def test_the_python_way(work: Path) -> None:
    w = Workspace(work)
    assert (w.label(PATHS[:3], "a"), w.mark("00.png"), w.move(PATHS[:2], 1), w.merge([0, 1]), w.split(0)) == (
        3, 1, 2, 6, w.table().set_index("path")["group"].eq(4).sum(),
    )  # fmt: skip
    assert w.undo().startswith("undone: split group 0")
    ImageTable(work).update(["11.png"], {"suggestion": ["a"], "suggestion_confidence": [0.7]})
    assert (w.reject("11.png"), w.accept("11.png")) == (1, 0)


def test_what_is_missing_already_is_nothing_new(work: Path) -> None:
    edit.label(work, ["01.png"], "shoe")
    table = ImageTable(work)
    assert remove_missing_rows(table, ["01.png", "02.png"]) == 2
    assert remove_missing_rows(table, ["01.png"]) == 0
    assert seen(work)["label"].dropna().to_dict() == {"01.png": "shoe"}


def test_a_labelled_copy_that_is_deleted_leaves_nothing_behind(work: Path) -> None:
    table = ImageTable(work)
    table.upsert([{"path": "02.png", "id": "id-01.png", "status": "ok"}])
    edit.label(work, ["01.png", "02.png"], "shoe")
    assert remove_missing_rows(table, ["02.png"]) == 1
    assert "02.png" not in seen(work).index


def test_suggestions_go_with_the_picture_they_were_made_for(work: Path) -> None:
    table = ImageTable(work)
    table.update(["01.png", "02.png"], {"suggestion": ["hat", "hat"], "suggestion_confidence": [0.5, 0.5]})
    table.upsert([skipped_row(Problem("01.png", "corrupt", "broken"))])
    assert seen(work)["suggestion"].dropna().to_dict() == {"02.png": "hat"}


def test_labels_follow_files_that_were_renumbered(work: Path) -> None:
    edit.label(work, ["01.png"], "one")
    edit.label(work, ["02.png"], "two")
    edit.mark(work, ["03.png"], True)
    table = ImageTable(work)
    # 00 was deleted and the others moved up; the last was edited where it is.
    contents = {f"{i:02}.png": f"id-{i + 1:02}.png" for i in range(10)} | {"11.png": "id-edited"}
    edit.label(work, ["11.png"], "edited")
    said = read_annotations(table)
    table.upsert([{"path": path, "id": digest, "status": "ok"} for path, digest in contents.items()])
    move_annotations_with_content(table, said)
    assert seen(work)["label"].dropna().to_dict() == {"00.png": "one", "01.png": "two", "11.png": "edited"}
    wrong = seen(work)["wrong"]
    assert wrong[wrong.fillna(False).astype(bool)].index.tolist() == ["02.png"]
    move_annotations_with_content(table, read_annotations(table))
    assert seen(work)["label"].dropna().to_dict() == {"00.png": "one", "01.png": "two", "11.png": "edited"}
