"""The kinds of problems.

Each declared once, with what finds it and how it is called.

`unpool check`, problems.csv, the JSON results, filters and the page read `PROBLEM_KINDS`. A new kind is an
entry here and the function that finds it; light to import, since the command line reads it too.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from unpool.analysis.checks.thresholds import Flagged

_THRESHOLDS = "unpool.analysis.checks.thresholds"


@dataclass(frozen=True)
class ProblemKind:
    """One kind of problem that images can have.

    Args:
        name: Its key in JSON results and in filters.
        word: What problems.csv and the facts of an image call it.
        title: Its heading on the page.
        meaning: A sentence that says what is listed, and in which order.
        detect: `module:function` that flags images by the measurements that its parameters name; empty where
            images or labels are compared with each other, or a column holds the answer.
        column: Column whose values say which images have it, such as a mark of the user; known without a check.
        measure: Column that the page writes under each image and sorts by, of kinds that a column holds; what a
            check finds has its own figure and order.
        descending: Whether the largest measure comes first.
        has_sets: Whether it is found between images, of which one is kept.
        depends_on_model: Whether findings are void once another model embedded the images.
    """

    name: str
    word: str
    title: str
    meaning: str
    detect: str = ""
    column: str = ""
    measure: str = ""
    descending: bool = False
    has_sets: bool = False
    depends_on_model: bool = False


def _kinds(*kinds: ProblemKind) -> dict[str, ProblemKind]:
    return {kind.name: kind for kind in kinds}


# By name, in the order of problems.csv and of the page.
PROBLEM_KINDS: dict[str, ProblemKind] = _kinds(
    ProblemKind(
        "duplicates", "duplicate", "Exact duplicates", "Files with the same content, to the last byte.",
        has_sets=True,
    ),
    ProblemKind(
        "near_duplicates", "near duplicate", "Near duplicates",
        "Pictures that differ by size, compression, or a slight change.", has_sets=True,
    ),
    ProblemKind(
        "turned", "turned copy", "Turned or mirrored",
        "The same picture mirrored, or turned by 90° or 180°.", has_sets=True,
    ),
    ProblemKind(
        "bursts", "burst", "Bursts",
        "Photographs that one camera took within seconds, of much the same; the sharpest of each comes first.",
        has_sets=True, depends_on_model=True,
    ),
    ProblemKind(
        "outliers", "outlier", "Outliers",
        "Images that are unlike all others; the strangest first. The figure is how far they are, over the limit.",
        detect=f"{_THRESHOLDS}:outliers", depends_on_model=True,
    ),
    ProblemKind(
        "blurred", "blurred", "Blurred",
        "Images without a sharp edge; the least sharp first. The figure is the sharpest's width in pixels of 512.",
        detect=f"{_THRESHOLDS}:blurred",
    ),
    ProblemKind(
        "dark", "too dark", "Too dark",
        "Images with little but black; the darkest first. The figure is what 99 % of the pixels are below.",
        detect=f"{_THRESHOLDS}:dark",
    ),
    ProblemKind(
        "bright", "too bright", "Too bright",
        "Images with little but white; the brightest first. The figure is what 95 % of the pixels are above.",
        detect=f"{_THRESHOLDS}:bright",
    ),
    ProblemKind(
        "mislabelled", "mislabelled", "Mislabelled",
        "Images that look unlike their label and like another; the surest first. The figure is the probability that "
        "the label is wrong.",
        depends_on_model=True,
    ),
    ProblemKind(
        "leaked", "leaked", "In train and test",
        "Images of the validation or test folder that are in the train folder too, the same or nearly.",
    ),
    ProblemKind(
        "not_good", "not good", "Not good",
        "Images above the threshold of an inspector, the worst first, and those that somebody called not good; unpool "
        "check --model MODEL finds them. The figure is the score.",
    ),
    ProblemKind("wrong", "marked as wrong", "Marked as wrong", "Images that someone has marked.", column="wrong"),
    ProblemKind(
        "suggested", "suggested label", "Suggested labels",
        "Labels that a classifier of the given ones suggests, for you to accept or reject; the surest first.",
        column="suggestion", measure="suggestion_confidence", descending=True,
    ),
)  # fmt: skip


def checked_kinds() -> list[ProblemKind]:
    """The kinds that `unpool check` finds."""
    return [kind for kind in PROBLEM_KINDS.values() if not kind.column]


def annotated_kinds() -> list[ProblemKind]:
    """The kinds that a column of the table holds.

    Known without a check.
    """
    return [kind for kind in PROBLEM_KINDS.values() if kind.column]


def detect(kind: ProblemKind, measurements: Mapping[str, NDArray[np.floating]]) -> Flagged:
    """Flag the images that have a problem.

    Args:
        kind: A kind with a `detect` function.
        measurements: Arrays (N,) by name: `distance_N`, `error_N`, `contrast_N`, `width_N`, `high_N` and `low_N`,
            as the functions of `thresholds` describe them.
    """
    module, _, function_name = kind.detect.partition(":")
    function = getattr(import_module(module), function_name)
    flagged: Flagged = function(
        **{name: measurements[name] for name in inspect.signature(function).parameters}
    )
    return flagged
