"""The figures of quality, declared once for report and page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unpool.store.state import REPORT

QUALITY = "quality.json"


@dataclass(frozen=True)
class Figure:
    """One figure of report/quality.json.

    Attributes:
        name: its key in quality.json and in the JSON result of `unpool evaluate`.
        title: what people read.
        meaning: what is measured, in one sentence.
        good: how to read a value.
        low: the least value, where there is one.
        high: the greatest value, where there is one.
        needs_classes: whether it compares groups with true classes.
    """

    name: str
    title: str
    meaning: str
    good: str
    low: float | None = None
    high: float | None = None
    needs_classes: bool = False


FIGURES = (
    Figure("groups", "Groups", "Number of groups.", "No value is better than another by itself."),
    Figure(
        "coverage", "Coverage", "Share of images that are in a group; the rest are in none.",
        "1 means that every image is in a group.", 0, 1,
    ),
    Figure(
        "silhouette", "Silhouette",
        "How much nearer images are to their own group than to the nearest other group, by their vectors.",
        "Above 0.25 groups are clear, near 0 they touch, below 0 images lie nearer to another group. Vectors of "
        "many dimensions rarely reach 0.5.", -1, 1,
    ),
    Figure(
        "map_silhouette", "Silhouette on the map", "The silhouette, measured by places on the map.",
        "Above 0.5 groups are apart on the map. A map pulls groups apart, so it is higher than the silhouette.",
        -1, 1,
    ),
    Figure(
        "purity", "Neighbour purity",
        "Share of an image's ten nearest neighbours that are in its own group. It needs no classes, so it does not "
        "say whether groups are right.",
        "Above 0.9 groups have clear borders, below 0.6 they run into one another.", 0, 1,
    ),
    Figure(
        "stability", "Stability",
        "Agreement of groups that are found again in random parts of the images (adjusted Rand index).",
        "Above 0.8 the groups are a property of the images, below 0.5 much of them is arbitrary: try another "
        "number of groups.", 0, 1,
    ),
    Figure(
        "trustworthiness", "Trustworthiness of the map",
        "How far neighbours on the map are neighbours by their vectors too.",
        "Above 0.95 the map can be believed, below 0.85 look at the nearest images instead.", 0, 1,
    ),
    Figure(
        "effective_rank", "Effective rank", "Number of directions that the vectors make use of.",
        "Below 3 the vectors have collapsed and groups mean little.", 1,
    ),
    Figure(
        "accuracy", "Clustering accuracy",
        "Share of images whose group is the one matched to their class; each class is matched to one group.",
        "1 is perfect. It cannot be perfect where there are fewer groups than classes, or more.", 0, 1, True,
    ),
    Figure(
        "nmi", "Normalised mutual information", "How much the groups say about the classes.",
        "0 is nothing, 1 is everything. It rises with the number of groups.", 0, 1, True,
    ),
    Figure(
        "ari", "Adjusted Rand index", "Agreement with the classes on which pairs of images belong together.",
        "0 is what random groups reach, 1 is perfect.", -1, 1, True,
    ),
    Figure(
        "knn_accuracy", "Nearest-neighbour accuracy",
        "Share of images whose class is that of most of their nearest neighbours. It judges the vectors, not the "
        "groups.",
        "1 is perfect. Where it is far above the accuracy, other groups of the same vectors may fit better.",
        0, 1, True,
    ),
)  # fmt: skip
"""Each figure of quality.json that people are shown, in this order."""


def read_figures(work: Path) -> dict[str, Any]:
    """Read report/quality.json.

    The result is empty where the present groups have not been evaluated.
    """
    try:
        found = json.loads((work / REPORT / QUALITY).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
