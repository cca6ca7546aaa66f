"""The images of a workspace, scored by an inspector."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from unpool.core.atomic_files import write_json
from unpool.core.cpu import usable_cores
from unpool.core.progress import Progress
from unpool.errors import UnreadableImageError, UsageError
from unpool.images.pixel_cache import map_ordered
from unpool.images.remote.fetching import Fetcher
from unpool.images.source import Source
from unpool.inference.inspection.inspector import KIND, Inspector, load_inspector
from unpool.networks.preprocessing import WHOLE
from unpool.store.columns import OK
from unpool.store.inspection.inspector import (
    SCORE,
    WorkspaceInspector,
    forget_inspector,
    read_inspector,
    remembered_folder,
    write_inspector,
)
from unpool.store.origin import source_of
from unpool.store.spaces.paths import outer_workspace
from unpool.store.state import REPORT
from unpool.store.table import ImageTable
from unpool.training.model_file import expect_kind, rules_of_model

FILE = "inspected.json"
NONE = "none"  # in place of a model folder: no inspector from now on
Threshold = float | Literal["auto"] | None  # "auto": the model's own; None: as it was
FLUSH_INTERVAL = 5.0  # seconds; an interrupted check loses as much


@dataclass(frozen=True)
class WorkspaceScores:
    """Scores of images that could be read, by content.

    Args:
        score_of: By the image's id.
        inspector: Who gave them.
        num_unseen: Images that could not be read.
    """

    score_of: Mapping[str, float]
    inspector: Inspector
    num_unseen: int


def choose_inspector(work: Path, model: Path | None, threshold: Threshold, progress: Progress) -> Path | None:
    """Find the inspector that a command is to use.

    Args:
        work: the workspace.
        model: the model folder that is named; `none` for none from now on, None for the one used before.
        threshold: the one that is named.
        progress: receives a message where the one used before is gone.

    Returns:
        Its folder; None for none.

    Raises:
        UsageError: there is a threshold, and no inspector.
        UnpoolError: what is named is no inspector.
    """
    if model is not None and str(model) == NONE:
        forget_inspector(work)
        model = None
    elif model is None:
        model = remembered_folder(work)
        if model is not None and not model.is_dir():
            progress.message(
                f"{model} is gone, so nothing new is inspected; name where it is with --model, or --model none"
            )
            model = None if threshold is None else model
    if model is not None:
        expect_kind(model, KIND)
    if model is None and threshold is not None:
        raise UsageError("--threshold needs an inspector: name one with --model MODEL")
    return model


def inspect_workspace(work: Path, model: Path, progress: Progress, threshold: Threshold = None) -> None:
    """Score the images of a workspace, and remember the inspector.

    The workspace is held by the caller. A threshold that a person has set for this model stays, unless another one is
    named.

    Args:
        work: the workspace.
        model: the model folder of an inspector.
        progress: receives a stage and messages.
        threshold: a score above it is not good.

    Raises:
        UnpoolError: the folder holds no inspector, or it is not known where the images are.
    """
    table = ImageTable(work)
    rows = table.arrow(["path", "id", SCORE], where=f"status = '{OK}'")
    paths, ids, before = (rows[name].to_pylist() for name in ("path", "id", SCORE))
    found = score_workspace(work, model, paths, [name or "" for name in ids], progress)
    write_inspector(work, _describe(work, model.resolve(), found.inspector, threshold))
    scores = [
        None if (score := found.score_of.get(name)) is None else float(np.float32(score)) for name in ids
    ]
    changed = [row for row in range(len(paths)) if scores[row] != before[row]]
    if changed:  # last: whoever sees the table changed finds what the scores mean
        table.update([paths[row] for row in changed], {SCORE: [scores[row] for row in changed]})


def _describe(work: Path, model: Path, inspector: Inspector, threshold: Threshold) -> WorkspaceInspector:
    record, before = inspector.record, read_inspector(work)
    is_same = before is not None and before.folder == model
    seen = WorkspaceInspector(
        model, inspector.id, record.method, record.threshold, None, record.false_alarms, record.good_scores,
        before.added if before is not None and is_same else frozenset(),
    )  # fmt: skip
    if threshold is None:
        return replace(
            seen, moved_threshold=before.moved_threshold if before is not None and is_same else None
        )
    return seen if threshold == "auto" else replace(seen, moved_threshold=threshold)


def score_workspace(
    work: Path, model: Path, paths: Sequence[str], ids: Sequence[str], progress: Progress
) -> WorkspaceScores:
    """Score images of a workspace, and keep the scores.

    What the same model has scored before is not scored again, so that a check that was stopped goes on.

    Args:
        work: the workspace.
        model: the model folder of an inspector.
        paths: of the images.
        ids: digests of their contents, empty where unknown.
        progress: receives a stage, and a message where images cannot be read.

    Returns:
        The scores, each of a content once.

    Raises:
        UnpoolError: the folder holds no inspector, or it is not known where the images are.
    """
    inspector = load_inspector(model, progress, threads=1)
    file = outer_workspace(work) / REPORT / FILE
    scores = _read_scores(file, inspector.id)
    path_of = {
        digest: path for path, digest in zip(paths, ids, strict=True) if digest and digest not in scores
    }
    last_write, num_unseen = time.perf_counter(), 0
    source = source_of(work)
    if isinstance(source, Fetcher):
        source.rules = rules_of_model(model)
    score = partial(_score_image, source, inspector)
    with progress.stage("inspecting", len(path_of), "images") as stage:
        found = map_ordered(score, list(path_of.values()), usable_cores())
        for digest, value in zip(path_of, found, strict=True):
            stage.advance()
            if value is None:
                num_unseen += 1
                continue
            scores[digest] = value
            if time.perf_counter() - last_write > FLUSH_INTERVAL:
                write_json(file, {"model": inspector.id, "folder": str(model.resolve()), "scores": scores})
                last_write = time.perf_counter()
    write_json(file, {"model": inspector.id, "folder": str(model.resolve()), "scores": scores})
    if num_unseen:
        progress.message(f"{num_unseen} images could not be inspected: files gone or changed")
    return WorkspaceScores(scores, inspector, num_unseen)


def _score_image(source: Source, inspector: Inspector, path: str) -> float | None:
    try:
        pixels = source.read(source.locate(path), WHOLE).pixels
    except (UnreadableImageError, KeyError):  # gone or changed since it was embedded
        return None
    return score_pixels(inspector, pixels)


def score_pixels(inspector: Inspector, pixels: np.ndarray) -> float | None:
    """Score the pixels of an image.

    Args:
        inspector: the model.
        pixels: (H, W) or (H, W, C), uint8.

    Returns:
        The score; None where it is no finite number.
    """
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    pixels_HW3 = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels[..., :3]
    score = inspector.inspect(pixels_HW3).score
    return score if math.isfinite(score) else None


def _read_scores(file: Path, model: str) -> dict[str, float]:
    """Scores of the same model that were kept."""
    try:
        stored: dict[str, Any] = json.loads(file.read_text("utf-8"))
        if stored["model"] == model:
            return {str(name): float(score) for name, score in stored["scores"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    return {}
