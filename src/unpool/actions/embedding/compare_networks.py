"""Compare three networks on some images, without labels.

N images, S side, C channels, V views of each, D numbers in a vector.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from unpool.actions.embedding.adapt_features import HeadRecord, compute_features, embed_codes, train_head
from unpool.actions.embedding.choose_network import CandidateName, ComparisonRow
from unpool.core.cpu import usable_cores
from unpool.core.progress import Progress
from unpool.core.rng import subsample_indices
from unpool.errors import UnreadableImageError
from unpool.images.pixel_cache import Channels, map_ordered
from unpool.images.reading.scan import ImageFile
from unpool.images.resizing import square
from unpool.images.source import Source
from unpool.inference.model import LoadedEncoder, load_encoder
from unpool.training.model_file import load_model

if TYPE_CHECKING:
    from unpool.networks.head import NetworkWithHead

MAX_RECOGNISED = 0.87
"""Share of views nearest to their own image, from which training has nothing to add to pretrained features."""
SAME_COSINE = 1e-5  # by which cosines of copies of an image differ
HEAD_LEAD, SCRATCH_LEAD = -0.02, 0.06
"""By how much a candidate has to lead the plain way: with a head, and where one of the two is from scratch.

What a head gains does not show in the lead; only whether it does harm.
"""
EXAGGERATION = 4.0  # of the map on which candidates are scored: near what UMAP shows
NUM_DRAWS, DRAWN_SHARE = 3, 0.67  # random parts of the images that all candidates are scored on
NUMBERS_OF_GROUPS = (5, 7, 10, 14, 20)  # that a score is the mean of, where no number is requested
SAMPLE_TIME_SHARE = (
    0.2  # of the seconds given, for reading, and as much for views; training and maps take the rest
)
MAX_IMAGES = 1_000
MIN_IMAGES = 50  # of fewer no figure is reliable
TRIAL_STEPS, TRIAL_BATCH, TRIAL_SIDE = 150, 128, 32  # of the network from scratch
EMBED_BATCH = 256


@dataclass(frozen=True)
class CandidateResult:
    """One candidate, with what it was scored by.

    Args:
        name: The candidate.
        map_silhouette: How far its groups stand apart on an exaggerated map, −1…1; the mean of the draws.
        leads: By how much it lies above that of the plain way in each draw; empty for that.
        needed: The lead from which on it is taken.
        recognised: Share of the views that are nearest to their own image, in the pretrained features.
        effective_rank: Number of directions that its vectors make use of.
        seconds: What its training and embedding took.
        images: Number of images it was tried on.
    """

    name: CandidateName
    map_silhouette: float
    leads: tuple[float, ...] = ()
    needed: float = 0.0
    recognised: float = 0.0
    effective_rank: float = 0.0
    seconds: float = 0.0
    images: int = 0

    @property
    def score(self) -> float:
        """How far it leads beyond what is needed.

        The plain way has 0; others are above that only if every draw agrees.
        """
        if not self.leads:
            return 0.0
        return min(float(np.mean(self.leads)) - self.needed, min(self.leads) - min(self.needed, 0.0))

    def row(self) -> ComparisonRow:
        """Return the line of the table, for JSON and reports."""
        return {
            "way": self.name,
            "map_silhouette": round(self.map_silhouette, 4),
            "lead": round(float(np.mean(self.leads)), 4) if self.leads else None,
            "lead_spread": round(float(np.std(self.leads)), 4) if self.leads else None,
            "lead_needed": self.needed if self.leads else None,
            "recognised": round(self.recognised, 4),
            "effective_rank": round(self.effective_rank, 4),
            "seconds": round(self.seconds, 1),
            "images": self.images,
        }


@dataclass(frozen=True)
class Comparison:
    """What a comparison found.

    Args:
        results: The candidates, the best first; none where fewer than 50 images can be read.
        adapted: The pretrained network with the head that was tried, and how that was trained.
    """

    results: list[CandidateResult]
    adapted: tuple[NetworkWithHead, HeadRecord] | None = None


def compare(
    source: Source, files: Sequence[ImageFile], model: Path, *, groups: int | Literal["auto"], side: int, seed: int,
    progress: Progress, plain: CandidateName = "pretrained", seconds: float | None = None, device: str = "cpu",
) -> Comparison:  # fmt: skip
    """Compare pretrained and adapted features, and a network from scratch.

    Pretrained features that recognise nearly every image in its views are taken without a trial. Otherwise each is
    scored on the same three random parts of the images; a network from scratch, which is tried on grey images and where
    it is the plain way, must lead in each of them, and by a margin on average, a head must not fall behind. The same
    images and seed give the same order, unless time is short.

    Args:
        source: Where the images are read from.
        files: The images; up to 1,000 of them are drawn.
        model: A model folder of the pretrained network.
        groups: Number of groups; "auto" scores several numbers.
        side: That of the images, pixels.
        seed: Random seed.
        progress: Receives stages.
        plain: What is taken where nothing is compared.
        seconds: Time for all of it; where it is short, fewer images are compared.
        device: Where networks run: "cpu", "cuda" or "mps".

    Returns:
        The candidates, and the network that was adapted.
    """
    limit = None if seconds is None else SAMPLE_TIME_SHARE * seconds
    loaded, small_side = load_encoder(model, device, progress), min(side, TRIAL_SIDE)
    sample = _read_sample(source, files, loaded, small_side, seed, progress, limit)
    if sample is None:
        return Comparison([])
    candidates, adapted = [sample.pretrained], None
    recognised = recognised_share(sample.feature_NVD)
    if recognised < MAX_RECOGNISED or plain != "pretrained":
        candidate, adapted = _adapt(sample, model, seed, progress, device)
        candidates.append(candidate)
        if sample.grey or plain == "scratch":  # a set taken for grey may hold some in colour
            candidates.append(_train_from_scratch(sample, seed, progress, device))
    ranked = rank_candidates(candidates, groups, seed, progress, plain=plain)
    return Comparison([replace(result, recognised=recognised) for result in ranked], adapted)


class _Candidate(NamedTuple):
    name: CandidateName
    vectors_ND: np.ndarray
    seconds: float


class _Shown(NamedTuple):
    """A picture as the networks take it: of 1,000 larger ones memory would be full."""

    pixels_SSC: np.ndarray  # for the pretrained network
    small_SSC: np.ndarray  # for the one from scratch, in colour
    grey: bool


class _Sample(NamedTuple):
    small_NSSC: np.ndarray
    grey: bool
    feature_NVD: np.ndarray
    seconds: float  # that they took

    @property
    def pretrained(self) -> _Candidate:
        return _Candidate("pretrained", self.feature_NVD[:, 0], self.seconds / self.feature_NVD.shape[1])


def _read_sample(
    source: Source, files: Sequence[ImageFile], loaded: LoadedEncoder, small_side: int, seed: int,
    progress: Progress, limit: float | None,
) -> _Sample | None:  # fmt: skip
    """Images and their features, as many as the seconds suffice for; None where too few can be read."""
    start, prep = time.perf_counter(), loaded.preprocessing

    def read(file: ImageFile) -> _Shown | None:
        try:
            picture = source.read(file, prep.size)
        except UnreadableImageError:
            return None
        return _Shown(prep.fit(picture), square(picture.pixels, small_side), picture.grey)

    shown = _read_shown(read, _draw(files, seed), progress, limit)
    if len(shown) < MIN_IMAGES:
        return None
    grey = all(each.grey for each in shown)
    feature_NVD = compute_features(
        loaded.encoder, np.stack([each.pixels_SSC for each in shown]), grey=grey, seed=seed,
        progress=progress, seconds=limit, at_least=MIN_IMAGES,
    )  # fmt: skip
    small_NSSC = np.stack([each.small_SSC for each in shown[: len(feature_NVD)]])
    return _Sample(small_NSSC, grey, feature_NVD, time.perf_counter() - start)


def _adapt(
    sample: _Sample, model: Path, seed: int, progress: Progress, device: str
) -> tuple[_Candidate, tuple[NetworkWithHead, HeadRecord]]:
    from unpool.networks.head import Head

    start = time.perf_counter()
    adapted = train_head(load_model(model), sample.feature_NVD, seed=seed, device=device, progress=progress)
    vectors_ND = embed_codes(Head(adapted[0]), sample.feature_NVD[:, 0])
    seconds = sample.seconds + time.perf_counter() - start
    return _Candidate("adapted", vectors_ND, seconds), adapted


def recognised_share(feature_NVD: np.ndarray) -> float:
    """Measure how many views are nearest to their own image.

    A copy of that image is as near.
    Where nearly all are, as of photographs of single things, training gained nothing; the fewer, the more
    (docs/decisions/0008-which-network.md).

    Args:
        feature_NVD: Unit vectors of several views of each image; the first is the image itself.

    Returns:
        Their share, 0…1.

    >>> recognised_share(np.eye(4, dtype=np.float32)[:, None].repeat(3, axis=1))
    1.0
    """
    from unpool.analysis.neighbours import Index

    index, image_ND = Index(feature_NVD[:, 0]), feature_NVD[:, 0]
    found = []
    for view_ND in np.moveaxis(feature_NVD[:, 1:], 1, 0):
        nearest_N = index.nearest(view_ND, 1)[1][:, 0]
        own_N, other_N = (np.einsum("nd,nd->n", view_ND, each) for each in (image_ND, image_ND[nearest_N]))
        found.append(own_N >= other_N - SAME_COSINE)
    return float(np.mean(found))


def rank_candidates(
    candidates: Sequence[_Candidate],
    groups: int | Literal["auto"],
    seed: int,
    progress: Progress,
    *,
    plain: CandidateName,
) -> list[CandidateResult]:
    """Score candidates on the same random parts of images.

    Args:
        candidates: Their vectors of the same images.
        groups: Number of groups; "auto" scores several numbers.
        seed: Random seed of the parts and maps.
        progress: Receives the stage.
        plain: The candidate that the others have to lead.

    Returns:
        A result for each, the best first.
    """
    numbers = NUMBERS_OF_GROUPS if groups == "auto" else (groups,)
    count = len(candidates[0].vectors_ND)
    scores_CD = np.zeros((len(candidates), NUM_DRAWS))
    with progress.stage("comparing", NUM_DRAWS, "draws") as stage:
        for draw in range(NUM_DRAWS):
            rows = subsample_indices(count, int(DRAWN_SHARE * count), [seed, draw])
            for number, candidate in enumerate(candidates):
                scores_CD[number, draw] = separation(candidate.vectors_ND[rows], numbers, seed=seed)
            stage.advance(1)
    plain_D = scores_CD[[candidate.name for candidate in candidates].index(plain)]
    results = [
        _result_of(candidate, scores_D, scores_D - plain_D, plain)
        for candidate, scores_D in zip(candidates, scores_CD, strict=True)
    ]
    return sorted(results, key=lambda result: -result.score)


def _result_of(
    candidate: _Candidate, scores_D: np.ndarray, lead_D: np.ndarray, plain: CandidateName
) -> CandidateResult:
    from unpool.analysis.metrics.unsupervised import effective_rank

    return CandidateResult(
        candidate.name,
        float(scores_D.mean()),
        () if candidate.name == plain else tuple(lead_D.tolist()),
        SCRATCH_LEAD if "scratch" in (candidate.name, plain) else HEAD_LEAD,
        effective_rank=effective_rank(candidate.vectors_ND),
        seconds=candidate.seconds,
        images=len(candidate.vectors_ND),
    )


def separation(vectors_ND: np.ndarray, numbers: Sequence[int], *, seed: int) -> float:
    """Measure how far groups stand apart, without labels.

    Source: Lowe et al. 2024, arXiv 2406.02465: the silhouette in a fixed neighbour embedding follows the truth. A
    map has neither the scale nor the dimension of the vectors; an exaggerated one is near what UMAP shows.

    Args:
        vectors_ND: Finite numbers.
        numbers: Numbers of groups to try; k-means finds them on the map.
        seed: Random seed of map and k-means.

    Returns:
        The mean silhouette on the map, −1…1; −1 where there are no two groups.
    """
    from unpool.analysis.mapping import compute_map
    from unpool.analysis.metrics.silhouette import map_groups, map_silhouette

    xy_N2 = compute_map(vectors_ND, seed=seed, exaggeration=EXAGGERATION)
    found = [map_silhouette(xy_N2, map_groups(xy_N2, number, starts=3, seed=seed)) for number in numbers]
    return float(np.mean([-1.0 if value is None else value for value in found]))


def format_table(results: Sequence[CandidateResult]) -> list[str]:
    """Format a comparison as lines of a table.

    >>> for line in format_table([CandidateResult("scratch", 0.5, (0.07, 0.09), 0.06, seconds=2.0)]):
    ...     print(line)
    network     map silhouette    lead  needed  effective rank  seconds
    scratch              0.500  +0.080   0.060           0.000      2.0
    """
    if not results:
        return []
    heads = ["map silhouette", "  lead", "needed", "effective rank", "seconds"]
    lines = ["network".ljust(10) + "".join(f"  {head}" for head in heads)]
    for result in results:
        has_lead = bool(result.leads)
        cells = [
            f"{result.map_silhouette:.3f}",
            f"{np.mean(result.leads):+.3f}" if has_lead else "-",
            f"{result.needed:.3f}" if has_lead else "-",
            f"{result.effective_rank:.3f}",
            f"{result.seconds:.1f}",
        ]
        padded = (f"  {cell.rjust(len(head))}" for head, cell in zip(heads, cells, strict=True))
        lines.append(result.name.ljust(10) + "".join(padded))
    return lines


def _draw(files: Sequence[ImageFile], seed: int) -> list[ImageFile]:
    """Some images in random order: the first of them are those of all folders."""
    rows = np.random.default_rng([seed, 0x7A1E]).permutation(len(files))[:MAX_IMAGES]
    return [files[row] for row in rows]


def _read_shown(
    read: Callable[[ImageFile], _Shown | None],
    files: Sequence[ImageFile],
    progress: Progress,
    limit: float | None,
) -> list[_Shown]:
    """Those that can be read; after so many seconds no more than are needed."""
    start, shown = time.perf_counter(), []
    with progress.stage("decoding", len(files), "images") as stage:
        for each in map_ordered(read, files, usable_cores()):
            stage.advance(1)
            if each is not None:
                shown.append(each)
            if limit is not None and len(shown) >= MIN_IMAGES and time.perf_counter() - start > limit:
                break
    return shown


def _train_from_scratch(sample: _Sample, seed: int, progress: Progress, device: str) -> _Candidate:
    """A small network, briefly trained on the images by contrast."""
    import torch

    from unpool.networks.catalogue import build_network, seeded
    from unpool.objectives.contrastive import Contrast
    from unpool.training.data.datasets import PixelSet
    from unpool.training.history import show_on
    from unpool.training.loop import train
    from unpool.training.plan import Plan

    start = time.perf_counter()
    channels: Channels = 1 if sample.grey else 3
    pixels_NSSC = np.ascontiguousarray(
        sample.small_NSSC[..., :channels]
    )  # of grey ones all channels are the same
    network = build_network("conv", size=pixels_NSSC.shape[1], channels=channels, decoder="none", seed=seed)
    network.use_indices = False
    prep = network.preprocessing
    data = PixelSet(pixels_NSSC, prep.mean, prep.std, torch.device(device))
    with seeded(seed):
        objective = Contrast(network.dimension(), seed=seed)
    plan = Plan(steps=TRIAL_STEPS, batch=min(TRIAL_BATCH, len(data)), val=0.0, seed=seed, drop_last=True)
    with progress.stage("training one from scratch", 100, "%") as stage:
        train(network, data, objective, plan, progress=show_on(stage))
    network.eval()
    parts = np.array_split(np.arange(len(data)), 1 + len(data) // EMBED_BATCH)
    with torch.inference_mode():
        vectors_ND = np.concatenate([network.embed(data.batch(part)).cpu().numpy() for part in parts])
    return _Candidate("scratch", vectors_ND, time.perf_counter() - start)
