"""Keep groups that somebody requested or made.

New images join them.

N images, D numbers a vector.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from unpool.actions.grouping.group_files import describe_groups
from unpool.actions.grouping.group_levels import as_column
from unpool.actions.history.recording import last_whole_step
from unpool.actions.sharing.levels import NO_LEAF, read_levels, write_levels
from unpool.actions.words.group_names import name_new_images
from unpool.core.progress import Progress
from unpool.store.csv_files import write_groups
from unpool.store.state import read_state
from unpool.store.table import ImageTable, embedded_vectors, has_table
from unpool.store.versions import read_version

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("path", "id", "group", "probability")

# Who a grouping comes from: `found` by a run that chose everything itself, `requested` by a command, made by `hand`.
Source = Literal["found", "requested", "hand"]


@dataclass(frozen=True)
class KeptGroups:
    """The groups of images before new ones come.

    `of_path` and `of_id` give group and probability by path and digest, and by digest alone.
    """

    of_path: dict[tuple[str, str], tuple[int, float]]
    of_id: dict[str, tuple[int, float]]

    def find(self, path: str, digest: str) -> tuple[int, float] | None:
        """Find the group that an image had, under any path."""
        return self.of_path.get((path, digest)) or self.of_id.get(digest)


def groups_to_keep(work: Path, version: int | None = None) -> KeptGroups | None:
    """Read groups that a run does not replace.

    Those before images were embedded by another network count too, or before a run that was stopped.

    Args:
        work: The workspace.
        version: Of its table, from before images came and went; None for the present one.

    Returns:
        The groups; None where there are none, or where a run found them itself and nobody changed them.
    """
    if not has_table(work) or source_of_groups(work) == "found":
        return None
    found = _grouped_rows(work, version or ImageTable(work).version)
    former = last_whole_step(work)
    if former is not None and (not found or not former.is_finished):
        found = _grouped_rows(work, former.version_before) + found
    if not any(value[0] >= 0 for *_, value in found):
        return None
    return KeptGroups(
        {(path, digest): value for path, digest, value in found},
        {digest: value for _, digest, value in found},
    )


def _grouped_rows(work: Path, version: int) -> list[tuple[str, str, tuple[int, float]]]:
    """Path, digest, group and probability of each image that was in a group."""
    rows = read_version(work, version, COLUMNS[1:])
    if not set(COLUMNS) <= set(rows.schema.names):
        return []
    rows = rows.filter(rows["group"].is_valid())
    columns = (rows[name].to_pylist() for name in COLUMNS)
    return [
        (path, digest, (group, probability or 0.0))
        for path, digest, group, probability in zip(*columns, strict=True)
    ]


def source_of_groups(work: Path) -> Source:
    """Say who the present groups come from."""
    state = read_state(work)
    stored: Source | None = state.get("group", {}).get("source")
    if stored is not None:
        return stored
    finished = state.get("finished")  # a workspace of before version 0.2
    if finished is None:
        return "requested" if state.get("group") else "found"
    return "found" if finished["asked"]["groups"] == "auto" else "requested"


def join_groups(work: Path, kept: KeptGroups, progress: Progress) -> dict[str, Any] | None:
    """Put images without a group into the present groups.

    An image that had a group gets it back; another joins the group that most of its ten nearest grouped images are
    in, near ones counting more. `probability` is their share.

    Args:
        work: The workspace.
        kept: The groups before.
        progress: Receives a message.

    Returns:
        As `unpool group` does; None where no grouped image is left, and groups have to be found anew.
    """
    from unpool.analysis.metrics.silhouette import silhouette
    from unpool.analysis.metrics.supervised import outlier_score

    table = ImageTable(work)
    paths, vectors_ND = embedded_vectors(table)
    rows = table.frame(["path", "id", "group", "probability", "leaf"]).set_index("path").loc[paths]
    group_N = rows["group"].to_numpy(np.float64, na_value=np.nan)
    probability_N = rows["probability"].to_numpy(np.float64, na_value=0.0)
    num_new = int(np.isnan(group_N).sum())
    for row in np.flatnonzero(np.isnan(group_N)):
        if (value := kept.find(paths[row], str(rows["id"].iloc[row]))) is not None:
            group_N[row], probability_N[row] = value
    if not (group_N >= 0).any():
        return None
    distances = _join_by_neighbours(vectors_ND, group_N, probability_N)
    label_N, share_N = group_N.astype(np.int64), probability_N.astype(np.float32)
    table.update(paths, {
        "group": label_N, "probability": share_N, "outlier_score": outlier_score(vectors_ND),
        "leaf": _join_leaves(work, rows["leaf"], label_N),
        "joined_distance": distances,
    })  # fmt: skip
    name_new_images(table)
    describe_groups(work, table, paths, vectors_ND, label_N, share_N)
    write_groups(work, table)
    numbers, sizes = np.unique(label_N[label_N >= 0], return_counts=True)
    if num_new:
        progress.message(
            f"{num_new} images joined the {len(numbers)} groups that there are; "
            "--groups auto, or a number, groups all anew"
        )
    return {
        "method": read_state(work).get("group", {}).get("method", "auto"), "groups": len(numbers),
        "sizes": sizes.tolist(), "silhouette": silhouette(vectors_ND, label_N),
        "noise": int((label_N < 0).sum()),
    }  # fmt: skip


def _join_by_neighbours(
    vectors_ND: np.ndarray, group_N: np.ndarray, probability_N: np.ndarray
) -> list[float | None]:
    """Fill in group and probability where there is no group; returns how far these images are from their neighbours."""
    from unpool.analysis.joining import find_near, vote

    new = np.flatnonzero(np.isnan(group_N))
    distances: list[float | None] = [None] * len(group_N)
    if len(new):
        distance_MK, row_MK = find_near(vectors_ND[new], vectors_ND, np.flatnonzero(group_N >= 0))
        group_N[new], probability_N[new] = vote(distance_MK, group_N[row_MK].astype(np.int64))
        for row, distance in zip(new, distance_MK.mean(axis=1).tolist(), strict=True):
            distances[row] = distance
    return distances


def _join_leaves(work: Path, leaves: pd.Series, label_N: np.ndarray) -> list[int | None]:
    """The leaf of each image in the tree of groups; a new one gets the largest leaf of its group.

    Without any leaf, as after a change of the model, the tree is forgotten.
    """
    levels = read_levels(work)
    leaf_N = leaves.fillna(NO_LEAF).to_numpy(np.int64)
    if levels is None or (leaf_N == NO_LEAF).all():
        write_levels(work, None)
        return [None] * len(leaf_N)
    # An image whose group was made by hand has no leaf, and its group none either.
    by_hand = set(label_N[leaf_N == NO_LEAF].tolist()) - set(label_N[leaf_N != NO_LEAF].tolist())
    for group in set(label_N[leaf_N == NO_LEAF].tolist()) - by_hand - {-1}:
        leaf_N[(label_N == group) & (leaf_N == NO_LEAF)] = levels.main_leaf(group)
    return as_column(leaf_N)
