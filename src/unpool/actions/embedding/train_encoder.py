"""Train a network on a run's own images.

N images, M of them drawn, R of these in isolated communities, n in a chunk, B batch, S side, C channels, H height,
W width, D numbers in a code, K scores of groups, P pixels.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict

import numpy as np

from unpool.actions.embedding.choose_network import Choice
from unpool.actions.embedding.training_time import (
    BATCH,
    NUM_REFINEMENTS,
    REFINEMENT_LENGTH,
    Clock,
    contrastive_plan,
    refinement_plan,
    total_minutes,
)
from unpool.core.progress import Progress
from unpool.core.rng import subsample_indices
from unpool.networks.preprocessing import Preprocessing
from unpool.training.model_file import save_model
from unpool.training.plan import Plan

if TYPE_CHECKING:
    from torch import Tensor

    from unpool.networks.autoencoder import Autoencoder
    from unpool.objectives.contrastive import Contrast
    from unpool.objectives.self_labelling import SelfLabelling

MAX_LABELLED = 20_000  # images that self-labelling is trained on
MAX_GROUPED, GROUPED_PER_STEP = 5_000, 25  # images whose map is clustered, and for each contrastive step
NUM_VIEWS = 8  # of an image, whose scores are summed
NUM_VIEWS_ISOLATED = 64  # of an image in an isolated community
VIEW_STREAM = 5  # of random numbers: other views than training sees
COMPARED_SIDE = 32  # pixels, at most, at which pictures are compared
UNDECIDED_SHARE = 0.1  # of the images, those with the smallest margin between two groups
MIN_CONFIDENCE = 0.85  # share of an image's neighbours in its own group


class EncoderRecord(TypedDict):
    """How an encoder was trained, as model.json keeps it."""

    objective: str
    steps: int
    seed: int
    minutes: float | None
    batch: int
    groups: int | Literal["auto"]
    confident_shares: list[float]  # share of the images that each refinement was trained on
    epochs: list[dict[str, Any]]


def training_preprocessing(choice: Choice) -> Preprocessing:
    """Choose the size at which a network is trained.

    It is the network's own, or for `conv` what fits the images.
    """
    from unpool.networks.catalogue import default_size

    size = choice.size if choice.network == "conv" and choice.size else default_size(choice.network)
    return Preprocessing(size, 3)


def train_encoder(
    folder: Path,
    choice: Choice,
    pixels_NSSC: np.ndarray,
    *,
    checkpoints: Path,
    minutes: float | None,
    steps: int | None,
    groups: int | Literal["auto"] = "auto",
    seed: int = 0,
    device: str = "cpu",
    progress: Progress,
) -> EncoderRecord:
    """Train a network on images, and write the model folder.

    First by contrast: codes that only reconstruct pixels group badly, codes that hold what two views of an image
    share group well. Then twice by the groups that these codes form, which draws each group together. The decoder
    learns to reconstruct the images. Killed and called again with the same images, it resumes from the last
    checkpoint.

    Args:
        folder: Where the model is written.
        choice: The network, and the reason for it.
        pixels_NSSC: uint8; one channel or three.
        checkpoints: Folder of the checkpoints, one subfolder for each phase.
        minutes: Time for all of it.
        steps: Number of steps in all phases, instead of minutes.
        groups: Number of groups; "auto" chooses it.
        seed: Random seed.
        device: Where it is trained: "cpu", "cuda" or "mps".
        progress: Receives stages.

    Returns:
        The training record.
    """
    options = _network_options(choice.network, pixels_NSSC)
    network = _build_network(choice.network, options, seed)
    clock = Clock(total_minutes(pixels_NSSC.shape[1], minutes, steps))
    run_key = {"network": choice.network} | options
    trainer = EncoderTrainer(network, pixels_NSSC, checkpoints, run_key, seed, progress, clock, device)
    trainer.contrastive_phase(steps)
    for number in range(NUM_REFINEMENTS):
        trainer.self_labelling_phase(groups, number)
    record = EncoderRecord(
        objective="contrast", steps=trainer.steps, seed=seed, minutes=minutes, batch=BATCH, groups=groups,
        confident_shares=trainer.confident_shares, epochs=trainer.epochs,
    )  # fmt: skip
    save_model(folder, network, options=options, training=record)
    return record


def _network_options(name: str, pixels_NSSC: np.ndarray) -> dict[str, Any]:
    size_and_channels: dict[str, Any] = {"size": pixels_NSSC.shape[1], "channels": pixels_NSSC.shape[3]}
    return size_and_channels | ({"decoder": "upsample"} if name == "conv" else {})


def _build_network(name: str, options: dict[str, Any], seed: int) -> Autoencoder:
    import torch

    from unpool.networks.catalogue import build_network

    torch.manual_seed(seed)
    network = build_network(name, weights="none", **options)
    network.use_indices = False  # they would carry the image past the code, and the code describe little
    return network


class EncoderTrainer:
    """The phases of a training, on the same network.

    Args:
        network: Trained in place.
        pixels_NSSC: uint8; all images.
        checkpoints: Folder of the checkpoints.
        run_key: What makes this run this run; a checkpoint of another one is not used.
        seed: Random seed.
        progress: Receives stages.
        clock: The time for it; by default steps are counted.
        device: Where it is trained.
    """

    def __init__(
        self, network: Autoencoder, pixels_NSSC: np.ndarray, checkpoints: Path, run_key: Mapping[str, object],
        seed: int, progress: Progress, clock: Clock | None = None, device: str = "cpu",
    ) -> None:  # fmt: skip
        import torch

        from unpool.training.data.datasets import PixelSet

        prep = network.preprocessing
        self.network, self.checkpoints, self.seed = network, checkpoints, seed
        self.run_key = dict(run_key) | {"images": _digest(pixels_NSSC)}
        self.progress, self.size, self.clock = progress, pixels_NSSC.shape[1], clock or Clock()
        self.data = PixelSet(pixels_NSSC, prep.mean, prep.std, torch.device(device))
        self.objective: Contrast | SelfLabelling | None = None
        self.steps = self.contrastive_steps = 0
        self.confident_shares: list[float] = []
        self.epochs: list[dict[str, Any]] = []

    def contrastive_phase(self, steps: int | None) -> None:
        """Train by contrast, for the greater part of it."""
        from unpool.objectives.contrastive import Contrast

        plan = contrastive_plan(len(self.data), self.clock.minutes, steps, self.seed)
        self.objective = Contrast(self.network.dimension(), seed=self.seed)
        self._train("contrast", "training", self.objective, plan)
        self.contrastive_steps = self.steps

    def self_labelling_phase(self, groups: int | Literal["auto"], number: int) -> None:
        """Train on the groups of the network's present codes.

        From the second phase on, the scores that the previous head gives several views count as much as the code.
        The contrast's projection does not: it divides one class by its appearance.

        Args:
            groups: Number of groups; "auto" chooses it.
            number: Of the phase, from 0.
        """
        from unpool.networks.catalogue import seeded
        from unpool.objectives.self_labelling import SelfLabelling

        drawn_M = subsample_indices(len(self.data), MAX_LABELLED, self.seed)
        with self.progress.stage("grouping"), self.clock.grouping_timed():
            group_M, is_confident_M = self._group(drawn_M, groups, with_scores=number > 0)
        self.confident_shares.append(round(float(is_confident_M.mean()), 4))
        if len(np.unique(group_M[is_confident_M])) < 2:
            return
        group_N = np.zeros(len(self.data), np.int64)
        group_N[drawn_M] = group_M
        trained = drawn_M[is_confident_M]
        with seeded(self.seed):
            self.objective = SelfLabelling(self.network.dimension(), group_N, seed=self.seed + number)
        key = {"groups": groups, "of": _digest(group_N[drawn_M]), "from": _digest(trained)}
        seed = self.seed + number
        if self.clock.minutes is None:
            plan = refinement_plan(round(self.contrastive_steps * REFINEMENT_LENGTH), seed)
        else:
            run = self.run_key | key
            plan = self.clock.refinement_plan(number, self.checkpoints / f"groups-{number}", run, seed)
        self._train(
            f"groups-{number}", "refining", self.objective, plan, key=key, parts=(trained, drawn_M[:0])
        )

    def _group(
        self, drawn_M: np.ndarray, groups: int | Literal["auto"], *, with_scores: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """The groups (M,), and which images (M,) are trained on.

        An isolated community joins the group that views of its images resemble.
        """
        from unpool.analysis.clustering.consensus import consensus_clustering
        from unpool.analysis.clustering.reassign import reassign_isolated_communities
        from unpool.analysis.neighbours import normalise

        sample = min(MAX_GROUPED, max(1, self.contrastive_steps * GROUPED_PER_STEP))
        code_MD, score_MK = self._embed(drawn_M, with_scores=with_scores)
        vector_MD = code_MD if score_MK is None else np.hstack([code_MD, normalise(score_MK)])
        group_M, share_M = consensus_clustering(vector_MD, groups=groups, sample=sample, seed=self.seed)
        reassigned_M = reassign_isolated_communities(
            group_M, vector_MD, self._small_pictures(drawn_M),
            lambda row_R: self._embed_views(drawn_M[row_R], with_scores=with_scores), seed=self.seed,
        )  # fmt: skip
        # Reassigned images are always included: the head was trained on their old group and is uncertain about
        # exactly these.
        is_confident_M = select_confident(reassigned_M, share_M, score_MK) | (reassigned_M != group_M)
        return reassigned_M, is_confident_M

    def _train(
        self,
        name: str,
        stage_name: str,
        objective: Contrast | SelfLabelling,
        plan: Plan,
        *,
        key: Mapping[str, object] | None = None,
        parts: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> None:
        from unpool.training.checkpoint import Checkpoints
        from unpool.training.history import show_on
        from unpool.training.loop import train

        start = time.perf_counter()
        checkpoints = Checkpoints(self.checkpoints / name, self.run_key | dict(key or {}), keeps_last=True)
        with self.progress.stage(stage_name, 100, "%") as stage:
            history = train(
                self.network, self.data, objective, plan, parts=parts, checkpoints=checkpoints,
                progress=show_on(stage),
            )  # fmt: skip
        # What was trained before a stop counts, and measuring steps does.
        self.clock.spent += max(history.seconds, time.perf_counter() - start) / 60
        self.steps += history.steps
        self.epochs += [{"phase": name} | epoch for epoch in history.epochs]

    def _batches(self, index_M: np.ndarray) -> Iterator[tuple[np.ndarray, Tensor]]:
        indices = [index_M[start : start + BATCH] for start in range(0, len(index_M), BATCH)]
        yield from zip(indices, self.data.batches(indices), strict=True)

    def _small_pictures(self, index_M: np.ndarray) -> np.ndarray:
        """The images as rows of numbers, (M, P)."""
        return np.concatenate([_small_picture(x_BCHW) for _, x_BCHW in self._batches(index_M)])

    def _embed(self, index_M: np.ndarray, *, with_scores: bool) -> tuple[np.ndarray, np.ndarray | None]:
        """Codes of unit length (M, D), and the summed scores of several views (M, K)."""
        import torch

        from unpool.analysis.neighbours import normalise

        self.network.eval()
        codes, scores = [], []
        with torch.inference_mode():
            for index_B, x_BCHW in self._batches(index_M):
                codes.append(_as_array(self.network.embed(x_BCHW)))
                if with_scores:
                    views = self._views(x_BCHW, index_B, NUM_VIEWS)
                    scores.append(sum(normalise(self._score(self.network.embed(view))) for view in views))
        return normalise(np.concatenate(codes)), np.concatenate(scores) if with_scores else None

    def _score(self, code_BD: Tensor) -> np.ndarray:
        assert self.objective is not None
        return _as_array(self.objective.apply_head(code_BD))

    def _embed_views(
        self, index_R: np.ndarray, *, with_scores: bool
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Of each of many views the code with its scores (R, D), and the pixels as a row (R, P)."""
        import torch

        from unpool.analysis.neighbours import normalise

        self.network.eval()
        x_RCHW = next(iter(self.data.batches([index_R])))
        with torch.inference_mode():
            for view_RCHW in self._views(x_RCHW, index_R, NUM_VIEWS_ISOLATED):
                code_RD = self.network.embed(view_RCHW)
                code = _as_array(code_RD)
                parts = [code, self._score(code_RD)] if with_scores else [code]
                yield np.hstack([normalise(part) for part in parts]), _small_picture(view_RCHW)

    def _views(self, x_BCHW: Tensor, index_B: np.ndarray, count: int) -> Iterator[Tensor]:
        assert self.objective is not None
        for number in range(count):
            yield self.objective.views.sample(x_BCHW, index_B, self.seed, number, stream=VIEW_STREAM)


def _small_picture(x_BCHW: Tensor) -> np.ndarray:
    """Images as rows of numbers (B, P), reduced: similarity shows at 32 pixels a side."""
    import torch.nn.functional as F

    side = min(COMPARED_SIDE, x_BCHW.shape[-1])
    return _as_array(F.adaptive_avg_pool2d(x_BCHW, side).flatten(1))


def _as_array(values: Tensor) -> np.ndarray:
    array: np.ndarray = values.float().cpu().numpy()
    return array


def _digest(array: np.ndarray) -> str:
    """A short digest of the numbers; of large arrays a part at a time."""
    digest = hashlib.blake2b(digest_size=12)
    for part in array:
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()


def select_confident(group_M: np.ndarray, share_M: np.ndarray, score_MK: np.ndarray | None) -> np.ndarray:
    """Select the images whose group is certain.

    Undecided is the tenth with the smallest margin between its two highest scores: of 10,000 digits the other nine
    tenths were correct in 99.2 of 100 cases, the confident by a vote of maps in 98.2. Of a group with few such
    images the more confident half is selected, or it would be forgotten.

    Args:
        group_M: The group of each image.
        share_M: How certain it is, 0…1.
        score_MK: Scores of the groups by a head; None where there is none yet.

    Returns:
        (M,) bool.

    >>> select_confident(np.array([0, 0, 0, 1, 1]), np.array([1, 0.9, 0.2, 0.3, 0.1]), None).tolist()
    [True, True, False, True, False]
    """
    is_confident_M = share_M >= MIN_CONFIDENCE
    if score_MK is not None and score_MK.shape[1] > 1:
        highest_M2 = np.sort(score_MK, axis=1)[:, -2:]
        margin_M = highest_M2[:, 1] - highest_M2[:, 0]
        is_confident_M &= margin_M >= np.quantile(margin_M, UNDECIDED_SHARE)
    for group in np.unique(group_M):
        rows = np.flatnonzero(group_M == group)
        if 2 * is_confident_M[rows].sum() < len(rows):
            is_confident_M[rows] = share_M[rows] >= np.median(share_M[rows])
    return is_confident_M
