"""Train a network of the catalogue on a run's own images, and leave it in the workspace.

N images, S side, C channels.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from unpool.actions.embedding.choose_network import Choice
from unpool.core.atomic_files import PARTIAL
from unpool.core.progress import Progress
from unpool.core.rng import subsample_indices
from unpool.inference.embedding import Form
from unpool.store.columns import Row
from unpool.training.model_file import save_model
from unpool.training.plan import Plan

MAPPED_FROM = 2 << 30  # bytes of pixels above which they lie on disk instead of in memory
STEPS = 700  # default length of training at small sizes: about 180,000 images seen
BATCH = 256  # contrast is among the images of a batch
MINUTES = 5.0  # default length where images are larger
SMALL = 32
NUM_REFINEMENTS, REFINEMENT_LENGTH = (
    2,
    0.4,
)  # trainings by groups after that by contrast, and the length of each beside it
REFINEMENT_LR = 1e-3
CONTRASTIVE_TIME_SHARE = (
    0.55  # share of the time for contrast; steps by groups are half as long, and groups take theirs
)
LABELLED = 20_000  # images that learn from groups at most
GROUPED, GROUPED_A_STEP = (
    5_000,
    25,
)  # images on a map that groups are seen on, at most and for each step before
NUM_VIEWS = 8  # views of an image that are asked about
NUM_VIEWS_ISOLATED = 64  # and of one in a crowd apart
PICTURE = 32  # side at which pictures are compared, at most
UNDECIDED = 0.1  # share of the images that the head is least decided about
SURE = 0.85  # share of the neighbours in the same group from which an image's group is learnt


class PixelBuffer:
    """Decoded images of one run, (N, S, S, 3) uint8, in memory or in a file that is removed at the end."""

    def __init__(self, folder: Path, capacity: int, size: int) -> None:
        shape = (capacity, size, size, 3)
        self.paths: list[str] = []
        self._all_grey = True
        if np.prod(shape) <= MAPPED_FROM:
            self._pixels = np.empty(shape, np.uint8)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            # Unlinked by name at once: the space is given back when the process ends, however it ends.
            with tempfile.NamedTemporaryFile(dir=folder, prefix=PARTIAL) as file:
                self._pixels = np.memmap(file, np.uint8, "w+", shape=shape)

    def add(self, rows: Sequence[Row], pixels_nSSC: np.ndarray) -> None:
        """Append the usable images of a chunk and the rows they belong to."""
        start = len(self.paths)
        self._pixels[start : start + len(rows)] = pixels_nSSC
        self.paths += [row["path"] for row in rows]
        self._all_grey = self._all_grey and all(row["grey"] for row in rows)

    def pixels(self) -> np.ndarray:
        """What was added, in three channels."""
        return self._pixels[: len(self.paths)]

    def view(self) -> np.ndarray:
        """What was added; one channel where no image has colour."""
        pixels_NSSC = self._pixels[: len(self.paths)]
        return pixels_NSSC[..., :1] if self._all_grey else pixels_NSSC


def training_form(choice: Choice) -> Form:
    """The side at which a network is trained: its own, or for `conv` what fits the images."""
    from unpool.networks.catalogue import default_size

    size = choice.size if choice.network == "conv" and choice.size else default_size(choice.network)
    return Form(size, 3, "centre")


def learn(
    folder: Path,
    choice: Choice,
    pixels_NSSC: np.ndarray,
    *,
    checkpoints: Path,
    minutes: float | None,
    steps: int | None,
    groups: int | Literal["auto"] = "auto",
    seed: int = 0,
    progress: Progress,
) -> dict[str, Any]:
    """Train a network to tell `pixels_NSSC` apart, its decoder to rebuild them, and write the model folder.

    First by contrast: codes that only rebuild pixels group badly, codes that hold what two views of an image share
    group well. Then twice by the groups that these codes fall into, which draws each group together. The training
    record is returned.

    Killed and called again with the same images, it goes on from the last of its `checkpoints`.
    """
    import torch

    from unpool.networks.catalogue import build_network

    size, channels = pixels_NSSC.shape[1], pixels_NSSC.shape[3]
    options: dict[str, Any] = {"size": size, "channels": channels}
    if choice.network == "conv":
        options["decoder"] = "upsample"
    torch.manual_seed(seed)
    network = build_network(choice.network, weights="none", **options)
    network.use_indices = False  # they would carry the image past the code, and the code describe little
    lesson = EncoderTrainer(
        network, pixels_NSSC, checkpoints, {"network": choice.network} | options, seed, progress
    )
    lesson.contrastive_phase(minutes, steps)
    for turn in range(NUM_REFINEMENTS):
        lesson.self_labelling_phase(groups, turn)
    record = {
        "objective": "contrast", "steps": lesson.steps, "seed": seed, "minutes": minutes, "batch": lesson.batch,
        "groups": groups, "sure": lesson.sure, "epochs": lesson.epochs,
    }  # fmt: skip
    save_model(folder, network, options=options, training=record)
    return record


class EncoderTrainer:
    """The phases of a training, one after the other on the same network."""

    def __init__(
        self, network: Any, pixels_NSSC: np.ndarray, checkpoints: Path, key: dict[str, Any], seed: int,
        progress: Progress,
    ) -> None:  # fmt: skip
        import torch

        from unpool.training.data.datasets import PixelSet

        prep = network.preprocessing
        self.network, self.checkpoints, self.seed = network, checkpoints, seed
        self.key = key | {"images": _digest(pixels_NSSC)}
        self.progress, self.size = progress, pixels_NSSC.shape[1]
        self.data = PixelSet(pixels_NSSC, prep.mean, prep.std, torch.device("cpu"))
        self.batch = BATCH
        self.steps = self.first = 0
        self.sure: list[float] = []
        self.epochs: list[dict[str, Any]] = []

    def contrastive_phase(self, minutes: float | None, steps: int | None) -> None:
        """The greater part of the time."""
        from unpool.objectives.contrastive import Contrast

        plan = _plan(self.size, len(self.data), minutes, steps, self.seed)
        self.objective: Any = Contrast(self.network.dimension(), seed=self.seed)
        self._train("contrast", self.objective, plan)
        self.first = self.steps

    def self_labelling_phase(self, groups: int | Literal["auto"], turn: int) -> None:
        """A shorter one with the groups of what the network makes of the images now.

        The second time, what the first one's head makes of several views counts as much as the code. The contrast's
        projection does not: it parts one class by its looks. A crowd apart joins the group that views of it look
        like.
        """
        from unpool.analysis.clustering.consensus import consensus_clustering
        from unpool.analysis.clustering.reassign import reassign_isolated_communities
        from unpool.analysis.neighbours import normalise
        from unpool.networks.catalogue import seeded
        from unpool.objectives.self_labelling import SelfLabelling

        chosen_M = subsample_indices(len(self.data), LABELLED, self.seed)
        with self.progress.stage("grouping"):
            sample = min(GROUPED, max(1, self.first * GROUPED_A_STEP))
            code_MD, answer_MK = self._seen(chosen_M, with_answers=turn > 0)
            seen_MD = code_MD if answer_MK is None else np.hstack([code_MD, normalise(answer_MK)])
            group_M, share_M = consensus_clustering(seen_MD, groups=groups, sample=sample, seed=self.seed)
            home_M = reassign_isolated_communities(
                group_M, seen_MD, self._pixels(chosen_M),
                lambda row_R: self._views(chosen_M[row_R], with_answers=turn > 0), seed=self.seed,
            )  # fmt: skip
        # The head is undecided about a crowd that it saw elsewhere before: just that shall be learnt.
        is_sure_M = select_confident(home_M, share_M, answer_MK) | (home_M != group_M)
        self.sure.append(round(float(is_sure_M.mean()), 4))
        if len(np.unique(home_M[is_sure_M])) < 2:
            return
        group_N = np.zeros(len(self.data), np.int64)
        group_N[chosen_M] = home_M
        with seeded(self.seed):
            self.objective = SelfLabelling(self.network.dimension(), group_N, seed=self.seed + turn)
        steps = max(1, round(self.first * REFINEMENT_LENGTH))
        plan = Plan(steps=steps, batch=BATCH, lr=REFINEMENT_LR, val=0.0, seed=self.seed + turn)
        self._train(
            f"groups-{turn}", self.objective, plan, parts=(chosen_M[is_sure_M], chosen_M[:0]),
            learnt={"groups": groups, "of": _digest(group_N[chosen_M]), "from": _digest(chosen_M[is_sure_M])},
        )  # fmt: skip

    def _train(
        self, name: str, objective: Any, plan: Plan, learnt: dict[str, Any] | None = None, **options: Any
    ) -> None:
        from unpool.training.loop import train

        told = "training" if name == "contrast" else "refining"
        with self.progress.stage(told, 100, "%") as stage:
            history = train(
                self.network, self.data, objective, plan, key=self.key | (learnt or {}),
                folder=self.checkpoints / name, keep=True,
                progress=lambda now: stage.reach(100 * now.fraction, 100, now.words()), **options,
            )  # fmt: skip
        self.steps += history.steps
        self.epochs += [{"phase": name} | epoch for epoch in history.epochs]

    def _pixels(self, index_M: np.ndarray) -> np.ndarray:
        """The images as rows of numbers, (M, P)."""
        batches = [index_M[start : start + BATCH] for start in range(0, len(index_M), BATCH)]
        return np.concatenate([_picture(x_BCHW) for x_BCHW in self.data.batches(batches)])

    def _seen(self, index_M: np.ndarray, *, with_answers: bool) -> tuple[np.ndarray, np.ndarray | None]:
        """Codes of unit length (M, D), and the sum of what the objective answers to several views (M, K)."""
        import torch

        from unpool.analysis.neighbours import normalise

        self.network.eval()
        codes, answers = [], []
        batches = [index_M[start : start + BATCH] for start in range(0, len(index_M), BATCH)]
        with torch.inference_mode():
            for index_B, x_BCHW in zip(batches, self.data.batches(batches), strict=True):
                codes.append(self.network.embed(x_BCHW).numpy())
                if with_answers:
                    answers.append(sum(normalise(answer.numpy()) for answer in self._answers(x_BCHW, index_B)))
        return normalise(np.concatenate(codes)), np.concatenate(answers) if with_answers else None

    def _answers(self, x_BCHW: Any, index_B: np.ndarray) -> Iterator[Any]:
        for look_BCHW in self._looks(x_BCHW, index_B, NUM_VIEWS):
            yield self.objective.answer(self.network.embed(look_BCHW))

    def _views(self, index_R: np.ndarray, *, with_answers: bool) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Of each of many views the code, with what is answered to it (R, D), and the pixels as a row (R, P)."""
        import torch

        from unpool.analysis.neighbours import normalise

        self.network.eval()
        x_RCHW = next(iter(self.data.batches([index_R])))
        with torch.inference_mode():
            for look_RCHW in self._looks(x_RCHW, index_R, NUM_VIEWS_ISOLATED):
                code_RD = self.network.embed(look_RCHW)
                seen = [code_RD, self.objective.answer(code_RD)] if with_answers else [code_RD]
                yield np.hstack([normalise(part.numpy()) for part in seen]), _picture(look_RCHW)

    def _looks(self, x_BCHW: Any, index_B: np.ndarray, count: int) -> Iterator[Any]:
        for number in range(count):
            yield self.objective.views.look(x_BCHW, index_B, self.seed, number, stream=5)


def _picture(x_BCHW: Any) -> np.ndarray:
    """Images as rows of numbers (B, P), larger ones made smaller: likeness shows at 32 pixels a side."""
    import torch.nn.functional as F

    side = min(PICTURE, x_BCHW.shape[-1])
    picture_BP: np.ndarray = F.adaptive_avg_pool2d(x_BCHW, side).flatten(1).numpy()
    return picture_BP


def _digest(array: np.ndarray) -> str:
    """Short, and another for other numbers; of large arrays a part at a time."""
    digest = hashlib.blake2b(digest_size=12)
    for part in array:
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()


def select_confident(group_M: np.ndarray, share_M: np.ndarray, answer_MK: np.ndarray | None) -> np.ndarray:
    """Which images are learnt from, (M,): sure of their group, and where there are answers also decided.

    Undecided is the tenth whose first answer is least ahead of the second: of 10,000 digits the other nine tenths
    were right in 99.2 of 100 cases, the sure of a vote of maps in 98.2. Of a group with few such images its surer
    half is learnt from, or it would be forgotten.

    >>> sure = select_confident(np.array([0, 0, 0, 1, 1]), np.array([1, 0.9, 0.2, 0.3, 0.1]), None)
    >>> sure.tolist()
    [True, True, False, True, False]
    """
    wanted_M = share_M >= SURE
    if answer_MK is not None and answer_MK.shape[1] > 1:
        ahead_M2 = np.sort(answer_MK, axis=1)[:, -2:]
        margin_M = ahead_M2[:, 1] - ahead_M2[:, 0]
        wanted_M &= margin_M >= np.quantile(margin_M, UNDECIDED)
    for number in np.unique(group_M):
        rows = np.flatnonzero(group_M == number)
        if 2 * wanted_M[rows].sum() < len(rows):
            wanted_M[rows] = share_M[rows] >= np.median(share_M[rows])
    return wanted_M


def _plan(size: int, count: int, minutes: float | None, steps: int | None, seed: int) -> Plan:
    """That of the first phase: its share of the steps or of the time.

    Nothing is held out: the loss on images held out says little of how well codes group, and each image helps.
    """
    if steps is None and minutes is None and size <= SMALL:
        return Plan(steps=max(STEPS, -(-count // BATCH)), batch=BATCH, val=0.0, seed=seed)
    if steps is not None:
        return Plan(
            steps=max(1, round(steps / (1 + NUM_REFINEMENTS * REFINEMENT_LENGTH))),
            batch=BATCH,
            val=0.0,
            seed=seed,
        )
    return Plan(minutes=(minutes or MINUTES) * CONTRASTIVE_TIME_SHARE, batch=BATCH, val=0.0, seed=seed)
