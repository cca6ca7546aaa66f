"""What a workspace says of its groups beside the table: report/groups.json, dendrogram.png, confusion.png.

N images, D numbers a vector, K groups.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unpool.core.atomic_files import write_bytes, write_json
from unpool.store.state import REPORT
from unpool.store.table import ImageTable

if TYPE_CHECKING:
    from unpool.report.page import Table

SHOWN = 8  # typical and odd images named of each group
DRAWN = 60  # groups whose images are drawn beside their tree, at most
MEANINGS = {
    "groups": "how many groups there are",
    "accuracy": "share of images in the group that matches their class best, each class with one group",
    "nmi": "what groups tell of classes, from 0, nothing, to 1, everything",
    "ari": "agreement of pairs of images with the classes, 0 where it is chance, 1 where it is perfect",
    "knn_accuracy": "share of images whose nearest neighbours tell their class",
    "silhouette": "how far groups lie apart for their width, from -1 to 1, by the images' vectors",
    "map_silhouette": "the same on the map",
    "coverage": "share of images that are in a group at all",
    "trustworthiness": "share of neighbours on the map that are neighbours by their vectors too",
    "purity": "share of an image's nearest neighbours that are in its own group",
    "stability": "agreement of k-means groups of random parts of the images, as many as there are groups",
    "effective_rank": "how many directions the vectors use; near 1 they have collapsed",
}
"""Each figure of quality.json, in the order in which pages show them."""
NAMED, LISTED = 2, 100  # images named of each kind, and groups, in the table of the page
GROUPS, DENDROGRAM, CONFUSION, QUALITY = "groups.json", "dendrogram.png", "confusion.png", "quality.json"


def describe_groups(
    work: Path,
    table: ImageTable,
    paths: list[str],
    vectors_ND: np.ndarray,
    group_N: np.ndarray,
    sure_N: np.ndarray,
) -> None:
    """Write of each group its size, typical and odd images and mean confidence, and how groups would be joined."""
    from unpool.analysis.clustering.hierarchy import hierarchy
    from unpool.analysis.metrics.supervised import medoids
    from unpool.analysis.metrics.unsupervised import neighbour_purity
    from unpool.report.dendrogram import draw_dendrogram

    for stale in (CONFUSION, QUALITY):
        (work / REPORT / stale).unlink(missing_ok=True)
    merges = hierarchy(vectors_ND, group_N)
    share_N = neighbour_purity(vectors_ND, group_N)
    typical = medoids(vectors_ND, group_N, len(group_N))
    told = []
    for number, rows in typical.items():
        # From the least typical on, those first whose neighbours are in other groups.
        odd = rows[::-1][np.argsort(share_N[rows[::-1]], kind="stable")][:SHOWN]
        told.append({
            "group": number, "images": len(rows), "confidence": round(float(sure_N[rows].mean()), 4),
            "purity": round(float(share_N[rows].mean()), 4),
            "typical": [paths[row] for row in rows[:SHOWN]], "odd": [paths[row] for row in odd],
        })  # fmt: skip
    write_json(
        work / REPORT / GROUPS,
        {"groups": told, "hierarchy": [[int(a), int(b), h, int(n)] for a, b, h, n in merges]},
    )
    first = {number: paths[rows[0]] for number, rows in typical.items()}
    shown = list(first.values()) if len(typical) <= DRAWN else []
    picture = draw_dendrogram(
        merges, list(typical), [len(rows) for rows in typical.values()],
        dict(zip(first, table.thumbnails(shown), strict=False)),
    )  # fmt: skip
    if picture is None:
        (work / REPORT / DENDROGRAM).unlink(missing_ok=True)
    else:
        write_bytes(work / REPORT / DENDROGRAM, picture)


def quality(
    table: ImageTable,
    paths: list[str],
    vectors_ND: np.ndarray,
    group_N: np.ndarray,
    method: str,
    trusted: float | None = None,
) -> dict[str, Any]:
    """The figures that need no labels; those of the map are null where there is none.

    `trusted` is the trustworthiness of the map where it is known.
    """
    from unpool.analysis.clustering.stability import stability
    from unpool.analysis.metrics.silhouette import NOISE, map_silhouette
    from unpool.analysis.metrics.supervised import trustworthiness
    from unpool.analysis.metrics.unsupervised import effective_rank, purity

    rows = table.frame(["path", "x", "y"]).set_index("path").loc[paths]
    xy_N2 = rows.to_numpy(np.float64)
    is_mapped = bool(np.isfinite(xy_N2).all())
    num_groups = len(np.unique(group_N[group_N != NOISE]))
    # The others would make maps or take minutes, each time.
    again = method if method == "graph" else "kmeans"
    return {
        "map_silhouette": map_silhouette(xy_N2, group_N) if is_mapped else None,
        "trustworthiness": trusted or (trustworthiness(vectors_ND, xy_N2) if is_mapped else None),
        "purity": purity(vectors_ND, group_N),
        "stability": stability(vectors_ND, num_groups, method=again) if num_groups > 1 else None,
        "effective_rank": effective_rank(vectors_ND),
    }


def read_figures(work: Path) -> dict[str, Any]:
    """What report/quality.json says of the groups there are; empty where they were not judged."""
    try:
        found = json.loads((work / REPORT / QUALITY).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def read_groups(work: Path) -> list[dict[str, Any]]:
    """What report/groups.json says of each group; empty where there is none."""
    try:
        found = json.loads((work / REPORT / GROUPS).read_text("utf-8"))["groups"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return found if isinstance(found, list) else []


def groups_table(work: Path) -> Table | None:
    """Title, names of columns and rows of text: each group with its confidence, typical and odd images."""
    rows = [
        [
            str(told["group"]), str(told["images"]), f"{told['confidence']:.2f}", f"{told['purity']:.2f}",
            ", ".join(told["typical"][:NAMED]), ", ".join(told["odd"][:NAMED]),
        ]
        for told in read_groups(work)[:LISTED]
    ]  # fmt: skip
    header = ["group", "images", "confidence", "purity", "most typical", "odd ones"]
    return ("Groups", header, rows) if rows else None


def compared_table(state: dict[str, Any]) -> Table | None:
    """The comparison of networks as a table, the best first; None where there was none."""
    rows = state.get("compared") or []
    if not rows:
        return None
    told = [["" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)
             for value in row.values()] for row in rows]  # fmt: skip
    return "Ways to embed that were tried", [name.replace("_", " ") for name in rows[0]], told


def write_quality(
    work: Path, figures: dict[str, Any], group_N: np.ndarray, classes: list[str | None] | None
) -> None:
    """report/quality.json, and confusion.png where there are classes: groups beside the class each matches best."""
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
