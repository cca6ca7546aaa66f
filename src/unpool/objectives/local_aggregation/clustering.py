"""k-means of a memory bank, warm-started.

Large banks are clustered from a sample.

N images, D numbers a vector, K clusters, S sampled rows.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

FIRST_ROUNDS, LATER_ROUNDS = 20, 6  # k-means iterations from scratch, and from the clusters of the last time
MAX_SIMILARITIES = 4e9  # computed in one k-means, besides the final assignment of every row
MAX_ENTRIES = 1 << 25  # similarities held at once on a GPU: 128 MiB
MIN_MEMBERS = 8  # sampled rows a cluster, even where that is more work


def recluster(bank_ND: Tensor, num_clusters: int, before_N: Tensor | None = None, *, seed: int = 0) -> Tensor:
    """Cluster a bank of unit vectors by k-means.

    Runs by faiss on the CPU, and where the bank is on a GPU there. On the CPU it is deterministic for the same bank,
    clusters and seed.

    Args:
        bank_ND: rows of unit length.
        num_clusters: K.
        before_N: the previous clusters, whose means are the initial centroids; random rows where there are none.
        seed: random seed.

    Returns:
        (N,) int64 from 0 on, on the bank's device.

    >>> bank = torch.tensor([[1.0, 0.0], [0.99, 0.14], [0.0, 1.0], [0.14, 0.99]])
    >>> found = recluster(bank, 2)
    >>> bool(found[0] == found[1] != found[2] == found[3])
    True
    """
    if bank_ND.device.type != "cpu":
        return recluster_by_torch(bank_ND, num_clusters, before_N, seed=seed)
    import faiss

    row_ND = np.ascontiguousarray(bank_ND.detach().cpu().numpy(), dtype=np.float32)
    rng = np.random.default_rng(abs(seed))
    start_KD = _random_rows(row_ND, num_clusters, rng)
    if before_N is not None:
        _means(row_ND, before_N.cpu().numpy(), into_KD=start_KD)
    rounds = FIRST_ROUNDS if before_N is None else LATER_ROUNDS
    means = faiss.Kmeans(
        row_ND.shape[1], num_clusters, niter=rounds, seed=abs(seed) % (1 << 31), spherical=True,
        min_points_per_centroid=1, max_points_per_centroid=1 << 30,
    )  # fmt: skip
    means.train(row_ND[_sample(len(row_ND), num_clusters, rounds, rng)], init_centroids=start_KD)
    return torch.from_numpy(means.index.search(row_ND, 1)[1][:, 0]).to(bank_ND.device)


def recluster_by_torch(
    bank_ND: Tensor, num_clusters: int, before_N: Tensor | None = None, *, seed: int = 0
) -> Tensor:
    """Cluster a bank as `recluster` does, on its own device.

    A cluster that loses its members goes on from the row that is furthest from its own mean.

    Args:
        bank_ND: rows of unit length.
        num_clusters: K.
        before_N: the previous clusters.
        seed: random seed.

    Returns:
        (N,) int64 from 0 on, on the bank's device.
    """
    row_ND, device = bank_ND.detach().float(), bank_ND.device
    rng = np.random.default_rng(abs(seed))
    first_K = np.sort(rng.choice(len(row_ND), num_clusters, replace=False))
    mean_KD = row_ND[torch.from_numpy(first_K).to(device)]
    if before_N is not None:
        mean_KD = _move_means(row_ND, before_N.to(device), mean_KD)
    rounds = FIRST_ROUNDS if before_N is None else LATER_ROUNDS
    sample = _sample(len(row_ND), num_clusters, rounds, rng)
    row_SD = row_ND if isinstance(sample, slice) else row_ND[torch.from_numpy(sample).to(device)]
    for _ in range(rounds):
        near_S, cluster_S = _assign(row_SD, mean_KD)
        mean_KD = _move_means(row_SD, cluster_S, mean_KD)
        empty_E = (torch.bincount(cluster_S, minlength=num_clusters) == 0).nonzero()[:, 0]
        mean_KD[empty_E] = row_SD[near_S.argsort()[: len(empty_E)]]
    return _assign(row_ND, mean_KD)[1]


def _assign(row_SD: Tensor, mean_KD: Tensor) -> tuple[Tensor, Tensor]:
    """The similarity to the nearest mean (S,), and which it is (S,)."""
    chunk = max(1, MAX_ENTRIES // len(mean_KD))
    nearest = [(part_SD @ mean_KD.T).max(dim=1) for part_SD in torch.split(row_SD, chunk)]
    return torch.cat([each.values for each in nearest]), torch.cat([each.indices for each in nearest])


def _move_means(row_SD: Tensor, cluster_S: Tensor, mean_KD: Tensor) -> Tensor:
    """Directions of the clusters' means; a cluster without members keeps its own."""
    sum_KD = torch.zeros_like(mean_KD).index_add_(0, cluster_S, row_SD)
    length_K1 = sum_KD.norm(dim=1, keepdim=True)
    return torch.where(length_K1 > 0, sum_KD / length_K1.clamp_min(1e-12), mean_KD)


def _random_rows(row_ND: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    return row_ND[np.sort(rng.choice(len(row_ND), count, replace=False))]


def _means(row_ND: np.ndarray, cluster_N: np.ndarray, *, into_KD: np.ndarray) -> None:
    """Write the directions of the clusters' means; a cluster without members keeps its row."""
    order_N = np.argsort(cluster_N, kind="stable")
    names_C, first_C = np.unique(cluster_N[order_N], return_index=True)
    for name, start, end in zip(names_C, first_C, [*first_C[1:], len(order_N)], strict=True):
        mean_D = row_ND[order_N[start:end]].mean(axis=0)
        if (length := float(np.linalg.norm(mean_D))) > 0:
            into_KD[name] = mean_D / length


def _sample(num_rows: int, num_clusters: int, rounds: int, rng: np.random.Generator) -> np.ndarray | slice:
    """The rows k-means is fitted on: all where that is little work."""
    enough = max(MIN_MEMBERS * num_clusters, int(MAX_SIMILARITIES / (num_clusters * rounds)))
    if num_rows <= enough:
        return slice(None)
    return np.sort(rng.choice(num_rows, enough, replace=False))
