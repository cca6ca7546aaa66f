"""Groups move along their tree, and what was made by hand stays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unpool.actions.curation import edit
from unpool.actions.curation.undo import last_edit
from unpool.actions.grouping import group as group_module
from unpool.actions.grouping.group import group
from unpool.actions.grouping.group_levels import build_levels, groups_on_level
from unpool.actions.grouping.settings import GroupSettings
from unpool.actions.sharing.levels import read_levels, write_levels
from unpool.errors import UnpoolError, UsageError
from unpool.store.state import read_state, write_state
from unpool.store.table import ImageTable

PATHS = [f"{kind}/{i:02}.png" for kind in "abcd" for i in range(15)]


@pytest.fixture(scope="module")
def vectors_ND() -> np.ndarray:
    """Two pairs of kinds, 15 images each."""
    kinds = np.array([[1, 0, 0.3, 0], [1, 0, -0.3, 0], [0, 1, 0, 0.4], [0, 1, 0, -0.4]])
    return np.repeat(kinds, 15, axis=0) + np.random.default_rng(0).normal(0, 0.04, (60, 4))


@pytest.fixture
def work(tmp_path: Path, vectors_ND: np.ndarray) -> Path:
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([{"path": path, "status": "ok"} for path in PATHS])
    table.reset_vectors(4)
    table.update(PATHS, {"vector": vectors_ND.astype(np.float32)})
    group(table.work, GroupSettings("kmeans", 4), refresh=False)
    return table.work


def seen(work: Path) -> np.ndarray:
    return ImageTable(work).frame(["path", "group"]).set_index("path").loc[PATHS, "group"].to_numpy(int)


def same_parts(one: np.ndarray, other: np.ndarray) -> bool:
    pairs = len(np.unique(np.stack([one, other]), axis=1).T)
    return pairs == len(np.unique(one)) == len(np.unique(other))


def test_a_number_of_the_tree_moves_along_it_and_finds_nothing_anew(work: Path, monkeypatch):
    found = seen(work)
    monkeypatch.setattr(
        "unpool.analysis.clustering.grouping.group", lambda *args, **options: pytest.fail("grouped")
    )
    result = group(work, GroupSettings("kmeans", 2), refresh=False)
    assert (result["groups"], result["sizes"]) == (2, [30, 30])
    assert result["stability"] == pytest.approx(1)
    assert same_parts(seen(work), np.arange(60) // 30)
    assert (work / "groups.csv").read_text().count(",1,") == 30
    group(work, GroupSettings("kmeans", 4), refresh=False)
    np.testing.assert_array_equal(seen(work), found)


@pytest.mark.parametrize(
    "settings", [GroupSettings("kmeans", 2, seed=1), GroupSettings("graph", 2), GroupSettings("kmeans", 59)]
)
def test_other_groups_are_found_anew(work: Path, monkeypatch, settings: GroupSettings):
    asked, find_groups = [], group_module._find_groups
    monkeypatch.setattr(group_module, "_find_groups", lambda *args: asked.append(1) or find_groups(*args))
    group(work, settings, refresh=False)
    assert asked == [1]
    levels = read_levels(work)
    assert levels is not None
    assert levels.found == levels.level


def test_a_run_finds_groups_anew_whatever_there_were(work: Path, monkeypatch):
    asked, find_groups = [], group_module._find_groups
    monkeypatch.setattr(group_module, "_find_groups", lambda *args: asked.append(1) or find_groups(*args))
    group(work, GroupSettings("kmeans", 2), refresh=False, use_tree=False)
    assert asked == [1]
    assert read_levels(work).found == 2


def test_groups_made_by_hand_are_replaced_by_the_command_as_ever(work: Path):
    edit.move(work, PATHS[:1], 1 if seen(work)[0] == 0 else 0, refresh=False)
    group(work, GroupSettings("kmeans", 4), refresh=False)
    assert same_parts(seen(work), np.arange(60) // 15)


def test_a_move_along_the_tree_is_undone_and_redone(work: Path):
    found, csv = seen(work), (work / "groups.csv").read_text()
    result = edit.move_along(work, 2)
    assert result["message"].startswith("moved along the tree of groups from 4 to 2 (stability ")
    assert result["changed"] == (seen(work) != found).sum()
    assert read_state(work)["group"] == {"method": "kmeans", "groups": 2, "seed": 0, "source": "requested"}
    coarse = seen(work)
    assert last_edit(work) == result["message"]
    edit.undo(work)
    np.testing.assert_array_equal(seen(work), found)
    assert (work / "groups.csv").read_text() == csv
    assert read_levels(work).level == 4
    edit.redo(work)
    np.testing.assert_array_equal(seen(work), coarse)
    assert read_levels(work).level == 2


def test_what_was_made_by_hand_stays_on_every_level(work: Path):
    found = seen(work)
    first, second = int(found[0]), int(found[15])
    edit.move(work, PATHS[:2], second)  # into a group of the tree
    edit.move(work, PATHS[2:4], 4)  # a new one
    edit.move(work, PATHS[4:5], -1)
    edit.label(work, PATHS[:1], "hat")
    by_hand = seen(work)
    edit.move_along(work, 2)
    coarse = seen(work)
    assert coarse[2] == coarse[3] == 2, "numbered after the two of the level"
    assert coarse[4] == -1
    assert coarse[0] == coarse[15]
    edit.move_along(work, 4)
    np.testing.assert_array_equal(seen(work), by_hand)
    edit.merge(work, [first, second])
    edit.move_along(work, 6)
    joined = [row for row in range(60) if by_hand[row] in (first, second)]
    edit.move_along(work, 4)
    assert set(seen(work)[joined]) == {min(first, second)}
    assert read_state(work)["group"]["source"] == "hand"
    assert ImageTable(work).frame(["path", "label"]).set_index("path").loc[PATHS[0], "label"] == "hat"


@pytest.mark.parametrize("is_split", [True, False])
def test_a_new_group_does_not_take_the_place_of_one_that_was_emptied(work: Path, is_split: bool):
    edit.merge(work, [0, 3])  # the number 3 is free
    if is_split:
        assert edit.split(work, 1)["message"].endswith("of 15 are group 4 now")
    else:
        edit.move(work, PATHS[:2], 4)
    new_N = seen(work) == 4
    for level in (2, 3, 6, 4):
        edit.move_along(work, level)
        np.testing.assert_array_equal(seen(work) == level, new_N)


def test_another_level_is_not_what_a_run_ended_with(work: Path):
    finished = {"asked": {"groups": 4, "seed": 0, "images": 60, "dimension": 4}, "groups": 4}
    write_state(work, finished=finished)
    edit.move_along(work, 2)
    assert "finished" not in read_state(work), "`run --groups 4` would keep two groups"
    edit.undo(work)
    assert read_state(work)["finished"] == finished


def test_the_present_level_is_no_edit(work: Path):
    edit.move(work, PATHS[:2], int(seen(work)[15]))
    before, state = last_edit(work), read_state(work)
    assert edit.move_along(work, 4) == {"changed": 0, "message": "nothing to change"}
    assert last_edit(work) == before
    assert read_state(work) == state
    assert edit.undo(work)["changed"] == 2


def test_an_edit_before_a_move_can_still_be_undone_after_it(work: Path):
    found = seen(work)
    edit.move(work, PATHS[:2], int(found[15]))
    edit.move_along(work, 2)
    edit.undo(work)
    edit.undo(work)
    np.testing.assert_array_equal(seen(work), found)
    edit.move_along(work, 2)
    assert same_parts(seen(work), np.arange(60) // 30), "leaves are as before too"


def test_levels_that_there_are_not(work: Path):
    last = read_levels(work).num_leaves
    for number in (1, last + 1):
        with pytest.raises(
            UsageError, match=f"groups is {number}, but the tree has levels of 2 to {last} groups"
        ):
            edit.move_along(work, number)
    group(work, GroupSettings(split=0), refresh=False)
    assert read_levels(work).found == 5, "a tree over the groups that are there now"
    write_levels(work, None)
    with pytest.raises(UnpoolError, match=r"have no tree; run `unpool group --work .*` again"):
        edit.move_along(work, 2)


def test_noise_has_no_leaf(vectors_ND):
    label_N = np.arange(60) // 30
    label_N[::7] = -1
    leaf_N, levels = build_levels(vectors_ND, label_N, 0)
    assert levels is not None
    np.testing.assert_array_equal(leaf_N < 0, label_N < 0)
    for number in range(2, levels.num_leaves + 1):
        on_level_N = groups_on_level(levels, number, label_N, leaf_N)
        np.testing.assert_array_equal(on_level_N < 0, label_N < 0)
        assert on_level_N.max() == number - 1
    nothing, none = build_levels(vectors_ND, np.full(60, -1), 0)
    assert none is None
    assert (nothing == -1).all()
