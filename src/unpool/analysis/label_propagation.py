"""Propagate a few labels along the graph of nearest neighbours.

Shapes: N images, D numbers a vector, K neighbours of each, C classes, c of them at a time, L labelled images.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from unpool.analysis.neighbours import Floats, Indices, normalise, self_neighbours
from unpool.errors import UnpoolError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

UNLABELLED = -1
NUM_NEIGHBOURS = 10
SCALE_NEIGHBOUR = 7  # the neighbour whose distance scales the others, as Zelnik-Manor and Perona have it
ALPHA = 0.9  # of what an image has comes from its neighbours
NUM_ITERATIONS = 30
CLASS_BATCH = 16  # memory stays that of so many numbers an image
NUM_FOLDS = 3
GUESS_WEIGHTS = (0.0, 0.01, 0.03, 0.1, 0.3)  # of a guess of the linear classifier, beside a label's 1
SHARPENINGS = (
    1.0,
    1.5,
    2.0,
    3.0,
    4.0,
    6.0,
)  # powers of shares, so that confidence is as high as the share of right answers
DEFAULT_TUNING = (0.01, 1.5)  # guess weight and sharpening, where no label can be held out
PRIOR_STRENGTH = 2.0  # how strongly few trials hold to that sharpening
MAX_FITTED = 2_000  # labelled images that the linear classifier is fitted to

Numbers = npt.NDArray[np.float32]


def propagate_labels(
    vectors_ND: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    k: int = NUM_NEIGHBOURS,
    guesses: bool = True,
    seed: int = 0,
) -> tuple[Indices, Floats]:
    """Suggest a class for each image without one.

    Labels, and with less weight the guesses of a linear classifier fitted to them, are propagated along the
    neighbour graph. The weight of the guesses is the one that suits held-out labelled images best.

    The confidence is the share of the winning class, raised to the power that suits the left-out images, times
    √min(1, r): r is how much of the labels reached an image, as a multiple of what would if they lay evenly among
    all. So images far from any label have little, however certain the classifier is.

    Args:
        vectors_ND: Finite numbers.
        labels: (N,) numbers from 0, −1 where there is none.
        k: Neighbours of each image.
        guesses: Use the linear classifier.
        seed: Of folds and of the classifier's sample.

    Returns:
        A class and a confidence from 0 to 1 for each image, both (N,). Images that have a label, and those that no
        label reaches, get −1 and 0.

    Raises:
        UnpoolError: Where no image has a label, or the numbers of vectors and labels differ.

    Source: Zhou et al. 2004, Learning with local and global consistency; weights by local scaling, Zelnik-Manor
    and Perona 2004; guesses as seeds, Huang et al. 2021, Combining label propagation and simple models.

    >>> rows = [[1, 0], [1, 0.1], [1, 0.2], [0, 1], [0.1, 1], [0.2, 1]]
    >>> propagate_labels(rows, [0, -1, -1, 1, -1, -1], k=2)[0].tolist()
    [-1, 0, 0, -1, 1, 1]
    """
    unit_ND, label_N = normalise(vectors_ND), np.asarray(labels, np.int64)
    _check_labels(label_N, len(unit_ND))
    classes = np.unique(label_N[label_N >= 0])
    code_N = np.where(label_N >= 0, np.searchsorted(classes, label_N), UNLABELLED)
    graph = _Graph(neighbour_graph(unit_ND, k, seed=seed))
    guess_weight, sharpening = _tune(graph, unit_ND, code_N, GUESS_WEIGHTS if guesses else (0.0,), seed)
    best_N, share_N, reached_N = _find_winners(graph, unit_ND, code_N, guess_weight, sharpening, seed)
    free_N = (code_N < 0) & (reached_N > 0)
    confidence_N = np.where(free_N, share_N * np.sqrt(np.minimum(1, graph.relative(reached_N, code_N))), 0)
    return np.where(free_N, classes[best_N], UNLABELLED), confidence_N.astype(np.float32)


def _check_labels(label_N: Indices, num_images: int) -> None:
    if label_N.shape != (num_images,):
        raise UnpoolError(f"labels: shape {label_N.shape}, expected one for each of {num_images} vectors")
    if not (label_N >= 0).any():
        raise UnpoolError(f"labels: none for {len(label_N)} images, expected one at least; label some images")


def neighbour_graph(vectors_ND: npt.ArrayLike, k: int = NUM_NEIGHBOURS, *, seed: int = 0) -> csr_matrix:
    """Build the symmetric graph of nearest neighbours.

    It is a sparse matrix (N, N) of weights from 0 to 1, without a diagonal.
    Two images are joined where one is among the k nearest of the other, and weigh exp(−d/√(s·t)): d is their
    cosine distance, s and t are those of either to its seventh neighbour.
    """
    from scipy.sparse import csr_matrix

    far_NK, near_NK = self_neighbours(vectors_ND, k, seed=seed)
    num, wide = far_NK.shape
    if not wide:
        return csr_matrix((num, num), dtype=np.float32)
    scale_N = np.maximum(far_NK[:, min(SCALE_NEIGHBOUR, wide) - 1], 1e-6)
    weight_NK = np.exp(-far_NK / np.sqrt(scale_N[:, None] * scale_N[near_NK]))
    rows = np.repeat(np.arange(num), wide)
    # Far beyond all others a weight may vanish; the neighbour stays one.
    weights = np.maximum(weight_NK, 1e-6).ravel().astype(np.float32)
    graph_NN = csr_matrix((weights, (rows, near_NK.ravel())), shape=(num, num))
    return graph_NN.maximum(graph_NN.T)


class _Graph:
    """The normalised neighbour graph, along which numbers are propagated."""

    def __init__(self, weight_NN: csr_matrix) -> None:
        from scipy.sparse import diags

        self._root_N = np.sqrt(np.maximum(np.asarray(weight_NN.sum(axis=1), np.float64).ravel(), 1e-12))
        scale = diags((1 / self._root_N).astype(np.float32))
        self._step_NN = (scale @ weight_NN @ scale).tocsr()

    def propagate(self, seed_Nc: Numbers) -> Numbers:
        """(1 − α)·Σ αᵗ·Sᵗ·seed over some iterations, as Zhou et al. have it."""
        found_Nc = seed_Nc
        for _ in range(NUM_ITERATIONS):
            found_Nc = ALPHA * (self._step_NN @ found_Nc) + (1 - ALPHA) * seed_Nc
        return found_Nc

    def relative(self, reached_N: Numbers, code_N: Indices) -> npt.NDArray[np.float64]:
        """What reached each image, as a multiple of what would if the labels lay evenly among all."""
        evenly = np.mean(np.where(code_N >= 0, 1 / self._root_N, 0))
        return np.asarray(reached_N / self._root_N / evenly)


class _Linear:
    """Guesses of logistic regression on the labelled images, some classes at a time."""

    def __init__(self, unit_ND: Floats, code_N: Indices, seed: int) -> None:
        from sklearn.linear_model import LogisticRegression

        self._unit_ND = unit_ND
        row_L = np.random.default_rng(seed).permutation(np.flatnonzero(code_N >= 0))[:MAX_FITTED]
        self._known = np.unique(code_N[row_L])
        self._lines_DC: npt.NDArray[np.float32] = np.zeros(
            (unit_ND.shape[1] + 1, len(self._known)), np.float32
        )
        if len(self._known) > 1:
            fitted = LogisticRegression(C=100, max_iter=200).fit(unit_ND[row_L], code_N[row_L])
            lines = np.concatenate([fitted.coef_.T, fitted.intercept_[None]])
            self._lines_DC[:, -lines.shape[1] :] = lines  # of two classes only the second has a line
        self._total_N = sum(
            np.exp(self._score(start)).sum(axis=1) for start in range(0, len(self._known), CLASS_BATCH)
        )

    def _score(self, start: int) -> Numbers:
        lines = self._lines_DC[:, start : start + CLASS_BATCH]
        # Bounded, so that no exponential overflows.
        score: Numbers = np.clip(self._unit_ND @ lines[:-1] + lines[-1], -80, 80)
        return score

    def guesses(self, start: int, stop: int) -> Numbers:
        """The probability of classes start to stop, (N, stop − start); 0 for those it does not know."""
        found = np.zeros((len(self._unit_ND), stop - start), np.float32)
        for part in range(0, len(self._known), CLASS_BATCH):
            known = self._known[part : part + CLASS_BATCH]
            inside = (known >= start) & (known < stop)
            if inside.any():
                found[:, known[inside] - start] = (np.exp(self._score(part)) / self._total_N[:, None])[
                    :, inside
                ]
        return found


def _class_batches(
    graph: _Graph, unit_ND: Floats, code_N: Indices, seed: int
) -> Iterator[tuple[int, Numbers, Numbers]]:
    """Some classes at a time: the first, and what reached each image of labels and of guesses, (N, c) each."""
    linear, num = _Linear(unit_ND, code_N, seed), int(code_N.max()) + 1
    for start in range(0, num, CLASS_BATCH):
        stop = min(start + CLASS_BATCH, num)
        label_Nc = (code_N[:, None] == np.arange(start, stop)).astype(np.float32)
        guess_Nc = np.where(code_N[:, None] < 0, linear.guesses(start, stop), 0)
        yield start, graph.propagate(label_Nc), graph.propagate(guess_Nc)


def _find_winners(
    graph: _Graph, unit_ND: Floats, code_N: Indices, guess_weight: float, sharpening: float, seed: int
) -> tuple[Indices, npt.NDArray[np.float64], Numbers]:
    """Of each image the winning class, its share of all, and how much of the labels reached the image."""
    num = len(code_N)
    best_N, most_N, total_N = np.zeros(num, np.int64), np.zeros(num), np.zeros(num)
    reached_N = np.zeros(num, np.float32)
    for start, label_Nc, guess_Nc in _class_batches(graph, unit_ND, code_N, seed):
        mixed_Nc = (label_Nc + guess_weight * guess_Nc).astype(np.float64) ** sharpening
        winner_N = mixed_Nc.argmax(axis=1)
        value_N = mixed_Nc[np.arange(num), winner_N]
        best_N = np.where(value_N > most_N, start + winner_N, best_N)
        most_N = np.maximum(most_N, value_N)
        total_N += mixed_Nc.sum(axis=1)
        reached_N += label_Nc.sum(axis=1)
    return best_N, np.divide(most_N, total_N, out=np.zeros(num), where=total_N > 0), reached_N


def _tune(
    graph: _Graph, unit_ND: Floats, code_N: Indices, weights: Sequence[float], seed: int
) -> tuple[float, float]:
    """The guess weight and the sharpening that make the labels of held-out images likeliest."""
    fold_N = _folds(code_N, seed)
    label_LC, guess_LC, true_L = [], [], []
    for fold in range(NUM_FOLDS):
        row_H = np.flatnonzero(fold_N == fold)
        if len(row_H):
            rest_N = np.where(fold_N == fold, UNLABELLED, code_N)
            parts = [
                (label[row_H], guess[row_H])
                for _, label, guess in _class_batches(graph, unit_ND, rest_N, seed)
            ]
            label_LC.append(np.concatenate([label for label, _ in parts], axis=1))
            guess_LC.append(np.concatenate([guess for _, guess in parts], axis=1))
            true_L.append(code_N[row_H])
    if not true_L:
        return min(DEFAULT_TUNING[0], max(weights)), DEFAULT_TUNING[1]
    label, guess, true = np.concatenate(label_LC), np.concatenate(guess_LC), np.concatenate(true_L)
    reached = np.flatnonzero(label.sum(axis=1))  # an image that no label reaches gets no suggestion
    label, guess, true = label[reached], guess[reached], true[reached]
    return max(
        ((guess_weight, sharpening) for guess_weight in weights for sharpening in SHARPENINGS),
        key=lambda tuning: _likelihood(label + tuning[0] * guess, true, tuning[1]),
    )


def _likelihood(mixed_LC: npt.NDArray[np.floating], true_L: Indices, sharpening: float) -> float:
    raised_LC = mixed_LC.astype(np.float64) ** sharpening
    share_LC = raised_LC / np.maximum(raised_LC.sum(axis=1, keepdims=True), 1e-300)
    # One in fifty may be anything: no single surprise decides.
    likely_L = 0.98 * share_LC[np.arange(len(true_L)), true_L] + 0.02 / mixed_LC.shape[1]
    return float(np.log(likely_L).sum() - PRIOR_STRENGTH * np.log(sharpening / DEFAULT_TUNING[1]) ** 2)


def _folds(code_N: Indices, seed: int) -> Indices:
    """The fold in which each labelled image is held out, -1 for none: the only one of its class stays."""
    fold_N, rng = np.full(len(code_N), -1), np.random.default_rng(seed)
    for number in range(int(code_N.max()) + 1):
        row_M = rng.permutation(np.flatnonzero(code_N == number))
        if len(row_M) > 1:
            fold_N[row_M] = (np.arange(len(row_M)) + number) % NUM_FOLDS
    return fold_N
