"""`unpool group`, `unpool map`, `unpool evaluate`: analyse the vectors of a workspace.

Shapes: N embedded images sorted by path, D numbers a vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unpool.actions.grouping.group_files import describe_groups, quality_figures, write_quality
from unpool.actions.grouping.group_levels import (
    as_column,
    build_levels,
    message_of,
    move_to_level,
    reachable_levels,
)
from unpool.actions.grouping.labelled_map import draw_labelled_map
from unpool.actions.grouping.labels import describe_labels, forget_labels, read_labels_of
from unpool.actions.grouping.present_groups import (
    count_groups,
    keeps_groups,
    name_present_groups,
    present_stability,
    write_names,
)
from unpool.actions.grouping.settings import EvaluateSettings, GroupSettings, MapSettings
from unpool.actions.history.recording import recorded
from unpool.actions.search_index import update_search_index
from unpool.actions.sharing.levels import Levels, write_levels
from unpool.actions.sharing.report import refresh_report
from unpool.actions.words.group_names import GroupNaming, forget_names
from unpool.core.progress import Progress
from unpool.core.settings import check_settings
from unpool.errors import UnpoolError, UsageError
from unpool.store.columns import EMBEDDED, OK
from unpool.store.csv_files import write_groups
from unpool.store.lock import exclusive
from unpool.store.state import new_grouping_id, read_state, write_state
from unpool.store.table import ImageTable, embedded_vectors

if TYPE_CHECKING:
    from unpool.analysis.clustering.grouping import Grouping


@exclusive("unpool group", "results")
@recorded(
    lambda result: _describe_grouping(result),
    "group",
    "group_name",
    "probability",
    "leaf",
    "outlier_score",
    "joined_distance",
)
def group(
    work: Path,
    settings: GroupSettings = GroupSettings(),  # noqa: B008 - frozen
    *,
    refresh: bool = True,
    use_tree: bool = True,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Group the images of a workspace.

    Writes group, probability and outlier score of each image, groups.csv and the pictures of the groups. A number
    of groups that is a level of the tree of the present ones moves along that tree, and computes nothing anew. With
    `names` and no other way to group, the groups that there are stay, and get names alone.

    Args:
        work: the workspace.
        settings: how to group; with `merge` or `split` the present groups are joined or divided instead.
        refresh: rewrite the report where there is one.
        use_tree: move along the tree of the present groups where it has as many; else always find groups.
        progress: where stages and messages go.

    Returns:
        The JSON object of `unpool group`.

    Raises:
        UnpoolError: nothing is embedded yet, or there is no text side for names.
        UsageError: a value is out of range, or `merge` or `split` stands beside another way to group.
    """
    _check_one_way(settings)
    progress = progress or Progress()
    naming = None if settings.names is None else GroupNaming(work, settings.names, progress)
    if naming is not None and keeps_groups(work, settings):
        return name_present_groups(work, naming, refresh, progress)
    with progress.stage("grouping"):
        found = _write_new_groups(ImageTable(work), settings, use_tree, progress)
    names = {} if naming is None else write_names(work, naming)
    num_groups, sizes = count_groups(found.labels)
    _report_fewer(settings, num_groups, progress)
    state = _describe_choice(settings, found.method, num_groups)
    # `run` compares its own settings with `finished`: these groups are not the result of a run.
    write_state(work, group=state, finished=None)
    if refresh:
        refresh_report(work, progress)
    return {
        "method": found.method, "groups": num_groups, "sizes": sizes,
        "silhouette": found.silhouette, "noise": int((found.labels < 0).sum()),
        "stability": present_stability(work), **names,
    }  # fmt: skip


@exclusive("unpool map", "results")
@recorded(lambda result: f"mapped by {result['method']}", "x", "y")
def map_images(
    work: Path,
    settings: MapSettings = MapSettings(),  # noqa: B008 - frozen
    *,
    refresh: bool = True,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Lay the images out in the plane.

    Args:
        work: the workspace; x and y of its images are written.
        settings: the method; with `labels` a map in the colours of the true classes is drawn too.
        refresh: rewrite the report where there is one.
        progress: where stages go.

    Returns:
        The JSON object of `unpool map`.

    Raises:
        UnpoolError: nothing is embedded yet, or the labels fit no image.
    """
    check_settings(settings)
    from unpool.analysis.mapping import compute_map
    from unpool.analysis.metrics.supervised import trustworthiness

    progress = progress or Progress()
    table = ImageTable(work)
    paths, vectors_ND = _unit_vectors(table)
    if settings.labels is not None:  # which may be no labels: found out before the map is computed
        read_labels_of(work, paths, settings.labels, Progress())
    with progress.stage("mapping", 100, "%") as stage:
        xy_N2 = compute_map(
            vectors_ND, method=settings.method, seed=settings.seed,
            progress=lambda done: stage.reach(100 * done, 100),
        )  # fmt: skip
        _forget_closed(table, ["x", "y"])
        table.update(paths, {"x": xy_N2[:, 0], "y": xy_N2[:, 1]})
    write_state(work, map={"method": settings.method, "seed": settings.seed})
    result: dict[str, Any] = {
        "method": settings.method,
        "images": len(paths),
        "trustworthiness": trustworthiness(vectors_ND, xy_N2),
    }
    if settings.labels is not None:
        picture, labels = draw_labelled_map(work, settings.labels, progress)
        result |= {"picture": str(picture)} | describe_labels(labels)
    if refresh:
        refresh_report(work, progress)
    return result


@exclusive("unpool evaluate", "results")
def evaluate(
    work: Path,
    settings: EvaluateSettings = EvaluateSettings(),  # noqa: B008 - frozen
    *,
    trusted: float | None = None,
    refresh: bool = True,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measure how good the groups are.

    Writes report/quality.json, and with labels report/confusion.png.

    Args:
        work: the workspace.
        settings: `labels` are the true classes to compare with: folders, or a file of path,label.
        trusted: trustworthiness of the map, 0 to 1, where it is known already.
        refresh: rewrite the report where there is one.
        progress: where stages go.

    Returns:
        The JSON object of `unpool evaluate`; figures that need classes are None without labels.

    Raises:
        UnpoolError: the labels fit no image, or nothing is grouped yet.
    """
    check_settings(settings)
    from unpool.analysis.metrics.supervised import evaluate as measure

    progress = progress or Progress()
    table = ImageTable(work)
    paths, vectors_ND = _unit_vectors(table)
    group_N = _read_groups(table, paths)
    labels = None
    if settings.labels is None:
        forget_labels(work)
    else:
        labels = read_labels_of(work, paths, settings.labels, progress)
    classes = None if labels is None else labels.classes
    with progress.stage("evaluating"):
        figures = measure(vectors_ND, group_N, classes)
        figures |= quality_figures(table, paths, vectors_ND, group_N, trusted)
        figures |= {"labelled": None if labels is None else labels.num_labelled}
        write_quality(work, figures, group_N, classes)
    if refresh:
        refresh_report(work, progress)
    return figures | ({} if labels is None else describe_labels(labels))


def _report_fewer(settings: GroupSettings, num_groups: int, progress: Progress) -> None:
    if isinstance(settings.groups, int) and num_groups < settings.groups:
        progress.message(
            f"{num_groups} groups, not {settings.groups}: the images are of no more different kinds"
        )


def _describe_grouping(result: dict[str, Any]) -> str:
    if result.get("kept"):
        return f"named {len(result['names']) - result['unnamed']} of {result['groups']} groups"
    return f"grouped into {result['groups']}"


def _unit_vectors(table: ImageTable) -> tuple[list[str], np.ndarray]:
    """The embedded images and their vectors, scaled to length one here, once for all that is computed of them."""
    from unpool.analysis.neighbours import normalise

    paths, vectors_ND = embedded_vectors(table)
    return paths, normalise(vectors_ND)


def _check_one_way(settings: GroupSettings) -> None:
    check_settings(settings)
    changes = [settings.merge is not None, settings.split is not None]
    if any(changes) and (settings.method != "auto" or settings.groups != "auto"):
        raise UsageError("--merge and --split change the present groups; leave --method and --groups out")
    if all(changes):
        raise UsageError("--merge and --split change the groups in two ways; give one at a time")


def _find_groups(
    table: ImageTable, paths: list[str], vectors_ND: np.ndarray, settings: GroupSettings
) -> Grouping:
    from unpool.analysis.clustering.grouping import group as find_groups

    if settings.merge is not None or settings.split is not None:
        return _change_groups(table, paths, vectors_ND, settings)
    return find_groups(
        vectors_ND,
        method=settings.method,
        groups=settings.groups,
        xy_N2=_read_complete_map(table, paths),
        seed=settings.seed,
    )


def _change_groups(
    table: ImageTable, paths: list[str], vectors_ND: np.ndarray, settings: GroupSettings
) -> Grouping:
    """The present groups, some joined or one divided, renumbered by size; probabilities stay."""
    from unpool.analysis.clustering.grouping import Grouping, relabel_by_size
    from unpool.analysis.clustering.hierarchy import hierarchy, merge_groups, split
    from unpool.analysis.metrics.silhouette import silhouette

    group_N = _read_groups(table, paths)
    if settings.merge is not None:
        group_N = merge_groups(group_N, hierarchy(vectors_ND, group_N), settings.merge)
    else:
        group_N = split(vectors_ND, group_N, int(settings.split or 0), seed=settings.seed)
    probabilities = table.frame(["path", "probability"]).set_index("path").loc[paths, "probability"]
    label_N = relabel_by_size(group_N)
    method = read_state(table.work).get("group", {}).get("method", "auto")
    score = silhouette(vectors_ND, label_N)
    return Grouping(method, label_N, probabilities.to_numpy(np.float32), score)


def _write_new_groups(
    table: ImageTable, settings: GroupSettings, use_tree: bool, progress: Progress
) -> Grouping:
    """Write the groups of these settings, and the files that describe them."""
    from unpool.analysis.metrics.unsupervised import collapse_warning, effective_rank
    from unpool.analysis.neighbours import MIN_RECALL, self_recall

    paths, vectors_ND = _unit_vectors(table)
    if warning := collapse_warning(effective_rank(vectors_ND), vectors_ND.shape[1]):
        progress.message(warning)
    levels = reachable_levels(table, settings) if use_tree else None
    if levels is not None:
        found = _move_along(table, paths, vectors_ND, settings, levels, progress)
    else:
        if settings.merge is None and settings.split is None:
            forget_names(table, progress)
        found = _find_groups(table, paths, vectors_ND, settings)
        _write_groups(table, paths, vectors_ND, found, settings.seed)
    describe_groups(table.work, table, paths, vectors_ND, found.labels, found.probability)
    write_groups(table.work, table)
    update_search_index(table, progress)
    if (recall := self_recall(vectors_ND)) < MIN_RECALL:
        progress.message(
            f"outlier scores rest on {recall:.0%} of the nearest images: of a sample so many were found"
        )
    return found


def _move_along(
    table: ImageTable,
    paths: list[str],
    vectors_ND: np.ndarray,
    settings: GroupSettings,
    levels: Levels,
    progress: Progress,
) -> Grouping:
    """The groups of another level, once they are written."""
    from unpool.analysis.clustering.grouping import Grouping
    from unpool.analysis.metrics.silhouette import silhouette

    level = int(settings.groups)
    progress.message(f"{message_of(levels, level)}; --groups auto groups all anew")
    move_to_level(table, levels, level)
    rows = table.frame(["path", "group", "probability"]).set_index("path").loc[paths]
    label_N = rows["group"].to_numpy(np.int64)
    score = silhouette(vectors_ND, label_N)
    return Grouping(settings.method, label_N, rows["probability"].to_numpy(np.float32), score)


def _write_groups(
    table: ImageTable, paths: list[str], vectors_ND: np.ndarray, found: Grouping, seed: int
) -> None:
    """Write groups, and the tree over them."""
    from unpool.analysis.metrics.supervised import outlier_score

    leaf_N, levels = build_levels(vectors_ND, found.labels, seed)
    columns: dict[str, np.ndarray | Sequence[Any]] = {
        "group": found.labels, "probability": found.probability, "leaf": as_column(leaf_N),
        "outlier_score": outlier_score(vectors_ND), "joined_distance": [None] * len(paths),
    }  # fmt: skip
    new_grouping_id(table.work)
    _forget_closed(table, list(columns))
    table.update(paths, columns)
    write_levels(table.work, levels)


def _describe_choice(settings: GroupSettings, method: str, num_groups: int) -> dict[str, Any]:
    """What unpool.yaml keeps of a grouping."""
    source = "requested" if settings.merge is None and settings.split is None else "hand"
    state = {"method": method, "groups": num_groups, "seed": settings.seed, "source": source}
    # A number that was found may be another one next time.
    return state | ({"auto": True} if settings.groups == "auto" and source == "requested" else {})


def _forget_closed(table: ImageTable, columns: Sequence[str]) -> None:
    """Clear what was computed before of files that cannot be read today: they are in none of the new groups."""
    closed = table.arrow(["path"], where=f"status != '{OK}' AND `{columns[0]}` IS NOT NULL")[
        "path"
    ].to_pylist()
    table.update(closed, {name: [None] * len(closed) for name in columns})


def _read_groups(table: ImageTable, paths: list[str]) -> np.ndarray:
    group_N = table.frame(["path", "group"]).set_index("path").loc[paths, "group"]
    if group_N.isna().any():
        count = int(group_N.isna().sum())
        raise UnpoolError(
            f"{count} images of {table.work} are in no group; run `unpool group --work {table.work}` first"
        )
    numbers_N: np.ndarray = group_N.to_numpy(np.int64)
    return numbers_N


def _read_complete_map(table: ImageTable, paths: list[str]) -> np.ndarray | None:
    """The t-SNE map where it was computed of every embedded image: grouping then need not compute one."""
    state = read_state(table.work).get("map") or {}
    if state.get("method") != "tsne" or state.get("placed"):  # later images lie between their neighbours
        return None
    rows = table.arrow(["x", "y"], where=EMBEDDED)
    xy_N2 = np.stack([rows[name].to_numpy(zero_copy_only=False) for name in ("x", "y")], axis=1)
    return xy_N2 if len(xy_N2) == len(paths) and np.isfinite(xy_N2).all() else None
