"""The names of groups in words, from the table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from unpool.analysis.words.naming import name_of_each_group
from unpool.store.columns import OK

if TYPE_CHECKING:
    from unpool.store.table import ImageTable

NAME = "group_name"


def read_group_names(table: ImageTable) -> dict[int, str]:
    """Read the name of each group that has one.

    Args:
        table: The table, which may be one of an earlier version.

    Returns:
        Names by the number of the group.
    """
    if NAME not in table.stored_columns:
        return {}
    rows = table.arrow(["group", NAME], where=f"status = '{OK}' AND `group` >= 0")
    return find_group_names(rows["group"].to_numpy(), rows[NAME].to_pylist())


def find_group_names(group_N: Sequence[int] | np.ndarray, names: Sequence[str | None]) -> dict[int, str]:
    """Find the name of each group that has one.

    Args:
        group_N: Group of each image.
        names: The name that each carries, None for none.

    >>> find_group_names([0, 0, 1], ["hat", "hat", None])
    {0: 'hat'}
    """
    distinct = sorted({name for name in names if name})
    position = {name: place for place, name in enumerate(distinct)}
    code_N = np.array([position[name] if name else -1 for name in names], np.int64)
    return {group: distinct[place] for group, place in name_of_each_group(group_N, code_N).items()}
