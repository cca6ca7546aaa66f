"""`unpool inspect train --more`: add further good images to a model at once.

N pictures, L levels.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from unpool.actions.inspection.good_images import GoodImages, read_good_images
from unpool.actions.inspection.settings import InspectTrainSettings
from unpool.actions.inspection.train import describe_threshold, inspect_train, report_reading
from unpool.analysis.anomaly.conformal import choose_threshold
from unpool.analysis.anomaly.coreset import choose_coreset
from unpool.analysis.anomaly.widening import choose_further, nearest_squares, widen_spread
from unpool.core.atomic_files import write_text, write_whole
from unpool.core.file_identity import digest_files
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError
from unpool.images.values.rules import VALUES, ValueRules
from unpool.inference.inspection.inspector import (
    EPSILON,
    KIND,
    METADATA,
    ONNX,
    RECORD,
    InspectorRecord,
    load_inspector,
)
from unpool.inference.inspection.memory_graph import Described, MemoryGraph, read_memory_graph
from unpool.training.model_file import JSON, WEIGHTS, expect_kind, rules_of_model

FOLDS = 3  # in which further images are scored by the others of them
MAX_PICTURES = 300  # pictures that can be added at a time
GROWTH = 1.5  # of the memory that was learnt, at most: it costs time
FURTHER = 0.25  # of a memory, that may be added at a time
GOAL = 0.5  # of the threshold, to which wholes of further images are brought
FIXED = ("method", "network", "size", "tile", "val", "minutes")  # options that learning alone can follow


def inspect_more(more: Path, *, out: Path, progress: Progress | None = None) -> dict[str, Any]:
    """Add good images to a model without learning again.

    What its memory lacks of them is added, mean and spread of images as a whole are widened, and the threshold is
    chosen again with their scores: each by the model with the others of them, as if it had not been seen.

    Args:
        more: a folder of further good images, one at least; those added before are left out.
        out: the model folder, which is changed.
        progress: where stages and messages go.

    Returns:
        The JSON object of `unpool inspect train --more`.

    Raises:
        UnpoolError: no image can be read, or the folder holds no inspector with a memory.
        UsageError: there are more images than can be added at a time.
    """
    progress, began = progress or Progress(), time.perf_counter()
    record = load_inspector(out, progress).record
    graph = read_memory_graph(out / ONNX, _read_state(out))
    images = read_good_images(more, record.size, record.tile, progress, least=1, rules=rules_of_model(out))
    report_reading(images, progress)
    images, digests, num_known = _leave_known(images, record)
    if len(images.pictures) > MAX_PICTURES:
        raise UsageError(
            f"--more {more} holds {len(images.pictures)} pictures, but {MAX_PICTURES} can be added at a time; "
            "learn again from all"
        )
    grown, new, counts = graph, record, (0, 0)
    if images.pictures:
        with progress.stage("adding"):
            grown, scores, counts = _add(graph, images, record)
        new = _widen_record(record, graph, scores, digests)
        _save(out, grown, new, images.rules)
    notes = describe_threshold(choose_threshold(np.array(new.good_scores), new.false_alarms), new)
    for note in notes:
        progress.message(note)
    return {
        "out": str(out), "images": images.num_images, "method": new.method, "threshold": new.threshold,
        "false_alarms": new.false_alarms, "seconds": round(time.perf_counter() - began, 3),
        "old_threshold": record.threshold, "not_good": counts[0], "still_not_good": counts[1],
        "known": num_known, "skipped": len(images.problems), "repeated": images.num_repeated,
        "learnt_from": new.num_good, "vectors_added": _num_vectors(grown) - _num_vectors(graph), "notes": notes,
    }  # fmt: skip


def learn_and_add(
    good: Path | None,
    settings: InspectTrainSettings,
    *,
    more: Path,
    out: Path,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Add good images to a model, learnt first where missing.

    Args:
        good: a folder of good images; it is not read where `out` holds a model.
        settings: of learning.
        more: a folder of further good images.
        out: the model folder.
        progress: where stages and messages go.

    Returns:
        The JSON object of `unpool inspect train --more`.

    Raises:
        UsageError: there is neither a model nor a folder to learn from, or options ask for another model.
        UnpoolError: what `inspect_train` and `inspect_more` raise.
    """
    progress = progress or Progress()
    if (out / JSON).is_file():
        _check_options(expect_kind(out, KIND), settings, out)
        if good is not None:
            progress.message(f"{out} is a model already: {good} is not learnt from again")
    elif good is None:
        raise UsageError(
            f"--out {out} holds no model to add to; name a folder of good images to learn from too"
        )
    else:
        inspect_train(good, settings, out=out, progress=progress)
    return inspect_more(more, out=out, progress=progress)


def _add(
    graph: MemoryGraph, images: GoodImages, record: InspectorRecord
) -> tuple[MemoryGraph, np.ndarray, tuple[int, int]]:
    """The grown graph, scores as of unseen images, and how many were and are above the former threshold."""
    owners_N = np.array(images.owners)
    described = graph.describe(images.pictures)
    nearest = [_nearest(graph, level, each) for level, each in enumerate(described.patches)]
    scores = _unseen_scores(graph, described, nearest, images, record)
    grown = _grow(graph, described, nearest, record)
    before = _by_image(described.scores_N, owners_N)
    after = _by_image(grown.describe(images.pictures, is_deep=False).scores_N, owners_N)
    counts = (int((before > record.threshold).sum()), int((after > record.threshold).sum()))
    return grown, scores, counts


def _check_options(described: dict[str, Any], settings: InspectTrainSettings, out: Path) -> None:
    plain, stored = InspectTrainSettings(), described.get("options", {})
    for name in FIXED:
        value = getattr(settings, name)
        if value not in (getattr(plain, name), stored.get(name)):
            raise UsageError(
                f"--{name} {value} asks for another model than {out}; leave it out, or learn again"
            )
    rate = described[RECORD]["false_alarms"]
    if settings.false_alarms not in (plain.false_alarms, rate):
        raise UsageError(
            f"--false-alarms is {settings.false_alarms}, but {out} was made for {rate}; leave it out, or learn again"
        )


def _leave_known(images: GoodImages, record: InspectorRecord) -> tuple[GoodImages, list[str], int]:
    """Leave out images that were added before, and return the digests of the others."""
    owners_N = np.array(images.owners, int)
    known, digests, kept = set(record.details.get("added", [])), [], []
    for owner in range(images.num_images):
        rows = np.flatnonzero(owners_N == owner).tolist()
        digest = hashlib.sha256(b"".join(images.pictures[row].tobytes() for row in rows)).hexdigest()[:16]
        if digest not in known:
            digests.append(digest)
            kept.append(rows)
    left = replace(
        images, num_images=len(kept), pictures=[images.pictures[row] for rows in kept for row in rows],
        owners=[owner for owner, rows in enumerate(kept) for _ in rows],
    )  # fmt: skip
    return left, digests, images.num_images - len(kept)


def _unseen_scores(
    graph: MemoryGraph,
    described: Described,
    nearest: list[np.ndarray],
    images: GoodImages,
    record: InspectorRecord,
) -> np.ndarray:
    """Scores of further images, one an image, each by the model and the others."""
    owners_N = np.array(images.owners)
    fold_N = owners_N % min(FOLDS, images.num_images)
    scores_N = described.scores_N.copy()
    for fold in range(int(fold_N.max()) + 1 if images.num_images > 1 else 0):
        own = np.flatnonzero(fold_N == fold)
        others = np.flatnonzero(fold_N != fold)
        widened = _grow(graph, described.take(others), [each[others] for each in nearest], record)
        scores_N[own] = widened.describe([images.pictures[row] for row in own], is_deep=False).scores_N
    return _by_image(scores_N, owners_N)


def _by_image(scores_N: np.ndarray, owners_N: np.ndarray) -> np.ndarray:
    return np.array([scores_N[owners_N == owner].max() for owner in np.unique(owners_N)])


def _nearest(graph: MemoryGraph, level: int, patches_NPD: np.ndarray) -> np.ndarray:
    """Squared distances (N, P) of patches to a level's memory."""
    nearest = nearest_squares(patches_NPD.reshape(-1, patches_NPD.shape[-1]), graph.memory(level))
    return nearest.reshape(patches_NPD.shape[:2])


def _grow(
    graph: MemoryGraph, described: Described, nearest: list[np.ndarray], record: InspectorRecord
) -> MemoryGraph:
    """Add what the graph lacks of pictures."""
    arrays: dict[str, np.ndarray] = {}
    learnt = record.details.get("learnt_vectors") or [len(graph.memory(k)) for k in range(graph.num_levels)]
    for level, patches in enumerate(described.patches):
        memory_MD, vectors_ND = graph.memory(level), patches.reshape(-1, patches.shape[-1])
        reach = float(np.exp(graph.state[f"level{level}_low_hw"].mean()))  # usual among good images
        further = choose_further(
            vectors_ND, nearest[level].ravel(), reach, max(8, int(FURTHER * learnt[level]))
        )
        if not len(further):
            continue
        joined = np.concatenate([memory_MD, vectors_ND[further]])
        arrays[f"level{level}_memory_MD"] = joined[
            choose_coreset(joined, max(int(GROWTH * learnt[level]), learnt[level] + 8))
        ]
    low_K, spread_K, used_K = graph.scales()
    first = len(low_K) - graph.num_wholes
    for place, wholes in enumerate(described.wholes):
        figure = first + place
        if not used_K[figure]:
            continue
        log_reach = low_K[figure] + GOAL * max(record.threshold, 0.0) * spread_K[figure]
        reach = float(np.sqrt(max(np.exp(2 * log_reach) - EPSILON, 0)))
        names = (f"whole{place}_mean_D", f"whole{place}_whitening_DD")
        widened = widen_spread(*graph.whole(place), record.num_good, wholes, reach)
        arrays |= dict(zip(names, widened, strict=True))
    return graph.replace(arrays)


def _num_vectors(graph: MemoryGraph) -> int:
    return sum(len(graph.memory(level)) for level in range(graph.num_levels))


def _widen_record(
    record: InspectorRecord, graph: MemoryGraph, scores: np.ndarray, digests: list[str]
) -> InspectorRecord:
    """The record with further scores, and the threshold that they make."""
    good_scores = np.sort(np.concatenate([record.good_scores, scores]))
    threshold = choose_threshold(good_scores, record.false_alarms)
    learnt = [len(graph.memory(level)) for level in range(graph.num_levels)]
    details = record.details | {
        "expected_rate": threshold.rate, "rate_low": threshold.low, "rate_high": threshold.high,
        "rate_is_kept": threshold.is_kept, "added": [*record.details.get("added", []), *digests],
        "learnt_vectors": record.details.get("learnt_vectors", learnt),
    }  # fmt: skip
    return replace(
        record, threshold=threshold.value, good_scores=tuple(good_scores.tolist()),
        num_good=record.num_good + len(scores), details=details,
    )  # fmt: skip


def _read_state(folder: Path) -> dict[str, np.ndarray]:
    from safetensors.numpy import load_file

    try:
        return dict(load_file(folder / WEIGHTS))
    except Exception as error:
        raise UnpoolError(f"{folder / WEIGHTS} cannot be read ({error}); train the model again") from error


def _save(folder: Path, graph: MemoryGraph, record: InspectorRecord, rules: ValueRules) -> None:
    """Write the files of the model, each whole; model.json last, as its digest differs between models."""
    from safetensors.numpy import save_file

    state = {name: np.ascontiguousarray(value) for name, value in graph.state.items()}
    stored = json.dumps(record.to_dict())
    described = expect_kind(folder, KIND) | {RECORD: record.to_dict()}
    if rules:
        described["training"] = (described.get("training") or {}) | {VALUES: rules.to_dict()}
    write_whole(folder / WEIGHTS, lambda part: save_file(state, part))
    write_whole(folder / ONNX, lambda part: graph.save(part, {METADATA: stored}))
    described["weights"] = digest_files(folder / ONNX)
    write_text(folder / JSON, json.dumps(described, indent=1, ensure_ascii=False))
