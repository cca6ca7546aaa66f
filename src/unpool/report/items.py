"""The table of images as the pictures need it.

Shapes: N images; 2 is x and y.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

NOISE = -1
UNGROUPED = -2


class ThumbnailRows(Protocol):
    """The thumbnails (WebP) of images, by row."""

    def __getitem__(self, row: int, /) -> bytes | None:
        """Return that of a row, None where it has none."""


@dataclass(frozen=True)
class Items:
    """The images of one picture.

    Entry i of each field is image i."""

    paths: list[str]
    thumbnails: ThumbnailRows
    group_N: NDArray[np.int64]  # NOISE and UNGROUPED are below 0
    rank_N: NDArray[np.int64]  # 0 is the most typical of its group
    place_N2: NDArray[np.float64]  # 0 to 1, y downwards; NaN: not on the map
    row_step: float | None  # None on a map; else, for want of one, the images lie in rows this far apart

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def mapped(self) -> bool:
        """Whether the places are those of a map, not rows."""
        return self.row_step is None

    def groups(self) -> dict[int, NDArray[np.int64]]:
        """Images of each group, the most typical first.

        Groups are sorted by number; noise and images that were never grouped come last.
        """
        order_N = np.lexsort((self.rank_N, self.group_N))
        numbers, starts = np.unique(self.group_N[order_N], return_index=True)
        members = dict(zip(numbers.tolist(), np.split(order_N, starts[1:]), strict=True)) if len(self) else {}
        return dict(sorted(members.items(), key=lambda entry: (entry[0] < 0, abs(entry[0]))))

    def priority(self) -> NDArray[np.int64]:
        """Rank of each image where room is short, lowest first.

        The middle of each group comes first, then its typical images.
        """
        priority_N = self.rank_N.copy()
        for members in self.groups().values():
            middle = middle_image(self.place_N2, members)
            if middle is not None:
                priority_N[middle] = -1
        return priority_N


def read_items(table: pd.DataFrame, thumbnails: ThumbnailRows | None = None) -> Items:
    """Read, check and order a table of images.

    Args:
        table: Only `path` and `thumbnail` must be there; anything else may be null or missing.
        thumbnails: Of the rows, read where they are needed; None for the column `thumbnail`.
    """
    table = table.reset_index(drop=True)
    group_N = _numbers(table, "group", fill=UNGROUPED).astype(np.int64)
    rank_N = _ranks(table, group_N)
    place_N2 = _places(table)
    row_step = None
    if not np.isfinite(place_N2).any():
        place_N2, row_step = _rows(np.lexsort((rank_N, np.where(group_N < 0, 1 << 62, group_N))))
    if thumbnails is None:
        thumbnails = [bytes(content) if _is_webp(content) else None for content in table["thumbnail"]]
    return Items([str(path) for path in table["path"]], thumbnails, group_N, rank_N, place_N2, row_step)


def _is_webp(content: object) -> bool:
    return isinstance(content, bytes | bytearray) and content[:4] == b"RIFF" and content[8:12] == b"WEBP"


def group_name(group: int) -> str:
    """Name a group for people.

    >>> group_name(3), group_name(-1)
    ('group 3', 'in no group')
    """
    return {NOISE: "in no group", UNGROUPED: "not grouped"}.get(group, f"group {group}")


def middle_image(place_N2: NDArray[np.float64], members: NDArray[np.int64]) -> int | None:
    """Find the image nearest to a group's median place.

    The median itself may lie inside another group.

    Args:
        place_N2: places of all images, NaN off the map.
        members: the images of the group.

    Returns:
        An index into `place_N2`; None where no member is on the map.
    """
    members = members[np.isfinite(place_N2[members, 0])]
    if not len(members):
        return None
    offset = place_N2[members] - np.median(place_N2[members], axis=0)
    return int(members[np.hypot(*offset.T).argmin()])


def _numbers(table: pd.DataFrame, name: str, fill: float) -> NDArray[np.float64]:
    if name not in table:
        return np.full(len(table), fill)
    value_N = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    return np.asarray(np.where(np.isfinite(value_N), value_N, fill))


def _ranks(table: pd.DataFrame, group_N: NDArray[np.int64]) -> NDArray[np.int64]:
    """How typical each image is of its group: by the table's rank, else by probability, else as they come."""
    score_N = _numbers(table, "rank", np.inf)
    if np.isinf(score_N).all():
        score_N = -_numbers(table, "probability", 0.0)
    order_N = np.lexsort((score_N, group_N))
    starts = np.unique(group_N[order_N], return_index=True)[1]
    rank_N = np.empty(len(table), dtype=np.int64)
    rank_N[order_N] = np.arange(len(table)) - np.repeat(starts, np.diff([*starts, len(table)]))
    return rank_N


def _places(table: pd.DataFrame) -> NDArray[np.float64]:
    x_N, y_N = _numbers(table, "x", np.nan), -_numbers(table, "y", np.nan)
    place_N2 = np.stack([x_N, y_N], axis=1)
    place_N2[~np.isfinite(place_N2).all(axis=1)] = np.nan
    known = place_N2[np.isfinite(place_N2[:, 0])]
    if not len(known):
        return place_N2
    span = float(np.ptp(known, axis=0).max())
    if span == 0:
        return np.asarray(place_N2 - known[0] + 0.5)
    return np.asarray((place_N2 - known.min(axis=0)) / span)


def _rows(order_N: NDArray[np.int64]) -> tuple[NDArray[np.float64], float]:
    """Places in rows, in the given order, and the distance from one to the next."""
    num_columns = max(1, int(np.ceil(np.sqrt(1.3 * len(order_N)))))
    step = 1 / max(1, num_columns - 1)
    place_N2 = np.empty((len(order_N), 2))
    place_N2[order_N, 0] = np.arange(len(order_N)) % num_columns
    place_N2[order_N, 1] = np.arange(len(order_N)) // num_columns
    return place_N2 * step, step
