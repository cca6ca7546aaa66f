"""`unpool spread`: suggest labels where few of them are wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from unpool.actions.curation.settings import SpreadSettings
from unpool.actions.curation.stale_suggestions import note_seeds
from unpool.actions.history.recording import recorded
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

    A classifier is made of the labels. An image gets a suggestion where its probability, and its likeness to the images
    of that label, are high enough for the share of wrong suggestions that is allowed. Former suggestions are replaced.
    Images marked as wrong get none.

    Args:
        work: the workspace; suggestion and suggestion_confidence (0 to 1) of its images are written.
        settings: the error that is allowed, and the random seed.
        progress: where stages go.

    Returns:
        The JSON object of `unpool spread`: images, labelled, labels (different ones), suggested, sure (those of
        confidence 0.8 or more), threshold (their lowest confidence), expected_error (the share of them that is wrong),
        unlike (images that are too unlike all labelled ones).

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
    number_of = {name: number for number, name in enumerate(names)}
    known_N = np.array([-1 if name is None else number_of[name] for name in label_N])
    progress = progress or Progress()
    with progress.stage("spreading labels"):
        found = suggest_classes(vectors_ND, known_N, error=settings.error, seed=settings.seed)
    is_wrong_N = np.array([bool(wrong) for wrong in rows["wrong"].to_pylist()])
    found_N, confidence_N = np.where(is_wrong_N, -1, found.class_N), found.confidence_N
    suggestions = [names[number] if number >= 0 else None for number in found_N.tolist()]
    confidences = [
        value if number >= 0 else None
        for number, value in zip(found_N.tolist(), confidence_N.tolist(), strict=True)
    ]
    note_seeds(work, {path: name for path, name in zip(paths, label_N, strict=True) if name is not None})
    table.update(paths, {"suggestion": suggestions, "suggestion_confidence": confidences})
    if not (found_N >= 0).any():
        progress.message(
            f"no suggestion: {int((known_N >= 0).sum())} labels cannot show that {100 * settings.error:g} % of them "
            "are wrong at most; label more images, two or more of each kind, or give a larger --error"
        )
    return {
        "images": len(paths), "labelled": int((known_N >= 0).sum()), "labels": len(names),
        "suggested": int((found_N >= 0).sum()),
        "sure": int(((found_N >= 0) & (confidence_N >= HIGH_CONFIDENCE)).sum()),
        "threshold": found.threshold, "expected_error": round(found.error, 4), "unlike": found.num_unlike,
    }  # fmt: skip


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
