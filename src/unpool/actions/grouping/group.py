"""`unpool group`, `unpool map`, `unpool evaluate`: what the vectors of a workspace tell."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from unpool.actions.grouping.group_files import describe_groups, quality, write_quality
from unpool.actions.grouping.report import refresh_report
from unpool.actions.grouping.true_labels import classes_of
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError
from unpool.options import check
from unpool.store.columns import OK
from unpool.store.csv_files import write_groups
from unpool.store.state import new_grouping_id, read_state, write_state
from unpool.store.table import ImageTable, embedded_vectors

Groups = int | Literal["auto"]


def group(
    work: Path,
    *,
    method: str = "auto",
    groups: Groups = "auto",
    merge: int | None = None,
    split: int | None = None,
    seed: int = 0,
    refresh: bool = True,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Group the images of a workspace and write group, probability and outlier score of each.

    `merge` joins the groups there are until that many are left, `split` parts one of them in two; nothing is
    grouped anew then. Returns the JSON object of `unpool group`. Raises `UnpoolError` where nothing is embedded,
    `UsageError` where `merge` or `split` is given beside what would group anew.
    """
    check(method=method, groups=groups, merge=merge, split=split, seed=seed)
    if (merge is not None or split is not None) and (method != "auto" or groups != "auto"):
        raise UsageError("--merge and --split change the groups there are; leave --method and --groups out")
    from unpool.analysis.clustering.grouping import group as find_groups
    from unpool.analysis.metrics.supervised import outlier_score
    from unpool.analysis.metrics.unsupervised import collapse_warning, effective_rank

    progress = progress or Progress()
    table = ImageTable(work)
    paths, vectors_ND = embedded_vectors(table)
    if told := collapse_warning(effective_rank(vectors_ND), vectors_ND.shape[1]):
        progress.message(told)
    with progress.stage("grouping"):
        if merge is None and split is None:
            fresh_N2 = _fresh_map(table, paths)
            found = find_groups(vectors_ND, method=method, groups=groups, xy_N2=fresh_N2, seed=seed)
        else:
            found = _regrouped(table, paths, vectors_ND, merge, split, seed)
        columns: dict[str, np.ndarray | Sequence[Any]] = {
            "group": found.labels,
            "probability": found.probability,
        }
        new_grouping_id(work)
        table.update(paths, columns | {"outlier_score": outlier_score(vectors_ND)})
        describe_groups(work, table, paths, vectors_ND, found.labels, found.probability)
    write_groups(work, table)
    numbers, sizes = np.unique(found.labels[found.labels >= 0], return_counts=True)
    # A `run` with its own number of groups does not find these and take them for its own.
    write_state(work, group={"method": found.method, "groups": len(numbers), "seed": seed}, finished=None)
    if refresh:
        refresh_report(work, progress)
    return {
        "method": found.method, "groups": len(numbers), "sizes": sizes.tolist(),
        "silhouette": found.silhouette, "noise": int((found.labels < 0).sum()),
    }  # fmt: skip


def map_images(
    work: Path, *, method: str = "tsne", seed: int = 0, refresh: bool = True, progress: Progress | None = None
) -> dict[str, Any]:
    """Lay the images of a workspace out in the plane, neighbours beside each other, and write x and y.

    Returns the JSON object of `unpool map`. Raises `UnpoolError` where nothing is embedded yet.
    """
    check(map=method, seed=seed)
    from unpool.analysis.mapping import compute_map
    from unpool.analysis.metrics.supervised import trustworthiness

    progress = progress or Progress()
    table = ImageTable(work)
    paths, vectors_ND = embedded_vectors(table)
    with progress.stage("mapping", 100, "%") as stage:
        xy_N2 = compute_map(
            vectors_ND, method=method, seed=seed, progress=lambda done: stage.reach(100 * done, 100)
        )
        table.update(paths, {"x": xy_N2[:, 0], "y": xy_N2[:, 1]})
    write_state(work, map={"method": method, "seed": seed})
    if refresh:
        refresh_report(work, progress)
    return {"method": method, "images": len(paths), "trustworthiness": trustworthiness(vectors_ND, xy_N2)}


def evaluate(
    work: Path,
    *,
    labels: str | None = None,
    trusted: float | None = None,
    refresh: bool = True,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """How good the groups are: by themselves, and against true classes where `labels` names them.

    `labels` is "folders" (the folder an image lies in) or a CSV of path,label; `trusted` the trustworthiness of
    the map where it is known. Writes report/quality.json, and with labels report/confusion.png. Returns the JSON
    object of `unpool evaluate`. Raises `UnpoolError` where the labels fit no image, or nothing is grouped yet.
    """
    from unpool.analysis.metrics.supervised import evaluate as measure

    table = ImageTable(work)
    paths, vectors_ND = embedded_vectors(table)
    group_N = _groups_of(table, paths)
    classes = None if labels is None else classes_of(paths, labels)
    method = read_state(work).get("group", {}).get("method", "auto")
    progress = progress or Progress()
    with progress.stage("evaluating"):
        figures = measure(vectors_ND, group_N, classes) | quality(
            table, paths, vectors_ND, group_N, method, trusted
        )
        write_quality(work, figures, group_N, classes)
    if refresh:
        refresh_report(work, progress)
    return figures


def _groups_of(table: ImageTable, paths: list[str]) -> np.ndarray:
    group_N = table.frame(["path", "group"]).set_index("path").loc[paths, "group"]
    if group_N.isna().any():
        count = int(group_N.isna().sum())
        raise UnpoolError(f"{count} images of {table.work} are in no group; run `unpool group` first")
    numbers_N: np.ndarray = group_N.to_numpy(np.int64)
    return numbers_N


def _regrouped(
    table: ImageTable,
    paths: list[str],
    vectors_ND: np.ndarray,
    merge: int | None,
    split: int | None,
    seed: int,
) -> Any:
    """The groups there are, some joined or one parted, numbered anew by size; each image as sure as it was."""
    from unpool.analysis.clustering.grouping import Grouping, relabel_by_size
    from unpool.analysis.clustering.hierarchy import hierarchy, merge_groups
    from unpool.analysis.clustering.hierarchy import split as part
    from unpool.analysis.metrics.silhouette import silhouette

    if merge is not None and split is not None:
        raise UsageError("--merge and --split change the groups in two ways; give one at a time")
    group_N = _groups_of(table, paths)
    if merge is not None:
        group_N = merge_groups(group_N, hierarchy(vectors_ND, group_N), merge)
    else:
        group_N = part(vectors_ND, group_N, int(split or 0), seed=seed)
    sure_N = (
        table.frame(["path", "probability"]).set_index("path").loc[paths, "probability"].to_numpy(np.float32)
    )
    label_N = relabel_by_size(group_N)
    method = read_state(table.work).get("group", {}).get("method", "auto")
    return Grouping(method, label_N, sure_N, silhouette(vectors_ND, label_N, seed=seed))


def _fresh_map(table: ImageTable, paths: list[str]) -> np.ndarray | None:
    """The neighbour map where it covers every embedded image; grouping then need not make one."""
    if read_state(table.work).get("map", {}).get("method") != "tsne":
        return None
    rows = table.arrow(["x", "y"], where=f"status = '{OK}' AND vector IS NOT NULL")
    xy_N2 = np.stack([rows[name].to_numpy(zero_copy_only=False) for name in ("x", "y")], axis=1)
    return xy_N2 if len(xy_N2) == len(paths) and np.isfinite(xy_N2).all() else None
