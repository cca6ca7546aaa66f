"""Which of three networks suits these images: each is tried on some of them, and figures without labels decide.

N images, S side, C channels, D numbers in a vector.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from unpool.actions.embedding.adapt_features import embed_codes, features_of, train_head
from unpool.core.cpu import usable_cores
from unpool.core.progress import Progress
from unpool.errors import UnreadableImageError
from unpool.images.pixel_cache import map_ordered
from unpool.images.reading.decode import Picture, square
from unpool.images.reading.scan import ImageFile
from unpool.images.source import Source
from unpool.inference.model import load_encoder
from unpool.training.model_file import load_model

CANDIDATES = ("pretrained", "adapted", "scratch")
LEAD = 0.02
PULL = 4.0  # exaggeration of the map that all are judged on: near what UMAP shows
TRIED = 1_000  # images
TRIAL_STEPS, TRIAL_BATCH, TRIAL_SIDE = 150, 128, 32  # of the network from scratch
LEAST = 50  # images; of fewer no figure tells anything


@dataclass(frozen=True)
class CandidateResult:
    """One way to embed, and how its groups of some images look to somebody who knows no labels."""

    way: Literal["pretrained", "adapted", "scratch"]
    figures: dict[str, float | None]
    seconds: float
    images: int = 0

    @property
    def score(self) -> float:
        """What decides: how far groups stand apart on a map that draws neighbourhoods together, −1…1.

        A way that takes training has to do better by 0.02 for each step away from the features as they are.
        """
        return (self.figures["map_silhouette"] or -1.0) - LEAD * CANDIDATES.index(self.way)

    def row(self) -> dict[str, Any]:
        """The line of the table, as JSON and reports have it."""
        figures = {name: None if value is None else round(value, 4) for name, value in self.figures.items()}
        return {"way": self.way, **figures, "seconds": round(self.seconds, 1), "images": self.images}


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
    """Try pretrained features, the same adapted, and a small network from scratch; the best comes first.

    `model` is a folder of the pretrained network; `side` that of the images, in pixels. Up to 1,000 images are
    tried, drawn by `seed`. Empty where fewer than 50 can be read. The same images and seed give the same order.
    """
    from unpool.networks.head import Head

    encoder = load_encoder(model, "cpu", progress)
    pictures = _pictures(source, _some(files, seed), encoder.form.size)
    if len(pictures) < LEAST:
        return []
    grey = all(picture.grey for picture in pictures)
    tried = []
    with _timed() as seconds:
        pixels_NSSC = np.stack([encoder.form.fit(picture) for picture in pictures])
        feature_NVD = features_of(encoder.encoder, pixels_NSSC, grey=grey, seed=seed, progress=progress)
    quick = seconds[0] / feature_NVD.shape[1]
    tried.append(_evaluate_candidate("pretrained", feature_NVD[:, 0], groups, seed, quick))
    with _timed() as more:
        whole, _ = train_head(load_model(model), feature_NVD, seed=seed, progress=progress)
        adapted_ND = embed_codes(Head(whole), feature_NVD[:, 0])
    tried.append(_evaluate_candidate("adapted", adapted_ND, groups, seed, seconds[0] + more[0]))
    with _timed() as own:
        vector_ND = _from_scratch(pictures, min(side, TRIAL_SIDE), grey, seed, progress)
    tried.append(_evaluate_candidate("scratch", vector_ND, groups, seed, own[0]))
    return sorted(tried, key=lambda trial: -trial.score)


def told(tried: Sequence[CandidateResult]) -> list[str]:
    """The comparison as lines of a table.

    >>> told([CandidateResult("scratch", {"map_silhouette": 0.5, "purity": None}, 2.0)])
    ['way         map silhouette  purity  seconds', 'scratch              0.500       -      2.0']
    """
    if not tried:
        return []
    names = list(tried[0].figures)
    heads = [name.replace("_", " ") for name in names]
    lines = ["way".ljust(10) + "".join(f"  {head}" for head in [*heads, "seconds"])]
    for trial in tried:
        values = [trial.figures[name] for name in names]
        cells = ["-" if value is None else f"{value:.3f}" for value in values] + [f"{trial.seconds:.1f}"]
        lines.append(
            trial.way.ljust(10)
            + "".join(
                f"  {cell.rjust(len(head))}" for head, cell in zip([*heads, "seconds"], cells, strict=True)
            )
        )
    return lines


def _some(files: Sequence[ImageFile], seed: int) -> list[ImageFile]:
    if len(files) <= TRIED:
        return list(files)
    rows = np.random.default_rng([seed, 0x7A1E]).choice(len(files), TRIED, replace=False)
    return [files[row] for row in np.sort(rows)]


def _pictures(source: Source, files: Sequence[ImageFile], side: int) -> list[Picture]:
    def read(file: ImageFile) -> Picture | None:
        try:
            return source.read(file, side)
        except UnreadableImageError:
            return None

    return [picture for picture in map_ordered(read, files, usable_cores()) if picture is not None]


def _from_scratch(
    pictures: Sequence[Picture], side: int, grey: bool, seed: int, progress: Progress
) -> np.ndarray:
    """Vectors (N, D) of a small network that learnt for a moment to tell these images apart."""
    import torch

    from unpool.networks.catalogue import build_network, seeded
    from unpool.objectives.contrastive import Contrast
    from unpool.training.data.datasets import PixelSet
    from unpool.training.loop import train
    from unpool.training.plan import Plan

    channels: Literal[1, 3] = 1 if grey else 3
    pixels_NSSC = np.stack([square(picture.pixels, side, channels=channels) for picture in pictures])
    network = build_network("conv", size=side, channels=channels, decoder="none", seed=seed)
    network.use_indices = False
    prep = network.preprocessing
    data = PixelSet(pixels_NSSC, prep.mean, prep.std, torch.device("cpu"))
    with seeded(seed):
        objective = Contrast(network.dimension(), seed=seed)
    plan = Plan(steps=TRIAL_STEPS, batch=min(TRIAL_BATCH, len(data)), val=0.0, seed=seed, drop_last=True)
    with progress.stage("trying one of their own", 100, "%") as stage:
        train(
            network,
            data,
            objective,
            plan,
            progress=lambda now: stage.reach(100 * now.fraction, 100, now.words()),
        )
    network.eval()
    parts = [np.arange(start, min(len(data), start + 256)) for start in range(0, len(data), 256)]
    with torch.inference_mode():
        return np.concatenate([network.embed(data.batch(part)).numpy() for part in parts])


def _evaluate_candidate(
    way: Literal["pretrained", "adapted", "scratch"],
    vectors_ND: np.ndarray,
    groups: int | Literal["auto"],
    seed: int,
    seconds: float,
) -> CandidateResult:
    """Every way is judged alike: k-means on a map of its neighbourhoods, which knows no scale and no dimension."""
    from unpool.analysis.clustering.num_groups import num_groups_of_map
    from unpool.analysis.clustering.stability import stability
    from unpool.analysis.mapping import compute_map
    from unpool.analysis.metrics.silhouette import map_groups, map_silhouette
    from unpool.analysis.metrics.unsupervised import effective_rank, purity

    plane_N2 = compute_map(vectors_ND, seed=seed, exaggeration=PULL)
    if groups == "auto":
        groups = num_groups_of_map(plane_N2, vectors_ND=vectors_ND, seed=seed)
    group_N = map_groups(plane_N2, groups, seed=seed)
    number = int(group_N.max()) + 1
    figures = {
        "map_silhouette": map_silhouette(plane_N2, group_N),
        "purity": purity(vectors_ND, group_N),
        "stability": stability(vectors_ND, number, seed=seed) if number > 1 else None,
        "effective_rank": effective_rank(vectors_ND),
    }
    return CandidateResult(way, figures, seconds, len(vectors_ND))


@contextmanager
def _timed() -> Iterator[list[float]]:
    start, seconds = time.perf_counter(), [0.0]
    yield seconds
    seconds[0] = time.perf_counter() - start
