"""k-means of a memory bank, warm-started, learnt from a sample where the bank is large.

N images, D numbers a vector, K clusters, S sampled rows.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

FIRST_ROUNDS, LATER_ROUNDS = 20, 6  # k-means iterations from scratch, and from the clusters of the last time
WORK = 4e9  # similarities computed in one k-means at most, beside giving every row its cluster
LEAST_MEMBERS = 8  # sampled rows a cluster, even where that is more work


def recluster(bank_ND: Tensor, num_clusters: int, before_N: Tensor | None = None, *, seed: int = 0) -> Tensor:
    """The cluster of each row of a bank of unit vectors: (N,) int64 from 0 on, on the bank's device.

    `before_N` are the clusters of the last time: their means are where k-means starts. Otherwise it starts at
    random rows. Runs on the CPU. Deterministic for the same bank, clusters and seed.

    >>> bank = torch.tensor([[1.0, 0.0], [0.99, 0.14], [0.0, 1.0], [0.14, 0.99]])
    >>> found = recluster(bank, 2)
    >>> bool(found[0] == found[1] != found[2] == found[3])
    True
    """
    import faiss

    row_ND = np.ascontiguousarray(bank_ND.detach().cpu().numpy(), dtype=np.float32)
    chance = np.random.default_rng(abs(seed))
    start_KD = _random_rows(row_ND, num_clusters, chance)
    if before_N is not None:
        _means(row_ND, before_N.cpu().numpy(), into_KD=start_KD)
    rounds = FIRST_ROUNDS if before_N is None else LATER_ROUNDS
    means = faiss.Kmeans(
        row_ND.shape[1], num_clusters, niter=rounds, seed=abs(seed) % (1 << 31), spherical=True,
        min_points_per_centroid=1, max_points_per_centroid=1 << 30,
    )  # fmt: skip
    means.train(row_ND[_sample(len(row_ND), num_clusters, rounds, chance)], init_centroids=start_KD)
    return torch.from_numpy(means.index.search(row_ND, 1)[1][:, 0]).to(bank_ND.device)


def _random_rows(row_ND: np.ndarray, count: int, chance: np.random.Generator) -> np.ndarray:
    return row_ND[np.sort(chance.choice(len(row_ND), count, replace=False))]


def _means(row_ND: np.ndarray, cluster_N: np.ndarray, *, into_KD: np.ndarray) -> None:
    """The directions of the clusters' means; a number without members keeps what stands there."""
    order_N = np.argsort(cluster_N, kind="stable")
    names_C, first_C = np.unique(cluster_N[order_N], return_index=True)
    for name, start, end in zip(names_C, first_C, [*first_C[1:], len(order_N)], strict=True):
        mean_D = row_ND[order_N[start:end]].mean(axis=0)
        if (length := float(np.linalg.norm(mean_D))) > 0:
            into_KD[name] = mean_D / length


def _sample(num_rows: int, num_clusters: int, rounds: int, chance: np.random.Generator) -> np.ndarray | slice:
    """Which rows k-means learns from: all where that is little work."""
    enough = max(LEAST_MEMBERS * num_clusters, int(WORK / (num_clusters * rounds)))
    if num_rows <= enough:
        return slice(None)
    return np.sort(chance.choice(num_rows, enough, replace=False))
