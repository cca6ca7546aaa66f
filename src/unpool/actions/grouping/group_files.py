"""Files that grouping and evaluating write to WORK/report.

groups.json and dendrogram.png describe groups; quality.json and confusion.png say how good they are.

Shapes: N images, D numbers a vector, K groups, C classes, M = K − 1 merges.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unpool.actions.sharing.figures import QUALITY
from unpool.actions.sharing.levels import describe_levels, read_levels
from unpool.actions.sharing.quality import CONFUSION, DENDROGRAM, GROUPS
from unpool.actions.sharing.report import PAGE, refresh_report
from unpool.core.atomic_files import write_bytes, write_json
from unpool.core.progress import Progress
from unpool.store.state import REPORT
from unpool.store.table import ImageTable, embedded_vectors

if TYPE_CHECKING:
    from unpool.analysis.clustering.hierarchy import Merges

NUM_NAMED = 8  # typical and unusual images named of each group
MAX_DRAWN = 60  # groups whose images are drawn beside their tree


def describe_groups(
    work: Path,
    table: ImageTable,
    paths: list[str],
    vectors_ND: np.ndarray,
    group_N: np.ndarray,
    probability_N: np.ndarray,
) -> None:
    """Write groups.json and dendrogram.png; figures of former groups go.

    Args:
        work: the workspace.
        table: its table, where the thumbnails are.
        paths: the embedded images.
        vectors_ND: their vectors.
        group_N: their groups, -1 for noise.
        probability_N: how probable it is that each belongs to its group, 0 to 1.
    """
    from unpool.analysis.clustering.hierarchy import hierarchy
    from unpool.analysis.metrics.supervised import medoids
    from unpool.analysis.metrics.unsupervised import neighbour_purity

    for stale in (CONFUSION, QUALITY):
        (work / REPORT / stale).unlink(missing_ok=True)
    merges = hierarchy(vectors_ND, group_N)
    share_N = neighbour_purity(vectors_ND, group_N)
    typical = medoids(vectors_ND, group_N, len(group_N))
    described = []
    for number, rows in typical.items():
        # From the least typical on, those first whose neighbours are in other groups.
        odd = rows[::-1][np.argsort(share_N[rows[::-1]], kind="stable")][:NUM_NAMED]
        described.append({
            "group": number, "images": len(rows), "confidence": round(float(probability_N[rows].mean()), 4),
            "purity": round(float(share_N[rows].mean()), 4),
            "typical": [paths[row] for row in rows[:NUM_NAMED]], "odd": [paths[row] for row in odd],
        })  # fmt: skip
    write_json(
        work / REPORT / GROUPS,
        {
            "groups": described,
            "hierarchy": [[int(a), int(b), h, int(n)] for a, b, h, n in merges],
            **_levels_of_report(work),
        },
    )
    first = {number: paths[rows[0]] for number, rows in typical.items()}
    _draw_tree(work, table, merges, {number: len(rows) for number, rows in typical.items()}, first)


def _levels_of_report(work: Path) -> dict[str, object]:
    """The present level of the tree of groups and how stable each level is; nothing without a tree."""
    tree = describe_levels(read_levels(work))
    if tree is None:
        return {}
    stated = [{name: value for name, value in level.items() if name != "numbers"} for level in tree["levels"]]
    return {"level": tree["level"], "found": tree["found"], "levels": stated}


def _draw_tree(
    work: Path, table: ImageTable, merges: Merges, sizes: dict[int, int], first: dict[int, str]
) -> None:
    """Write dendrogram.png, or remove a former one where there are too many or too few groups."""
    from unpool.report.dendrogram import draw_dendrogram

    shown = list(first.values()) if len(sizes) <= MAX_DRAWN else []
    thumbnails = dict(zip(first, table.thumbnails(shown), strict=False))
    picture = draw_dendrogram(merges, list(sizes), list(sizes.values()), thumbnails)
    if picture is None:
        (work / REPORT / DENDROGRAM).unlink(missing_ok=True)
    else:
        write_bytes(work / REPORT / DENDROGRAM, picture)


def rewrite_group_files(work: Path, progress: Progress | None = None) -> None:
    """Rewrite the files of the groups and the report.

    Figures of the former groups are removed; `evaluate` computes them again. Nothing is done without a report.
    """
    if not (work / REPORT / PAGE).is_file():
        return
    table = ImageTable(work)
    paths, vectors_ND = embedded_vectors(table)
    rows = table.frame(["path", "group", "probability"]).set_index("path").loc[paths]
    if rows["group"].notna().all():
        label_N = rows["group"].to_numpy(np.int64)
        describe_groups(work, table, paths, vectors_ND, label_N, rows["probability"].to_numpy(np.float32))
    refresh_report(work, progress or Progress())


def quality_figures(
    table: ImageTable,
    paths: list[str],
    vectors_ND: np.ndarray,
    group_N: np.ndarray,
    trusted: float | None = None,
) -> dict[str, float | None]:
    """Compute the figures that need no classes.

    Those of a missing map are None.

    Args:
        table: the workspace's table, where the places on the map are.
        paths: the embedded images.
        vectors_ND: their vectors.
        group_N: their groups, -1 for noise.
        trusted: the trustworthiness of the map where it is known already.

    Returns:
        A value for each figure of `figures.FIGURES` that needs no classes.
    """
    from unpool.analysis.clustering.group_tree import measure_stability
    from unpool.analysis.metrics.silhouette import map_silhouette
    from unpool.analysis.metrics.supervised import trustworthiness
    from unpool.analysis.metrics.unsupervised import effective_rank, purity

    rows = table.frame(["path", "x", "y"]).set_index("path").loc[paths]
    xy_N2 = rows.to_numpy(np.float64)
    is_mapped = bool(np.isfinite(xy_N2).all())
    (stability,) = measure_stability(vectors_ND, [group_N])
    return {
        "map_silhouette": map_silhouette(xy_N2, group_N) if is_mapped else None,
        "trustworthiness": trusted or (trustworthiness(vectors_ND, xy_N2) if is_mapped else None),
        "purity": purity(vectors_ND, group_N),
        "stability": None if stability is None else stability[0],
        "effective_rank": effective_rank(vectors_ND),
    }


def write_quality(
    work: Path, figures: dict[str, float | None], group_N: np.ndarray, classes: list[str | None] | None
) -> None:
    """Write quality.json, and confusion.png where there are classes.

    Args:
        work: the workspace.
        figures: the value of each figure, by its name.
        group_N: the groups of the embedded images; in the picture each stands beside the class it matches best.
        classes: the true class of each, None where it is not known.
    """
    from scipy.optimize import linear_sum_assignment

    from unpool.analysis.metrics.supervised import contingency
    from unpool.report.confusion import draw_confusion

    write_json(work / REPORT / QUALITY, figures)
    known = [row for row, name in enumerate(classes or []) if name is not None]
    if classes is None or not known:
        return
    names = sorted({str(classes[row]) for row in known})
    numbers = sorted({int(group_N[row]) for row in known})
    table_CK = contingency([str(classes[row]) for row in known], group_N[known])
    class_M, group_M = linear_sum_assignment(table_CK, maximize=True)
    order = [int(k) for k in group_M] + [k for k in range(len(numbers)) if k not in set(group_M.tolist())]
    rows = [int(c) for c in class_M] + [c for c in range(len(names)) if c not in set(class_M.tolist())]
    picture = draw_confusion(
        table_CK[rows][:, order], [names[row] for row in rows],
        ["none" if numbers[k] < 0 else str(numbers[k]) for k in order], across="group",
    )  # fmt: skip
    write_bytes(work / REPORT / CONFUSION, picture)
