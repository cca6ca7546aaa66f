"""`unpool spread`: suggest labels where few of them are wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from unpool.actions.curation.settings import SpreadSettings
from unpool.actions.curation.stale_suggestions import note_seeds
from unpool.actions.history.recording import recorded
from unpool.core.progress import Progress
from unpool.core.settings import check_settings
from unpool.errors import UnpoolError
from unpool.store.lock import exclusive
from unpool.store.table import ImageTable, embedded_vectors

if TYPE_CHECKING:
    from unpool.analysis.classification.suggestions import Suggestions

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
    replaced; images marked as wrong get none.

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
    from unpool.analysis.classification.suggestions import suggest_classes

    table = ImageTable(work)
    paths, vectors_ND = embedded_vectors(table)
    rows = table.some(paths, ["label", "wrong"])
    label_N = rows["label"].to_pylist()
    names = _label_names(work, label_N)
    number_of: dict[str | None, int] = {name: number for number, name in enumerate(names)}
    number_of[None] = -1
    known_N = np.array([number_of[name] for name in label_N])
    progress = progress or Progress()
    with progress.stage("spreading labels"):
        found = suggest_classes(vectors_ND, known_N, error=settings.error, seed=settings.seed)
    is_wrong_N = np.array([bool(wrong) for wrong in rows["wrong"].to_pylist()])
    is_given_N = (found.class_N >= 0) & ~is_wrong_N
    note_seeds(work, {path: name for path, name in zip(paths, label_N, strict=True) if name is not None})
    table.update(paths, _columns(found, is_given_N, names))
    if not is_given_N.any():
        _report_none(int((known_N >= 0).sum()), settings.error, progress)
    return {
        "images": len(paths), "labelled": int((known_N >= 0).sum()), "labels": len(names),
        "suggested": int(is_given_N.sum()),
        "sure": int((is_given_N & (found.confidence_N >= HIGH_CONFIDENCE)).sum()),
        "threshold": found.threshold, "expected_error": round(found.error, 4), "unlike": found.num_unlike,
    }  # fmt: skip


def _report_none(num_labels: int, error: float, progress: Progress) -> None:
    progress.message(
        f"no suggestion: {num_labels} labels cannot show that {100 * error:g} % of them are wrong at most; label more "
        "images, two or more of each kind, or give a larger --error"
    )


def _columns(
    found: Suggestions, is_given_N: npt.NDArray[np.bool_], names: list[str]
) -> dict[str, list[str | None] | list[float | None]]:
    """The columns of suggestions, empty where none is given."""
    given = is_given_N.tolist()
    numbers, confidences = found.class_N.tolist(), found.confidence_N.tolist()
    return {
        "suggestion": [names[number] if here else None for number, here in zip(numbers, given, strict=True)],
        "suggestion_confidence": [
            value if here else None for value, here in zip(confidences, given, strict=True)
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
