"""`unpool suggest`: which images to label next.

Shapes: N embedded images, D numbers a vector, K names.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from typing_extensions import TypedDict

from unpool.actions.teaching.advice import (
    Labels,
    choose_next,
    describe_choice,
    fit_labels,
    probabilities,
    try_labels,
)
from unpool.actions.teaching.settings import SuggestSettings
from unpool.analysis.classification.estimates import Estimate
from unpool.analysis.classification.next_labels import Choice
from unpool.analysis.neighbours import Floats, normalise
from unpool.core.progress import Progress
from unpool.core.settings import check_settings
from unpool.errors import UnpoolError, UsageError
from unpool.store.fields.names import LABEL
from unpool.store.fields.values import known_field
from unpool.store.table import ImageTable, embedded_vectors

TAUGHT_KINDS = ("choice", "text")


class Suggested(TypedDict):
    """An image to label next.

    Label and probability are null before two names have labels.
    """

    path: str
    reason: str
    label: str | None
    probability: float | None


def suggest(
    work: Path,
    settings: SuggestSettings = SuggestSettings(),  # noqa: B008 - frozen
    *,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Choose the images that are worth a label next.

    First typical images of each group of similar ones, then those that the labels so far leave in doubt, from all
    parts of the collection, and of rare kinds. Nothing is written.

    Args:
        work: the workspace.
        settings: how many images, the field, and the random seed.
        progress: where stages go.

    Returns:
        The JSON object of `unpool suggest`: images, labelled, names, left, and accuracy with its interval, null
        before two names have two labels.

    Raises:
        UnpoolError: nothing is embedded, or all images have a label.
        UsageError: there is no such field, or it has no names.
    """
    check_settings(settings)
    table, progress = ImageTable(work), progress or Progress()
    paths, vectors_ND = embedded_vectors(table)
    unit_ND = normalise(vectors_ND)
    labels, num_groups = read_labels(table, paths, settings.field)
    left = int((labels.is_open_N & (labels.code_N < 0)).sum())
    if not left:
        raise UnpoolError(
            f"all {len(paths)} images of {work} have a {settings.field}; none is left to suggest"
        )
    with progress.stage("choosing images"):
        head, estimate = fit_labels(unit_ND, labels), try_labels(unit_ND, labels, seed=settings.seed)
        logit_NK = None if head is None else head.logits_of_unit(unit_ND)
        choices = choose_next(
            unit_ND, labels, logit_NK, settings.k, num_groups=num_groups, seed=settings.seed
        )
    if left < settings.k:
        progress.message(f"-k is {settings.k}, but {left} have no {settings.field}: all of them are listed")
    images = _describe(
        choices, paths, labels, None if logit_NK is None else probabilities(logit_NK, estimate)
    )
    return {
        "images": images, "labelled": labels.num_labelled, "names": len(labels.names), "left": left,
        **_accuracy_figures(estimate),
    }  # fmt: skip


def _accuracy_figures(estimate: Estimate | None) -> dict[str, float | None]:
    names = ("accuracy", "accuracy_low", "accuracy_high")
    return {name: None if estimate is None else round(estimate[at], 4) for at, name in enumerate(names)}


def _describe(
    choices: Sequence[Choice], paths: Sequence[str], labels: Labels, probability_NK: Floats | None
) -> list[Suggested]:
    counts = labels.count()
    images: list[Suggested] = []
    for choice in choices:
        name = probability = None
        if probability_NK is not None:
            best = int(probability_NK[choice.row].argmax())
            name, probability = labels.names[best], round(float(probability_NK[choice.row, best]), 4)
        images.append({
            "path": paths[choice.row],
            "reason": describe_choice(choice, labels, counts),
            "label": name,
            "probability": probability,
        })  # fmt: skip
    return images


def read_labels(table: ImageTable, paths: Sequence[str], field: str = LABEL) -> tuple[Labels, int]:
    """Read the labels of images.

    Args:
        table: Of the workspace.
        paths: The images.
        field: Whose values are the labels.

    Returns:
        The labels in the order of `paths`, and the number of groups of the workspace.

    Raises:
        UsageError: There is no such field, or its values are no names.
    """
    known = known_field(table, field)
    if known.kind not in TAUGHT_KINDS:
        raise UsageError(
            f"field {known.name!r} is a {known.kind}, but must be a choice to be taught; name another"
        )
    rows = table.some(paths, [known.column, "wrong", "group", "id"])
    values = rows[known.column].to_pylist()
    names = sorted({value for value in values if value is not None})
    number_of = {name: number for number, name in enumerate(names)}
    code_N = np.array([-1 if value is None else number_of[value] for value in values], np.int64)
    is_wrong_N = np.array([bool(wrong) for wrong in rows["wrong"].to_pylist()], bool)
    groups = {group for group in rows["group"].to_pylist() if group is not None and group >= 0}
    content_N = np.array(rows["id"].to_pylist(), object)
    return Labels(names, code_N, ~is_wrong_N, content_N), len(groups)
