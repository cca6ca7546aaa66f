"""A few labels spread to the images near them, along the graph of nearest neighbours.

Shapes: N images, D numbers a vector, K neighbours of each, C classes, c of them at a time, L labelled images.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from unpool.analysis.neighbours import Floats, Indices, normalise, self_neighbours
from unpool.errors import UnpoolError

UNLABELLED = -1
NEIGHBOURS = 10
SCALE = 7  # the neighbour whose distance tells what is near, as Zelnik-Manor and Perona have it
ALPHA = 0.9  # of what an image has comes from its neighbours
ROUNDS = 30
AT_ONCE = 16  # classes: memory stays that of so many numbers an image
FOLDS = 3
TRUSTS = (0.0, 0.01, 0.03, 0.1, 0.3)  # how much a guess of the linear classifier weighs beside a label
POWERS = (
    1.0,
    1.5,
    2.0,
    3.0,
    4.0,
    6.0,
)  # to which shares are raised, so that they are as sure as they are right
UNTRIED = (0.01, 1.5)  # where no label can be left out to try
HOLD = 2.0  # how firmly few trials hold to that power
FITTED = 2_000  # labelled images that the linear classifier is fitted to

Numbers = npt.NDArray[np.float32]


def propagate_labels(
    vectors_ND: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    k: int = NEIGHBOURS,
    guesses: bool = True,
    seed: int = 0,
) -> tuple[Indices, Floats]:
    """A class for each image without one, and a confidence from 0 to 1, both (N,).

    `labels` (N,) are numbers from 0, −1 where there is none. Labels, and with less weight the guesses of a linear
    classifier fitted to them, are carried along the neighbour graph. How much the guesses weigh is what tells
    labelled images best that are left out; with `guesses` false it is nothing. Images that have a label, and those
    that no label reaches, get −1 and 0.

    The confidence is the share of the winning class, raised to the power that suits the left-out images, times
    √min(1, r): r is how much of the labels reached an image, as a multiple of what would if they lay evenly among
    all. So images far from any label have little, however sure the classifier is.

    Raises UnpoolError where no image has a label, or the numbers of vectors and labels differ.

    Source: Zhou et al. 2004, Learning with local and global consistency; weights by local scaling, Zelnik-Manor
    and Perona 2004; guesses as seeds, Huang et al. 2021, Combining label propagation and simple models.

    >>> rows = [[1, 0], [1, 0.1], [1, 0.2], [0, 1], [0.1, 1], [0.2, 1]]
    >>> propagate_labels(rows, [0, -1, -1, 1, -1, -1], k=2)[0].tolist()
    [-1, 0, 0, -1, 1, 1]
    """
    unit_ND, label_N = normalise(vectors_ND), np.asarray(labels, np.int64)
    if label_N.shape != (len(unit_ND),):
        raise UnpoolError(f"labels: shape {label_N.shape}, expected one for each of {len(unit_ND)} vectors")
    if not (label_N >= 0).any():
        raise UnpoolError(f"labels: none for {len(label_N)} images, expected one at least; label some images")
    classes = np.unique(label_N[label_N >= 0])
    code_N = np.where(label_N >= 0, np.searchsorted(classes, label_N), UNLABELLED)
    graph = _Graph(neighbour_graph(unit_ND, k, seed=seed))
    trust, power = _tuned(graph, unit_ND, code_N, TRUSTS if guesses else (0.0,), seed)
    best_N, share_N, reached_N = _winners(graph, unit_ND, code_N, trust, power, seed)
    free_N = (code_N < 0) & (reached_N > 0)
    sure_N = np.where(free_N, share_N * np.sqrt(np.minimum(1, graph.relative(reached_N, code_N))), 0)
    return np.where(free_N, classes[best_N], UNLABELLED), sure_N.astype(np.float32)


def neighbour_graph(vectors_ND: npt.ArrayLike, k: int = NEIGHBOURS, *, seed: int = 0) -> Any:
    """Who is near whom, as a symmetric sparse matrix (N, N) of weights from 0 to 1, without a diagonal.

    Two images are joined where one is among the k nearest of the other, and weigh exp(−d/√(s·t)): d is their
    cosine distance, s and t are those of either to its seventh neighbour.
    """
    from scipy.sparse import csr_matrix

    far_NK, near_NK = self_neighbours(vectors_ND, k, seed=seed)
    num, wide = far_NK.shape
    if not wide:
        return csr_matrix((num, num), dtype=np.float32)
    scale_N = np.maximum(far_NK[:, min(SCALE, wide) - 1], 1e-6)
    weight_NK = np.exp(-far_NK / np.sqrt(scale_N[:, None] * scale_N[near_NK]))
    rows = np.repeat(np.arange(num), wide)
    # Far beyond all others a weight may vanish; the neighbour stays one.
    weights = np.maximum(weight_NK, 1e-6).ravel().astype(np.float32)
    graph_NN = csr_matrix((weights, (rows, near_NK.ravel())), shape=(num, num))
    return graph_NN.maximum(graph_NN.T)


class _Graph:
    """The neighbour graph, ready to carry numbers from each image to those near it."""

    def __init__(self, weight_NN: Any) -> None:
        from scipy.sparse import diags

        self._root_N = np.sqrt(np.maximum(np.asarray(weight_NN.sum(axis=1), np.float64).ravel(), 1e-12))
        scale = diags((1 / self._root_N).astype(np.float32))
        self._step_NN = (scale @ weight_NN @ scale).tocsr()

    def carried(self, seed_Nc: Numbers) -> Numbers:
        """(1 − α)·Σ αᵗ·Sᵗ·seed over some rounds, as Zhou et al. have it."""
        found_Nc = seed_Nc
        for _ in range(ROUNDS):
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
        row_L = np.random.default_rng(seed).permutation(np.flatnonzero(code_N >= 0))[:FITTED]
        self._known = np.unique(code_N[row_L])
        self._lines_DC: npt.NDArray[np.float32] = np.zeros(
            (unit_ND.shape[1] + 1, len(self._known)), np.float32
        )
        if len(self._known) > 1:
            fitted = LogisticRegression(C=100, max_iter=200).fit(unit_ND[row_L], code_N[row_L])
            lines = np.concatenate([fitted.coef_.T, fitted.intercept_[None]])
            self._lines_DC[:, -lines.shape[1] :] = lines  # of two classes only the second has a line
        self._total_N = sum(
            np.exp(self._score(start)).sum(axis=1) for start in range(0, len(self._known), AT_ONCE)
        )

    def _score(self, start: int) -> Numbers:
        lines = self._lines_DC[:, start : start + AT_ONCE]
        # Bounded, so that no exponential overflows.
        score: Numbers = np.clip(self._unit_ND @ lines[:-1] + lines[-1], -80, 80)
        return score

    def guesses(self, start: int, stop: int) -> Numbers:
        """The probability of classes start to stop, (N, stop − start); 0 for those it does not know."""
        found = np.zeros((len(self._unit_ND), stop - start), np.float32)
        for part in range(0, len(self._known), AT_ONCE):
            known = self._known[part : part + AT_ONCE]
            inside = (known >= start) & (known < stop)
            if inside.any():
                found[:, known[inside] - start] = (np.exp(self._score(part)) / self._total_N[:, None])[
                    :, inside
                ]
        return found


def _parts(
    graph: _Graph, unit_ND: Floats, code_N: Indices, seed: int
) -> Iterator[tuple[int, Numbers, Numbers]]:
    """Some classes at a time: the first, and what reached each image of labels and of guesses, (N, c) each."""
    linear, num = _Linear(unit_ND, code_N, seed), int(code_N.max()) + 1
    for start in range(0, num, AT_ONCE):
        stop = min(start + AT_ONCE, num)
        label_Nc = (code_N[:, None] == np.arange(start, stop)).astype(np.float32)
        guess_Nc = np.where(code_N[:, None] < 0, linear.guesses(start, stop), 0)
        yield start, graph.carried(label_Nc), graph.carried(guess_Nc)


def _winners(
    graph: _Graph, unit_ND: Floats, code_N: Indices, trust: float, power: float, seed: int
) -> tuple[Indices, npt.NDArray[np.float64], Numbers]:
    """Of each image the winning class, its share of all, and how much of the labels reached the image."""
    num = len(code_N)
    best_N, most_N, total_N = np.zeros(num, np.int64), np.zeros(num), np.zeros(num)
    reached_N = np.zeros(num, np.float32)
    for start, label_Nc, guess_Nc in _parts(graph, unit_ND, code_N, seed):
        mixed_Nc = (label_Nc + trust * guess_Nc).astype(np.float64) ** power
        winner_N = mixed_Nc.argmax(axis=1)
        value_N = mixed_Nc[np.arange(num), winner_N]
        best_N = np.where(value_N > most_N, start + winner_N, best_N)
        most_N = np.maximum(most_N, value_N)
        total_N += mixed_Nc.sum(axis=1)
        reached_N += label_Nc.sum(axis=1)
    return best_N, np.divide(most_N, total_N, out=np.zeros(num), where=total_N > 0), reached_N


def _tuned(
    graph: _Graph, unit_ND: Floats, code_N: Indices, trusts: Sequence[float], seed: int
) -> tuple[float, float]:
    """The trust and the power that suit labelled images left out in turn: the likeliest for their labels."""
    fold_N = _folds(code_N, seed)
    label_LC, guess_LC, true_L = [], [], []
    for fold in range(FOLDS):
        row_H = np.flatnonzero(fold_N == fold)
        if len(row_H):
            rest_N = np.where(fold_N == fold, UNLABELLED, code_N)
            parts = [(label[row_H], guess[row_H]) for _, label, guess in _parts(graph, unit_ND, rest_N, seed)]
            label_LC.append(np.concatenate([label for label, _ in parts], axis=1))
            guess_LC.append(np.concatenate([guess for _, guess in parts], axis=1))
            true_L.append(code_N[row_H])
    if not true_L:
        return min(UNTRIED[0], max(trusts)), UNTRIED[1]
    label, guess, true = np.concatenate(label_LC), np.concatenate(guess_LC), np.concatenate(true_L)
    told = np.flatnonzero(label.sum(axis=1))  # an image that no label reaches gets no suggestion
    label, guess, true = label[told], guess[told], true[told]
    return max(
        ((trust, power) for trust in trusts for power in POWERS),
        key=lambda wish: _likelihood(label + wish[0] * guess, true, wish[1]),
    )


def _likelihood(mixed_LC: npt.NDArray[Any], true_L: Indices, power: float) -> float:
    raised_LC = mixed_LC.astype(np.float64) ** power
    share_LC = raised_LC / np.maximum(raised_LC.sum(axis=1, keepdims=True), 1e-300)
    # One in fifty may be anything: no single surprise decides.
    likely_L = 0.98 * share_LC[np.arange(len(true_L)), true_L] + 0.02 / mixed_LC.shape[1]
    return float(np.log(likely_L).sum() - HOLD * np.log(power / UNTRIED[1]) ** 2)


def _folds(code_N: Indices, seed: int) -> Indices:
    """When each labelled image is left out, -1 for never: the only one of its class stays."""
    fold_N, chance = np.full(len(code_N), -1), np.random.default_rng(seed)
    for number in range(int(code_N.max()) + 1):
        row_M = chance.permutation(np.flatnonzero(code_N == number))
        if len(row_M) > 1:
            fold_N[row_M] = (np.arange(len(row_M)) + number) % FOLDS
    return fold_N
