"""The levels of the tree of groups are kept in unpool.yaml and described for the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from unpool.actions.sharing.levels import (
    TREE,
    Levels,
    describe_levels,
    read_levels,
    write_levels,
)
from unpool.store.state import read_state, write_state

LEVELS = Levels(
    merges=[[0, 1], [2, 3], [4, 5]], sizes=[2, 3, 5, 1], stability=[0.9, None, 0.5], errors=[0.01, None, 0.1],
    found=3, level=3,
)  # fmt: skip


def test_levels_are_read_as_they_were_written(tmp_path: Path):
    assert read_levels(tmp_path) is None
    write_levels(tmp_path, LEVELS)
    assert read_levels(tmp_path) == LEVELS
    write_levels(tmp_path, None)
    assert read_levels(tmp_path) is None
    assert TREE not in read_state(tmp_path)


@pytest.mark.parametrize("damaged", ["{", "[]", '{"merges": []}', 3])
def test_a_damaged_tree_is_none(tmp_path: Path, damaged: object):
    write_state(tmp_path, tree=damaged)
    assert read_levels(tmp_path) is None


def test_the_page_learns_the_group_of_each_leaf_on_each_level():
    tree = describe_levels(LEVELS)
    assert tree is not None
    assert (tree["level"], tree["found"]) == (3, 3)
    # Leaves 0 and 1 are joined first, then 2 and 3; the largest group has number 0.
    assert [level["numbers"] for level in tree["levels"]] == [[1, 1, 0, 0], [0, 0, 1, 2], [2, 1, 0, 3]]
    assert [level["stability"] for level in tree["levels"]] == [0.9, None, 0.5]
    assert len(tree["colours"]) >= 4
    assert describe_levels(None) is None
    assert describe_levels(replace(LEVELS, merges=[], sizes=[4], stability=[], errors=[])) is None


def test_the_main_leaf_of_a_group_is_its_largest():
    assert [LEVELS.main_leaf(group) for group in (0, 1, 2)] == [1, 2, 3]
    assert LEVELS.main_leaf(3) is None, "made by hand"


def test_a_level_is_described_in_words():
    assert LEVELS.describe() == "3 groups of 1 to 4"
    assert replace(LEVELS, level=2).describe() == "2 groups of 1 to 4, stability 0.90 ± 0.01; 3 were found"
    assert LEVELS.stability_of(1) == (None, None)
