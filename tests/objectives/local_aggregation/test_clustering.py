"""k-means of a memory bank: it finds clusters, starts where it ended, and repeats itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from unpool.objectives.local_aggregation import clustering
from unpool.objectives.local_aggregation.clustering import recluster, recluster_by_torch

Recluster = Callable[..., torch.Tensor]
TRUE = np.repeat(np.arange(6), 40)


@pytest.fixture(params=[recluster, recluster_by_torch])
def cluster(request: pytest.FixtureRequest) -> Recluster:
    """On the CPU, and as on a GPU."""
    found: Recluster = request.param
    return found


def blobs(spread: float, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    centres = F.normalize(torch.randn(6, 12, generator=generator), dim=1)
    noise = spread * torch.randn(len(TRUE), 12, generator=generator)
    return F.normalize(centres[torch.from_numpy(TRUE)] + noise, dim=1)


def inertia(bank: torch.Tensor, cluster: np.ndarray) -> float:
    rows = bank.numpy()
    return float(
        sum(((rows[cluster == k] - rows[cluster == k].mean(0)) ** 2).sum() for k in np.unique(cluster))
    )


def test_it_is_about_as_good_as_scikit_learns_and_better_than_random(cluster: Recluster) -> None:
    bank = blobs(0.2)
    ours = cluster(bank, 6).numpy()
    theirs = KMeans(6, n_init=1, random_state=0).fit_predict(bank.numpy())
    shuffled = np.random.default_rng(0).permutation(ours)
    assert inertia(bank, ours) < 1.15 * inertia(bank, theirs)
    assert inertia(bank, shuffled) > 2 * inertia(bank, ours)


def test_warm_start_keeps_clusters_that_are_right(cluster: Recluster) -> None:
    bank = blobs(0.02)
    before = torch.from_numpy(np.roll(np.arange(6), 2)[TRUE])
    assert (cluster(bank, 6, before) == before).all(), "numbers stay, not only the partition"


def test_a_cluster_without_members_starts_at_a_row_and_is_used_again(cluster: Recluster) -> None:
    bank = blobs(0.02)
    before = torch.from_numpy(np.minimum(TRUE, 4))  # clusters 4 and 5 are one, number 5 is empty
    found = cluster(bank, 6, before).numpy()
    assert adjusted_rand_score(TRUE, found) > 0.6


def test_the_same_seed_gives_the_same_and_another_may_not(cluster: Recluster) -> None:
    bank = blobs(1.0)
    assert (cluster(bank, 9, seed=5) == cluster(bank, 9, seed=5)).all()
    assert any((cluster(bank, 9, seed=5) != cluster(bank, 9, seed=seed)).any() for seed in (6, 7, 8))


def test_large_banks_are_fitted_on_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clustering, "MAX_SIMILARITIES", 1.0)
    rng = np.random.default_rng(0)
    rows = clustering._sample(1000, 6, 20, rng)
    assert len(rows) == clustering.MIN_MEMBERS * 6  # type: ignore[arg-type]
    found = recluster(blobs(0.02), 6)
    assert found.shape == (len(TRUE),)
    assert adjusted_rand_score(TRUE, found.numpy()) > 0.6
