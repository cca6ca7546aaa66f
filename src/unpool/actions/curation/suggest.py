"""`unpool spread`: suggestions for images without a label, from the labelled images near them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.store.table import ImageTable, embedded_vectors

SURE = 0.8


def spread(work: Path, *, seed: int = 0, progress: Progress | None = None) -> dict[str, Any]:
    """Write a suggested label and its confidence for every image without a label that labels reach.

    Former suggestions are replaced. Images marked as wrong get none. Returns the JSON object of `unpool spread`:
    images, labelled, labels (different ones), suggested, sure (confidence of 0.8 or more). Raises `UnpoolError`
    where nothing is embedded, or fewer than two different labels are given.
    """
    from unpool.analysis.label_propagation import propagate_labels

    table = ImageTable(work)
    paths, vectors_ND = embedded_vectors(table)
    rows = table.some(paths, ["label", "wrong"])
    label_N = rows["label"].to_pylist()
    names = _two_or_more(work, label_N)
    number = {name: place for place, name in enumerate(names)}
    known_N = np.array([-1 if name is None else number[name] for name in label_N])
    with (progress or Progress()).stage("spreading labels"):
        found_N, sure_N = propagate_labels(vectors_ND, known_N, seed=seed)
    is_wrong_N = np.array([bool(wrong) for wrong in rows["wrong"].to_pylist()])
    found_N = np.where(is_wrong_N, -1, found_N)
    suggestion = [names[place] if place >= 0 else None for place in found_N.tolist()]
    confidence = [
        value if place >= 0 else None for place, value in zip(found_N, sure_N.tolist(), strict=True)
    ]
    table.update(paths, {"suggestion": suggestion, "suggestion_confidence": confidence})
    return {
        "images": len(paths), "labelled": int((known_N >= 0).sum()), "labels": len(names),
        "suggested": int((found_N >= 0).sum()), "sure": int(((found_N >= 0) & (sure_N >= SURE)).sum()),
    }  # fmt: skip


def _two_or_more(work: Path, label_N: list[str | None]) -> list[str]:
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
