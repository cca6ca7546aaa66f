"""The levels of the tree of groups.

Which leaf of the tree an image is in stands in the table; how leaves are joined, and how stable each level is, in
unpool.yaml.

Shapes: N images, L leaves.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from typing_extensions import TypedDict

from unpool.report.palette import MAX_COLOURS, group_colours
from unpool.store.state import read_state, write_state

if TYPE_CHECKING:
    from unpool.analysis.clustering.group_tree import GroupTree

TREE = "tree"  # entry of unpool.yaml: JSON in one line, for YAML is slow to read
NO_LEAF = -1


@dataclass(frozen=True)
class Levels:
    """A tree of groups, and the level shown.

    Attributes:
        merges: pairs of nodes that are joined, first those of leaves; node L + i is what pair i made.
        sizes: images in each leaf when the tree was built.
        stability: of the levels from 2 groups to L: agreement of random parts, 0 to 1; None where not measured.
        errors: standard errors of these.
        found: the number of groups that the tree was built over.
        level: the number of groups now, without those made by hand since.
    """

    merges: list[list[int]]
    sizes: list[int]
    stability: list[float | None]
    errors: list[float | None]
    found: int
    level: int

    @property
    def num_leaves(self) -> int:
        """The number of groups of the finest level."""
        return len(self.sizes)

    def numbers(self, level: int) -> list[int]:
        """The group of each leaf on a level, (L,)."""
        from unpool.analysis.clustering.group_tree import number_groups

        merges = np.array(self.merges, np.float64).reshape(-1, 2)
        numbers: list[int] = number_groups(merges, self.sizes, level).tolist()
        return numbers

    def stability_of(self, level: int) -> tuple[float | None, float | None]:
        """The stability of a level and its error."""
        known = 2 <= level <= self.num_leaves
        return (self.stability[level - 2], self.errors[level - 2]) if known else (None, None)

    def describe(self) -> str:
        """Say on which level the groups are."""
        stability, error = self.stability_of(self.level)
        measured = "" if stability is None else f", stability {stability:.2f} ± {error or 0:.2f}"
        found = "" if self.level == self.found else f"; {self.found} were found"
        return f"{self.level} groups of 1 to {self.num_leaves}{measured}{found}"

    def main_leaf(self, group: int) -> int | None:
        """The largest leaf of a group of the present level.

        None for a group that was made by hand.
        """
        leaves = [leaf for leaf, number in enumerate(self.numbers(self.level)) if number == group]
        return max(leaves, key=lambda leaf: self.sizes[leaf], default=None)


class Level(TypedDict):
    """A level of the tree as the page shows it."""

    groups: int
    stability: float | None
    error: float | None  # standard error of the stability
    numbers: list[int]  # the group of each leaf


class Tree(TypedDict):
    """The levels of a tree, and the present one.

    `colours` are those of groups by number, on any level, until the server's answer brings the groups themselves.
    """

    level: int
    found: int
    levels: list[Level]
    colours: list[str]


def describe_levels(levels: Levels | None) -> Tree | None:
    """Describe the levels for the page.

    None where there is one at most.
    """
    if levels is None or levels.num_leaves < 2:
        return None
    described: list[Level] = []
    for number in range(2, levels.num_leaves + 1):
        stability, error = levels.stability_of(number)
        described.append(
            {"groups": number, "stability": stability, "error": error, "numbers": levels.numbers(number)}
        )
    colours = group_colours(list(range(MAX_COLOURS)))
    return {
        "level": levels.level, "found": levels.found, "levels": described, "colours": list(colours.values()),
    }  # fmt: skip


def levels_of(tree: GroupTree, stability: Sequence[tuple[float, float] | None], num_groups: int) -> Levels:
    """Build what is kept of a tree.

    Args:
        tree: the tree.
        stability: of the levels from 2 groups on, with its error.
        num_groups: the present level.

    Returns:
        The levels.
    """
    return Levels(
        merges=[[int(one), int(other)] for one, other, *_ in tree.merges],
        sizes=tree.sizes.tolist(),
        stability=[None if pair is None else round(pair[0], 4) for pair in stability],
        errors=[None if pair is None else round(pair[1], 4) for pair in stability],
        found=num_groups,
        level=num_groups,
    )


def read_levels(work: Path) -> Levels | None:
    """Read the tree of the present groups.

    None where they have none, as those of an older version.
    """
    text = read_state(work).get(TREE)
    try:
        return Levels(**json.loads(text)) if isinstance(text, str) else None
    except (TypeError, ValueError):
        return None


def write_levels(work: Path, levels: Levels | None) -> None:
    """Keep the tree of the present groups, or forget it."""
    write_state(work, **{TREE: None if levels is None else json.dumps(asdict(levels))})
