"""The images of a workspace, scored by an inspector."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from unpool.core.atomic_files import write_json
from unpool.core.cpu import usable_cores
from unpool.core.progress import Progress
from unpool.errors import UnreadableImageError
from unpool.images.pixel_cache import map_ordered
from unpool.images.remote.fetching import Fetcher
from unpool.images.source import Source
from unpool.inference.inspection.inspector import Inspector, load_inspector
from unpool.networks.preprocessing import WHOLE
from unpool.store.origin import source_of
from unpool.store.state import REPORT
from unpool.training.model_file import rules_of_model

FILE = "inspected.json"
FLUSH_INTERVAL = 5.0  # seconds; an interrupted check loses as much


@dataclass(frozen=True)
class WorkspaceScores:
    """Scores of images that could be read, by content.

    Args:
        score_of: By the image's id.
        threshold: A score above it is not good.
        num_unseen: Images that could not be read.
    """

    score_of: Mapping[str, float]
    threshold: float
    num_unseen: int


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
    file = work / REPORT / FILE
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
                write_json(file, {"model": inspector.id, "scores": scores})
                last_write = time.perf_counter()
    write_json(file, {"model": inspector.id, "scores": scores})
    if num_unseen:
        progress.message(f"{num_unseen} images could not be inspected: files gone or changed")
    return WorkspaceScores(scores, inspector.record.threshold, num_unseen)


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
