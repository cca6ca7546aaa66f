"""Build the tree of groups, and move along it.

Shapes: N images, D numbers a vector, L leaves.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from unpool.actions.grouping.settings import GroupSettings
from unpool.actions.sharing.levels import NO_LEAF, Levels, levels_of, read_levels, write_levels
from unpool.store.columns import EMBEDDED
from unpool.store.state import new_grouping_id, read_state
from unpool.store.table import ImageTable


def build_levels(vectors_ND: np.ndarray, label_N: np.ndarray, seed: int) -> tuple[np.ndarray, Levels | None]:
    """Build the tree over groups, and measure each level.

    Args:
        vectors_ND: of the images.
        label_N: their groups, numbered by size, -1 for noise.
        seed: of samples.

    Returns:
        The leaf of each image (N,), -1 for none, and the levels; none where there are no groups or too many.
    """
    from unpool.analysis.clustering.group_tree import build_tree, measure_stability, number_groups

    tree = build_tree(vectors_ND, label_N, seed=seed)
    if tree is None:
        return np.full(len(label_N), NO_LEAF), None
    numbers = range(2, len(tree.sizes) + 1)
    shown = [
        np.where(tree.leaf_N < 0, -1, number_groups(tree.merges, tree.sizes, number)[tree.leaf_N])
        for number in numbers
    ]
    stability = measure_stability(vectors_ND, shown, seed=seed)
    return tree.leaf_N, levels_of(tree, stability, int(label_N.max()) + 1)


def groups_on_level(levels: Levels, level: int, group_N: np.ndarray, leaf_N: np.ndarray) -> np.ndarray:
    """Return the group of each image on another level.

    Groups made by hand since stay as they are, numbered after the others; so do images in no group.

    Args:
        levels: the tree, and the present level.
        level: the number of groups to move to.
        group_N: the present groups.
        leaf_N: the leaf of each image, -1 for those in groups made by hand, or in none.

    Returns:
        (N,) group numbers.
    """
    by_hand_N = np.where(group_N < 0, group_N, group_N - levels.level + level)
    groups: np.ndarray = np.where(leaf_N < 0, by_hand_N, np.array(levels.numbers(level))[leaf_N])
    return groups


def reachable_levels(table: ImageTable, settings: GroupSettings) -> Levels | None:
    """Return the tree if these settings name its level.

    None where groups have to be found anew: by another method or seed, instead of groups made by hand, or for images
    that are in no group yet.
    """
    levels, state = read_levels(table.work), read_state(table.work).get("group") or {}
    if levels is None or not isinstance(settings.groups, int):
        return None
    is_same = (settings.method, settings.seed) == (state.get("method"), state.get("seed"))
    if not is_same or state.get("source") == "hand" or not 2 <= settings.groups <= levels.num_leaves:
        return None
    embedded = table.arrow(["group"], where=EMBEDDED)
    return None if embedded["group"].null_count else levels


def move_to_level(table: ImageTable, levels: Levels, level: int) -> tuple[int, int]:
    """Give each image its group on another level.

    Args:
        table: the table of the workspace.
        levels: its tree, and the present level.
        level: the number of groups to move to.

    Returns:
        The number of images whose group has another number now, and the number of groups.
    """
    # Those of files that cannot be read today too: they have their leaf, and come back.
    rows = table.arrow(["path", "group", "leaf"], where="`group` IS NOT NULL")
    before_N = rows["group"].to_numpy()
    after_N = groups_on_level(levels, level, before_N, rows["leaf"].fill_null(NO_LEAF).to_numpy())
    changed_n = np.flatnonzero(after_N != before_N)
    if len(changed_n):
        new_grouping_id(table.work)
        table.update(rows["path"].take(changed_n).to_pylist(), {"group": after_N[changed_n]})
    write_levels(table.work, replace(levels, level=level))
    return len(changed_n), len(np.unique(after_N[after_N >= 0]))


def message_of(levels: Levels, level: int) -> str:
    """Say which level groups are moved to."""
    stability, error = levels.stability_of(level)
    measured = "" if stability is None else f" (stability {stability:.2f} ± {error or 0:.2f})"
    return f"moved along the tree of groups from {levels.level} to {level}{measured}"


def as_column(leaf_N: np.ndarray) -> list[int | None]:
    """The values of the column `leaf`: None for no leaf."""
    return [None if leaf == NO_LEAF else leaf for leaf in leaf_N.tolist()]
