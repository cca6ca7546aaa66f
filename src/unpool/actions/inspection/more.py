"""`unpool inspect train --more`: add further good images to a model at once.

N pictures.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from unpool.actions.inspection.good_images import LEARNT_IMAGES, GoodImages, digest_images, read_good_images
from unpool.actions.inspection.settings import InspectTrainSettings
from unpool.actions.inspection.train import describe_threshold, inspect_train, report_reading
from unpool.analysis.anomaly.conformal import choose_threshold
from unpool.core.atomic_files import write_text, write_whole
from unpool.core.file_identity import digest_files
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError
from unpool.images.values.rules import VALUES, ValueRules
from unpool.inference.inspection.growing import LEARNT, Growing, count_vectors
from unpool.inference.inspection.inspector import (
    KIND,
    METADATA,
    ONNX,
    RECORD,
    InspectorRecord,
    read_record,
)
from unpool.inference.inspection.memory_graph import MemoryGraph, read_memory_graph
from unpool.training.model_file import JSON, WEIGHTS, expect_kind, rules_of_model

MAX_PICTURES = 300  # pictures that can be added at a time
# keys of the record's details:
ADDED = "added"  # digests of the images that were added
UNCOUNTED = (
    "uncounted"  # score and largest heat, when they were new, of those that do not count for the thresholds
)
HEATS = "good_heats"  # largest heats of the good images that thresholds rest on, sorted
FIXED = ("method", "network", "size", "tile", "val", "minutes")  # options that learning alone can follow


def inspect_more(
    more: Path | Sequence[Path], *, out: Path, fair_sample: bool = False, progress: Progress | None = None
) -> dict[str, Any]:
    """Add good images to a model without learning again.

    What its memory lacks of them is added, and mean and spread of images as a whole are widened, so that they and
    their like score lower. The thresholds stay: images that were picked, such as those wrongly called not good, say
    nothing of how often good ones score high. A fair sample of good images does, and then counts: each image by the
    model with the others of them, as if it had not been seen.

    Args:
        more: a folder of further good images, or one image, or a list of both; those that it knows are left out.
        out: the model folder, which is changed.
        fair_sample: the images were not picked by how they look or score, but are all good ones of a day, say.
        progress: where stages and messages go.

    Returns:
        The JSON object of `unpool inspect train --more`.

    Raises:
        UnpoolError: no image can be read, or the folder holds no inspector with a memory.
        UsageError: there are more images than can be added at a time.
    """
    progress, began = progress or Progress(), time.perf_counter()
    graph, record = _open_model(out, progress)
    images = read_good_images(more, record.size, record.tile, progress, least=1, rules=rules_of_model(out))
    report_reading(images, progress)
    images, digests, known = _leave_known(images, record)
    _check_number(images)
    added = _Added(graph)
    if images.pictures:
        with progress.stage("adding"):
            added = _add(graph, images, record, fair_sample=fair_sample)
    figures = dict(zip(digests, added.figures, strict=True))
    new, num_counted = _update_record(record, count_vectors(graph), figures, known, fair_sample=fair_sample)
    if new != record:
        _save(out, added.graph, new, images.rules)
    notes = describe_threshold(choose_threshold(np.array(new.good_scores), new.false_alarms), new)
    notes += _describe_counting(new, num_counted, fair_sample=fair_sample)
    for note in notes:
        progress.message(note)
    return {
        "out": str(out), "images": images.num_images, "method": new.method, "threshold": new.threshold,
        "false_alarms": new.false_alarms, "seconds": round(time.perf_counter() - began, 3),
        "old_threshold": record.threshold, "heat_threshold": new.heat_threshold,
        "old_heat_threshold": record.heat_threshold, "counted": num_counted, "not_good": added.not_good,
        "still_not_good": added.still_not_good, "known": len(known), "skipped": len(images.problems),
        "repeated": images.num_repeated, "learnt_from": new.num_good,
        "vectors_added": sum(count_vectors(added.graph)) - sum(count_vectors(graph)), "notes": notes,
    }  # fmt: skip


def learn_and_add(
    good: Path | None,
    settings: InspectTrainSettings,
    *,
    more: Path | Sequence[Path],
    out: Path,
    fair_sample: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Add good images to a model, learnt first where missing.

    Args:
        good: a folder of good images; it is not read where `out` holds a model.
        settings: of learning.
        more: further good images, as of `inspect_more`.
        out: the model folder.
        fair_sample: as of `inspect_more`.
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
    return inspect_more(more, out=out, fair_sample=fair_sample, progress=progress)


def _open_model(out: Path, progress: Progress) -> tuple[MemoryGraph, InspectorRecord]:
    read_record(out)  # its errors go first
    graph = read_memory_graph(out / ONNX, _read_state(out))
    return graph, read_record(out, graph.metadata, progress)


def _check_number(images: GoodImages) -> None:
    if len(images.pictures) > MAX_PICTURES:
        raise UsageError(
            f"--more names {len(images.pictures)} pictures, but {MAX_PICTURES} can be added at a time; "
            "learn again from all"
        )


@dataclass(frozen=True)
class _Added:
    """What came of further images.

    `figures` are score and largest heat of each, as of an unseen image; `not_good` counts those above the threshold
    before, `still_not_good` those above it now.
    """

    graph: MemoryGraph
    figures: list[tuple[float, float]] = field(default_factory=list)
    not_good: int = 0
    still_not_good: int = 0


def _add(graph: MemoryGraph, images: GoodImages, record: InspectorRecord, *, fair_sample: bool) -> _Added:
    owners_N = np.array(images.owners)
    growing = Growing(graph, record, images.pictures)
    grown = growing.grow()
    seen = growing.described.scores_N, growing.described.heats_N
    before = _by_image(seen[0], owners_N)
    after = _by_image(grown.describe(images.pictures, is_deep=False).scores_N, owners_N)
    unseen = growing.unseen(owners_N) if fair_sample else seen
    scores, heats = (_by_image(each, owners_N).tolist() for each in unseen)
    return _Added(
        grown,
        list(zip(scores, heats, strict=True)),
        int((before > record.threshold).sum()),
        int((after > record.threshold).sum()),
    )


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


def _leave_known(images: GoodImages, record: InspectorRecord) -> tuple[GoodImages, list[str], list[str]]:
    """Leave out images that the model knows; the digests of the others, and of those left out.

    Those that it learnt from are known too: its memory has their patches, so that their scores are too low to count.
    """
    before = {*record.details.get(LEARNT_IMAGES, []), *record.details.get(ADDED, [])}
    digests = digest_images(images)
    new = [owner for owner, digest in enumerate(digests) if digest not in before]
    places = {owner: place for place, owner in enumerate(new)}
    rows = [row for row, owner in enumerate(images.owners) if owner in places]
    left = replace(
        images, num_images=len(new), pictures=[images.pictures[row] for row in rows],
        owners=[places[images.owners[row]] for row in rows],
    )  # fmt: skip
    return left, [digests[owner] for owner in new], [digest for digest in digests if digest in before]


def _by_image(scores_N: np.ndarray, owners_N: np.ndarray) -> np.ndarray:
    return np.array([scores_N[owners_N == owner].max() for owner in np.unique(owners_N)])


def _update_record(
    record: InspectorRecord,
    learnt: list[int],
    figures: Mapping[str, tuple[float, float]],
    known: Sequence[str],
    *,
    fair_sample: bool,
) -> tuple[InspectorRecord, int]:
    """The record with further images, and how many of them count for the thresholds.

    One that was added without being counted counts later, where it is found in a fair sample, by the figures that it
    had when it was new. Without it, the sample would lack the odd ones.

    Args:
        record: before.
        learnt: number of vectors of each memory before.
        figures: score and largest heat of each new image, by digest.
        known: digests of the images that were added before.
        fair_sample: whether they count.
    """
    uncounted = {**record.details.get(UNCOUNTED, {}), **figures}
    counted = (
        [uncounted.pop(digest) for digest in [*known, *figures] if digest in uncounted] if fair_sample else []
    )
    if not (figures or counted):
        return record, 0
    details = record.details | {
        ADDED: [*record.details.get(ADDED, []), *figures],
        UNCOUNTED: {digest: list(each) for digest, each in uncounted.items()},
        LEARNT: record.details.get(LEARNT, learnt),
    }  # fmt: skip
    new = replace(record, num_good=record.num_good + len(figures), details=details)
    return _choose_thresholds(new, counted) if counted else new, len(counted)


def _choose_thresholds(record: InspectorRecord, counted: Sequence[Sequence[float]]) -> InspectorRecord:
    """Choose both thresholds again, with score and largest heat of further images."""
    good_scores = np.sort([*record.good_scores, *(score for score, _ in counted)])
    threshold = choose_threshold(good_scores, record.false_alarms)
    details = record.details | {
        "expected_rate": threshold.rate, "rate_low": threshold.low, "rate_high": threshold.high,
        "rate_is_kept": threshold.is_kept,
    }  # fmt: skip
    heat_threshold = record.heat_threshold
    if HEATS in details:
        details[HEATS] = np.sort([*details[HEATS], *(heat for _, heat in counted)]).tolist()
        heat_threshold = choose_threshold(np.array(details[HEATS]), record.false_alarms).value
    return replace(
        record, threshold=threshold.value, heat_threshold=heat_threshold,
        good_scores=tuple(good_scores.tolist()), details=details,
    )  # fmt: skip


def _describe_counting(record: InspectorRecord, num_counted: int, *, fair_sample: bool) -> list[str]:
    if not fair_sample:
        return ["the thresholds stay: only a fair sample of good images moves them (--fair-sample)"]
    lines = [f"{num_counted} further good images count for the thresholds"]
    if num_counted and HEATS not in record.details:
        lines.append(
            "the threshold of the heat stays: this model holds no heats of its good images; learn again"
        )
    return lines


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
