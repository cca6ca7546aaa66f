"""`unpool spread`: suggest labels where few of them are wrong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unpool.actions.curation.settings import SpreadSettings
from unpool.actions.curation.stale_suggestions import note_seeds
from unpool.actions.history.recording import recorded
from unpool.analysis.classification.copies import first_of_copies
from unpool.analysis.classification.suggestions import UNLABELLED, suggest_classes
from unpool.analysis.neighbours import Floats, Indices
from unpool.core.progress import Progress
from unpool.core.settings import check_settings
from unpool.errors import UnpoolError
from unpool.store.lock import exclusive
from unpool.store.table import ImageTable, embedded_vectors

HIGH_CONFIDENCE = 0.8


@exclusive("unpool spread")
@recorded(
    lambda result: f"suggested labels for {result['suggested']} images", "suggestion", "suggestion_confidence"
)
def spread(
    work: Path,
    settings: SpreadSettings = SpreadSettings(),  # noqa: B008 - frozen
    *,
    progress: Progress | None = None,
) -> dict[str, int | float]:
    """Suggest labels for images without one.

    A classifier is made of the labels. Its answers are suggested where few of them are wrong. Former suggestions are
    replaced; images marked as wrong get none, and teach nothing.

    Args:
        work: the workspace; suggestion and suggestion_confidence (0 to 1) of its images are written.
        settings: the error that is allowed, and the random seed.
        progress: where stages go.

    Returns:
        The JSON object of `unpool spread`: images, labelled, labels (different ones), suggested, sure (those of
        confidence 0.8 or more), threshold (their lowest confidence), expected_error (the share of them that is wrong),
        unlike (images too unlike all labelled ones).

    Raises:
        UnpoolError: nothing is embedded, or there are fewer than two different labels.
    """
    check_settings(settings)
    taught, progress = _read_labels(ImageTable(work)), progress or Progress()
    with progress.stage("spreading labels"):
        found = suggest_classes(
            taught.vector_MD, taught.class_N[taught.row_M], error=settings.error, seed=settings.seed
        )
    class_N = np.full(len(taught.paths), UNLABELLED)
    confidence_N = np.zeros(len(class_N), np.float32)
    class_N[taught.row_M], confidence_N[taught.row_M] = found.class_N, found.confidence_N
    labelled = {
        path: taught.names[number]
        for path, number in zip(taught.paths, taught.class_N, strict=True)
        if number >= 0
    }
    note_seeds(work, labelled)
    ImageTable(work).update(taught.paths, _columns(class_N, confidence_N, taught.names))
    if not (class_N >= 0).any():
        _report_none(len(labelled), settings.error, progress)
    return {
        "images": len(class_N), "labelled": len(labelled), "labels": len(taught.names),
        "suggested": int((class_N >= 0).sum()),
        "sure": int(((class_N >= 0) & (confidence_N >= HIGH_CONFIDENCE)).sum()),
        "threshold": found.threshold, "expected_error": round(found.error, 4), "unlike": found.num_unlike,
    }  # fmt: skip


@dataclass(frozen=True)
class _Labels:
    """The labels of embedded images.

    Attributes:
        paths: of all N.
        names: the different labels.
        class_N: positions in `names`, -1 where there is no label, or the image is marked as wrong.
        row_M: images that are compared: not those marked as wrong, nor copies of labelled ones with the same label:
            held out, they would be known already.
        vector_MD: their vectors.
    """

    paths: list[str]
    names: list[str]
    class_N: Indices
    row_M: Indices
    vector_MD: Floats


def _read_labels(table: ImageTable) -> _Labels:
    paths, vectors_ND = embedded_vectors(table)
    rows = table.some(paths, ["label", "wrong", "id"])
    is_wrong_N = np.array([bool(wrong) for wrong in rows["wrong"].to_pylist()])
    label_N = [
        None if wrong else name for name, wrong in zip(rows["label"].to_pylist(), is_wrong_N, strict=True)
    ]
    names = _label_names(table.work, label_N)
    number_of: dict[str | None, int] = {name: number for number, name in enumerate(names)}
    class_N = np.array([number_of.get(name, UNLABELLED) for name in label_N])
    is_used_N, row_L = (class_N == UNLABELLED) & ~is_wrong_N, np.flatnonzero(class_N >= 0)
    contents = rows["id"].to_pylist()
    is_used_N[row_L[first_of_copies((contents[row] for row in row_L), class_N[row_L].tolist())]] = True
    return _Labels(paths, names, class_N, np.flatnonzero(is_used_N), vectors_ND[is_used_N])


def _report_none(num_labels: int, error: float, progress: Progress) -> None:
    progress.message(
        f"no suggestion: {num_labels} labels cannot show that {100 * error:g} % of them are wrong at most; label more "
        "images, two or more of each kind, or give a larger --error"
    )


def _columns(
    class_N: Indices, confidence_N: Floats, names: list[str]
) -> dict[str, list[str | None] | list[float | None]]:
    """The columns of suggestions, empty where none is given."""
    numbers, confidences = class_N.tolist(), confidence_N.tolist()
    return {
        "suggestion": [names[number] if number >= 0 else None for number in numbers],
        "suggestion_confidence": [
            value if number >= 0 else None for number, value in zip(numbers, confidences, strict=True)
        ],
    }


def _label_names(work: Path, label_N: list[str | None]) -> list[str]:
    """The different labels, sorted; UnpoolError where there are fewer than two."""
    names = sorted({name for name in label_N if name is not None})
    if not names:
        raise UnpoolError(
            f"no image of {work} has a label yet; give some first, on the page or by "
            f"`unpool label PATH… --as NAME --work {work}`"
        )
    if len(names) == 1:
        raise UnpoolError(
            f"all labels of {work} are ‘{names[0]}’; label images of another kind too, so that there is a choice"
        )
    return names
