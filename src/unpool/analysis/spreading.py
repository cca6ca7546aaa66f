"""A few labels spread to the images near them, along the graph of nearest neighbours.

Shapes: N images, D numbers a vector, K neighbours of each, C classes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from unpool.analysis.neighbours import Floats, Indices, checked, self_neighbours
from unpool.errors import UnpoolError

UNLABELLED = -1
NEIGHBOURS = 10
SCALE = 7  # the neighbour whose distance tells what is near, as Zelnik-Manor and Perona have it
ALPHA = 0.95  # of what an image has comes from its neighbours
ROUNDS = 50
AT_ONCE = 16  # classes: memory stays that of so many numbers an image


def spread_labels(
    vectors_ND: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    k: int = NEIGHBOURS,
    alpha: float = ALPHA,
    rounds: int = ROUNDS,
    seed: int = 0,
) -> tuple[Indices, Floats]:
    """A class for each image without one, and a confidence from 0 to 1, both (N,).

    `labels` (N,) are numbers from 0, −1 where there is none. Images that have a label, and those that no label
    reaches along the graph, get −1 and 0. The confidence is the share of the winning class in what reached an
    image, times √min(1, r): r is how much reached it, as a multiple of what would if the labelled images lay
    evenly among all. So images far from any label have little, however much one class wins among them.

    Raises UnpoolError where no image has a label, or the numbers of vectors and labels differ.

    Source: Zhou et al. 2004, Learning with local and global consistency; weights by local scaling, Zelnik-Manor
    and Perona 2004.

    >>> rows = [[1, 0], [1, 0.1], [1, 0.2], [0, 1], [0.1, 1], [0.2, 1]]
    >>> spread_labels(rows, [0, -1, -1, 1, -1, -1], k=2)[0].tolist()
    [-1, 0, 0, -1, 1, 1]
    """
    vector_ND, label_N = checked(vectors_ND), np.asarray(labels, np.int64)
    if label_N.shape != (len(vector_ND),):
        raise UnpoolError(f"labels: shape {label_N.shape}, expected one for each of {len(vector_ND)} vectors")
    if not (label_N >= 0).any():
        raise UnpoolError(f"labels: none for {len(label_N)} images, expected one at least; label some images")
    weight_NN = neighbour_graph(vector_ND, k, seed=seed)
    best_N, most_N, total_N = _spread(weight_NN, label_N, alpha, rounds)
    degree_N = np.asarray(weight_NN.sum(axis=1)).ravel()
    root_N = np.sqrt(np.maximum(degree_N, 1e-12))
    evenly = np.mean(np.where(label_N >= 0, 1 / root_N, 0))
    reach_N = total_N / root_N / evenly
    share_N = np.divide(most_N, total_N, out=np.zeros_like(most_N), where=total_N > 0)
    free_N = (label_N < 0) & (total_N > 0)
    confidence_N = np.where(free_N, share_N * np.sqrt(np.minimum(1, reach_N)), 0)
    return np.where(free_N, best_N, UNLABELLED), confidence_N.astype(np.float32)


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


def _spread(
    weight_NN: Any, label_N: Indices, alpha: float, rounds: int
) -> tuple[Indices, npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Of each image the class that reached it most, how much of it did, and how much of all classes."""
    from scipy.sparse import diags

    num = len(label_N)
    root_N = 1 / np.sqrt(np.maximum(np.asarray(weight_NN.sum(axis=1)).ravel(), 1e-12))
    step_NN = (diags(root_N) @ weight_NN @ diags(root_N)).tocsr()
    best_N, most_N, total_N = np.full(num, UNLABELLED), np.zeros(num), np.zeros(num)
    classes = np.unique(label_N[label_N >= 0])
    for start in range(0, len(classes), AT_ONCE):
        part = classes[start : start + AT_ONCE]
        own_NC = (label_N[:, None] == part).astype(np.float64)
        reached_NC = own_NC
        for _ in range(rounds):
            reached_NC = alpha * (step_NN @ reached_NC) + (1 - alpha) * own_NC
        winner_N = reached_NC.argmax(axis=1)
        value_N = reached_NC[np.arange(num), winner_N]
        best_N = np.where(value_N > most_N, part[winner_N], best_N)
        most_N = np.maximum(most_N, value_N)
        total_N += reached_NC.sum(axis=1)
    return best_N, most_N, total_N
