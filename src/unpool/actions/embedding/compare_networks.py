"""Compare three networks on some images, without labels.

N images, S side, C channels, V views of each, D numbers in a vector.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypedDict, get_args

import numpy as np

from unpool.actions.embedding.adapt_features import compute_features, embed_codes, train_head
from unpool.actions.embedding.choose_network import CandidateName, ComparisonRow
from unpool.core.cpu import usable_cores
from unpool.core.progress import Progress
from unpool.errors import UnreadableImageError
from unpool.images.pixel_cache import Channels, map_ordered
from unpool.images.reading.decode import Picture
from unpool.images.reading.scan import ImageFile
from unpool.images.resizing import square
from unpool.images.source import Source
from unpool.inference.model import load_encoder
from unpool.training.model_file import load_model

CANDIDATES: tuple[CandidateName, ...] = get_args(CandidateName)
HANDICAP = 0.02  # of the score, for each step away from the pretrained features
EXAGGERATION = 4.0  # of the map on which candidates are scored: near what UMAP shows
MAX_IMAGES = 1_000
MIN_IMAGES = 50  # of fewer no figure is reliable
TRIAL_STEPS, TRIAL_BATCH, TRIAL_SIDE = 150, 128, 32  # of the network from scratch
EMBED_BATCH = 256


class Figures(TypedDict):
    """How good the groups of some vectors are, without labels.

    None where it cannot be computed.
    """

    map_silhouette: float | None
    purity: float | None
    stability: float | None
    effective_rank: float | None


@dataclass(frozen=True)
class CandidateResult:
    """One candidate, with the figures of its groups.

    Args:
        name: The candidate.
        figures: Without labels.
        seconds: What its training and embedding took.
        images: Number of images it was tried on.
    """

    name: CandidateName
    figures: Figures
    seconds: float
    images: int = 0

    @property
    def score(self) -> float:
        """How far groups stand apart on an exaggerated map, −1…1.

        A candidate that takes training needs 0.02 more for each step away from the pretrained features.
        """
        return (self.figures["map_silhouette"] or -1.0) - HANDICAP * CANDIDATES.index(self.name)

    def row(self) -> ComparisonRow:
        """Return the line of the table, for JSON and reports."""
        return {
            "way": self.name,
            "map_silhouette": _round(self.figures["map_silhouette"]),
            "purity": _round(self.figures["purity"]),
            "stability": _round(self.figures["stability"]),
            "effective_rank": _round(self.figures["effective_rank"]),
            "seconds": round(self.seconds, 1),
            "images": self.images,
        }


def compare(
    source: Source,
    files: Sequence[ImageFile],
    model: Path,
    *,
    groups: int | Literal["auto"],
    side: int,
    seed: int,
    progress: Progress,
) -> list[CandidateResult]:
    """Compare pretrained and adapted features, and a network from scratch.

    The same images and seed give the same order.

    Args:
        source: Where the images are read from.
        files: The images; up to 1,000 of them are drawn.
        model: A model folder of the pretrained network.
        groups: Number of groups; "auto" chooses one for each candidate.
        side: That of the images, pixels.
        seed: Random seed.
        progress: Receives stages.

    Returns:
        The candidates, the best first; empty where fewer than 50 images can be read.
    """
    from unpool.networks.head import Head

    loaded = load_encoder(model, "cpu", progress)
    pictures = _read_pictures(source, _draw(files, seed), loaded.preprocessing.size)
    if len(pictures) < MIN_IMAGES:
        return []
    grey = all(picture.grey for picture in pictures)
    with _timer() as features_timer:
        pixels_NSSC = np.stack([loaded.preprocessing.fit(picture) for picture in pictures])
        feature_NVD = compute_features(loaded.encoder, pixels_NSSC, grey=grey, seed=seed, progress=progress)
    one_view = features_timer.seconds / feature_NVD.shape[1]
    results = [_evaluate_candidate("pretrained", feature_NVD[:, 0], groups, seed, one_view)]
    with _timer() as head_timer:
        network, _ = train_head(load_model(model), feature_NVD, seed=seed, progress=progress)
        adapted_ND = embed_codes(Head(network), feature_NVD[:, 0])
    seconds = features_timer.seconds + head_timer.seconds
    results.append(_evaluate_candidate("adapted", adapted_ND, groups, seed, seconds))
    with _timer() as scratch_timer:
        vector_ND = _train_from_scratch(pictures, min(side, TRIAL_SIDE), grey, seed, progress)
    results.append(_evaluate_candidate("scratch", vector_ND, groups, seed, scratch_timer.seconds))
    return sorted(results, key=lambda result: -result.score)


def format_table(results: Sequence[CandidateResult]) -> list[str]:
    """Format a comparison as lines of a table.

    >>> figures = Figures(map_silhouette=0.5, purity=None, stability=None, effective_rank=2.0)
    >>> for line in format_table([CandidateResult("scratch", figures, 2.0)]):
    ...     print(line)
    network     map silhouette  purity  stability  effective rank  seconds
    scratch              0.500       -          -           2.000      2.0
    """
    if not results:
        return []
    heads = [name.replace("_", " ") for name in Figures.__annotations__] + ["seconds"]
    lines = ["network".ljust(10) + "".join(f"  {head}" for head in heads)]
    for result in results:
        cells = ["-" if value is None else f"{value:.3f}" for value in _values(result.figures)]
        cells.append(f"{result.seconds:.1f}")
        padded = (f"  {cell.rjust(len(head))}" for head, cell in zip(heads, cells, strict=True))
        lines.append(result.name.ljust(10) + "".join(padded))
    return lines


def _values(figures: Figures) -> list[float | None]:
    return [figures["map_silhouette"], figures["purity"], figures["stability"], figures["effective_rank"]]


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _draw(files: Sequence[ImageFile], seed: int) -> list[ImageFile]:
    if len(files) <= MAX_IMAGES:
        return list(files)
    rows = np.random.default_rng([seed, 0x7A1E]).choice(len(files), MAX_IMAGES, replace=False)
    return [files[row] for row in np.sort(rows)]


def _read_pictures(source: Source, files: Sequence[ImageFile], side: int) -> list[Picture]:
    def read(file: ImageFile) -> Picture | None:
        try:
            return source.read(file, side)
        except UnreadableImageError:
            return None

    return [picture for picture in map_ordered(read, files, usable_cores()) if picture is not None]


def _train_from_scratch(
    pictures: Sequence[Picture], side: int, grey: bool, seed: int, progress: Progress
) -> np.ndarray:
    """Embed images (N, D) by a small network, briefly trained on them by contrast."""
    import torch

    from unpool.networks.catalogue import build_network, seeded
    from unpool.objectives.contrastive import Contrast
    from unpool.training.data.datasets import PixelSet
    from unpool.training.history import show_on
    from unpool.training.loop import train
    from unpool.training.plan import Plan

    channels: Channels = 1 if grey else 3
    pixels_NSSC = np.stack([square(picture.pixels, side, channels=channels) for picture in pictures])
    network = build_network("conv", size=side, channels=channels, decoder="none", seed=seed)
    network.use_indices = False
    prep = network.preprocessing
    data = PixelSet(pixels_NSSC, prep.mean, prep.std, torch.device("cpu"))
    with seeded(seed):
        objective = Contrast(network.dimension(), seed=seed)
    plan = Plan(steps=TRIAL_STEPS, batch=min(TRIAL_BATCH, len(data)), val=0.0, seed=seed, drop_last=True)
    with progress.stage("training one from scratch", 100, "%") as stage:
        train(network, data, objective, plan, progress=show_on(stage))
    network.eval()
    starts = range(0, len(data), EMBED_BATCH)
    parts = [np.arange(start, min(len(data), start + EMBED_BATCH)) for start in starts]
    with torch.inference_mode():
        return np.concatenate([network.embed(data.batch(part)).numpy() for part in parts])


def _evaluate_candidate(
    name: CandidateName, vectors_ND: np.ndarray, groups: int | Literal["auto"], seed: int, seconds: float
) -> CandidateResult:
    """Score by k-means on a map of the neighbourhoods, which has neither scale nor dimension."""
    from unpool.analysis.clustering.num_groups import num_groups_of_map
    from unpool.analysis.clustering.stability import stability
    from unpool.analysis.mapping import compute_map
    from unpool.analysis.metrics.silhouette import map_groups, map_silhouette
    from unpool.analysis.metrics.unsupervised import effective_rank, purity

    xy_N2 = compute_map(vectors_ND, seed=seed, exaggeration=EXAGGERATION)
    if groups == "auto":
        groups = num_groups_of_map(xy_N2, vectors_ND=vectors_ND, seed=seed)
    group_N = map_groups(xy_N2, groups, seed=seed)
    num_groups = int(group_N.max()) + 1
    figures = Figures(
        map_silhouette=map_silhouette(xy_N2, group_N),
        purity=purity(vectors_ND, group_N),
        stability=stability(vectors_ND, num_groups, seed=seed) if num_groups > 1 else None,
        effective_rank=effective_rank(vectors_ND),
    )
    return CandidateResult(name, figures, seconds, len(vectors_ND))


@dataclass
class _Timer:
    seconds: float = 0.0


@contextmanager
def _timer() -> Iterator[_Timer]:
    timer, start = _Timer(), time.perf_counter()
    yield timer
    timer.seconds = time.perf_counter() - start
