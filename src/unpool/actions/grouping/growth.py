"""Later images take their places; all others keep theirs.

Shapes: N embedded images, B of them with place and group, M without, K neighbours, D numbers a vector.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unpool.actions.sharing.levels import read_levels
from unpool.actions.sharing.quality import GROUPS, read_groups
from unpool.actions.words.group_names import name_new_images
from unpool.core.atomic_files import write_json
from unpool.store.columns import COLUMNS, EMBEDDED, OK
from unpool.store.csv_files import write_groups
from unpool.store.state import REPORT, read_state, write_state
from unpool.store.table import ImageTable
from unpool.store.versions import read_version

if TYPE_CHECKING:
    import pyarrow as pa

PLACE = ("group", "x", "y")  # what an image has that is neither new nor waits for anything
OF_GROUP = ("group", "probability", "leaf")  # which go together
VALUES = (*OF_GROUP, "x", "y", "outlier_score", "joined_distance")
NAMED = ("typical", "odd")  # images of a group that groups.json names

Values = dict[str, np.ndarray]  # by column (N,) or (M,), float64 with NaN for nothing


@dataclass(frozen=True)
class Grown:
    """What became of the images that came later.

    `joined` of them took a place by their neighbours, `returned` got the one back that they had before.
    """

    joined: int
    returned: int

    @property
    def count(self) -> int:
        """The number of them all."""
        return self.joined + self.returned


def grow(work: Path, version: int | None) -> Grown | None:
    """Give new images places on the map and groups.

    One that the table held before, whatever its name was, gets its former place and group back. The others take
    theirs by their ten nearest neighbours. All of it is one commit, in which no other row is touched.

    Args:
        work: The workspace.
        version: Of its table, from before images came and went; None where there was none.

    Returns:
        Their number; None where there is no map or no group that they could join.
    """
    table = ImageTable(work)
    if table.dimension is None:
        return None
    rows = table.arrow(["path", "id", *VALUES], where=EMBEDDED)
    values_N: Values = {name: rows[name].to_numpy().astype(np.float64) for name in VALUES}
    known_N = np.isfinite([values_N[name] for name in PLACE]).all(axis=0)
    if not (values_N["group"][known_N] >= 0).any():
        return None
    if known_N.all():
        return Grown(0, 0)
    new = np.flatnonzero(~known_N)
    values_M = {name: values_N[name][new] for name in VALUES}
    is_former_M = _give_back(work, rows.select(["path", "id"]).take(new), values_M, version)
    if not is_former_M.all():
        found = _find_places(table, values_N, np.flatnonzero(known_N), new[~is_former_M])
        has_group = ~np.isnan(values_M["group"][~is_former_M])
        for name, value in found.items():
            own = values_M[name][~is_former_M]
            is_own = has_group if name in OF_GROUP else ~np.isnan(own)
            values_M[name][~is_former_M] = np.where(is_own, own, value)
        write_state(work, map=(read_state(work).get("map") or {}) | {"placed": True})
    table.update(
        rows["path"].take(new).to_pylist(), {name: _as_column(name, values_M[name]) for name in VALUES}
    )
    name_new_images(table)
    return Grown(int((~is_former_M).sum()), int(is_former_M.sum()))


def _give_back(work: Path, new: pa.Table, values_M: Values, version: int | None) -> np.ndarray:
    """Fill in what images had before that are the same to the byte; says which of them have a place and a group so.

    One that could not be read while a map was made anew has its group alone.
    """
    import pyarrow.compute as pc

    digests = new["id"].drop_null()
    rows = None if version is None else read_version(work, version, ["id", *VALUES])
    if rows is None or not {"id", *PLACE} <= set(rows.schema.names):
        return np.zeros(len(new), bool)
    rows = rows.filter(pc.is_in(rows["id"], value_set=digests.combine_chunks()))
    former = [row for row in rows.sort_by("path").to_pylist() if any(_has(row))]
    former.sort(key=lambda row: all(_has(row)))  # of several copies, one that has both
    by_path = {(row["path"], row["id"]): row for row in former}
    by_id = {row["id"]: row for row in former}
    is_former_M = np.zeros(len(new), bool)
    for at, (path, digest) in enumerate(zip(new["path"].to_pylist(), new["id"].to_pylist(), strict=True)):
        row = by_path.get((path, digest)) or by_id.get(digest)
        if row is not None:
            is_former_M[at] = all(_has(row))
            for name in VALUES:
                values_M[name][at] = np.nan if row.get(name) is None else row[name]
    return is_former_M


def _has(row: Mapping[str, Any]) -> list[bool]:
    return [row[name] is not None for name in PLACE]


def _find_places(table: ImageTable, values_N: Values, known_B: np.ndarray, new_M: np.ndarray) -> Values:
    """Place, group and what goes with them of images without, by their neighbours."""
    from unpool.analysis.joining import find_near, vote
    from unpool.analysis.mapping import place_amid

    _, vectors_ND = table.vectors()
    group_N = values_N["group"]
    distance_MK, near_MK = find_near(vectors_ND[new_M], vectors_ND, known_B)
    xy_M2 = place_amid(distance_MK, np.stack([values_N["x"], values_N["y"]], axis=1)[near_MK])
    score_M = distance_MK.mean(axis=1)
    if (group_N[known_B] < 0).any():  # what is in no group has no vote
        distance_MK, near_MK = find_near(vectors_ND[new_M], vectors_ND, known_B[group_N[known_B] >= 0])
    group_M, share_M = vote(distance_MK, group_N[near_MK].astype(np.int64))
    return {
        "group": group_M, "probability": share_M, "x": xy_M2[:, 0], "y": xy_M2[:, 1],
        "leaf": _leaves(table.work, group_M, group_N[near_MK], values_N["leaf"][near_MK]),
        "outlier_score": score_M, "joined_distance": score_M,
    }  # fmt: skip


def _leaves(work: Path, group_M: np.ndarray, group_MK: np.ndarray, leaf_MK: np.ndarray) -> np.ndarray:
    """The leaf of the nearest image of the same group; that group's largest where none of them has one."""
    levels = read_levels(work)
    if levels is None:
        return np.full(len(group_M), np.nan)
    fits_MK = (group_MK == group_M[:, None]) & np.isfinite(leaf_MK)
    leaf_M: np.ndarray = leaf_MK[np.arange(len(leaf_MK)), fits_MK.argmax(axis=1)]
    for row in np.flatnonzero(~fits_MK.any(axis=1)):
        main = levels.main_leaf(int(group_M[row]))
        leaf_M[row] = np.nan if main is None else main
    return leaf_M


def _as_column(name: str, value_M: np.ndarray) -> list[float | int | None]:
    """Values as Arrow takes them."""
    kind = int if COLUMNS[name].type == "int32" else float
    return [None if value != value else kind(value) for value in value_M.tolist()]


def refresh_group_files(work: Path) -> list[int]:
    """Bring groups.csv and groups.json up to date, computing nothing anew.

    Images, confidence and names follow the table; what takes all vectors stays as it was measured.

    Returns:
        The number of images in each group.
    """
    table = ImageTable(work)
    write_groups(work, table)
    rows = table.arrow(["path", "group", "probability"], where=f"status = '{OK}' AND `group` IS NOT NULL")
    group_N = rows["group"].to_numpy()
    numbers, place_N, size_K = np.unique(group_N, return_inverse=True, return_counts=True)
    mean_K = np.bincount(place_N, np.nan_to_num(rows["probability"].to_numpy()), len(numbers)) / size_K
    place_of = {int(number): place for place, number in enumerate(numbers)}
    group_of = dict(zip(rows["path"].to_pylist(), group_N.tolist(), strict=True))
    described = [
        entry | {
            "images": int(size_K[place]), "confidence": round(float(mean_K[place]), 4),
            **{kind: [path for path in entry[kind] if group_of.get(path) == entry["group"]] for kind in NAMED},
        }
        for entry in read_groups(work)
        if (place := place_of.get(entry["group"])) is not None
    ]  # fmt: skip
    if described:
        file = work / REPORT / GROUPS
        write_json(file, json.loads(file.read_text("utf-8")) | {"groups": described})
    return [int(size) for number, size in zip(numbers, size_K, strict=True) if number >= 0]
