"""Groups of all from the groups of some."""

from __future__ import annotations

import numpy as np
import pytest

from unpool.analysis.clustering import consensus
from unpool.analysis.clustering.consensus import consensus_clustering, keep_outvoted_clusters
from unpool.analysis.mapping import STAGES
from unpool.analysis.metrics.supervised import accuracy


def blobs(spread: float) -> tuple[np.ndarray, np.ndarray]:
    label_N = np.arange(300) % 3
    return np.eye(3, 6)[label_N] + spread * np.random.default_rng(0).normal(size=(300, 6)), label_N


@pytest.mark.slow
def test_a_sample_speaks_for_all():
    vectors_ND, label_N = blobs(0.1)
    for sample in (90, 10_000):
        group_N, share_N = consensus_clustering(vectors_ND, groups=3, sample=sample)
        assert accuracy(group_N, label_N) > 0.99
        assert share_N.mean() > 0.95


def test_where_groups_overlap_fewer_have_most_votes():
    vectors_ND, label_N = blobs(0.45)
    group_N, share_N = consensus_clustering(vectors_ND, groups=3, sample=200)
    agreed_N = share_N >= 0.85
    assert 0.2 < agreed_N.mean() < 0.95
    assert accuracy(group_N[agreed_N], label_N[agreed_N]) > accuracy(group_N, label_N) + 0.02


def test_as_many_groups_come_back_as_requested():
    """Also where groups are hardly larger than the voters, or a run finds others than the runs before."""
    rng = np.random.default_rng(0)
    for count, groups in ((4, 2), (4, 4), (30, 10), (120, 20), (300, 25)):
        group_N, share_N = consensus_clustering(rng.normal(size=(count, 6)), groups=groups)
        assert len(set(group_N)) == groups
        assert np.bincount(group_N).min() * groups * 8 > count, "a group of next to nothing is none"
        assert ((share_N >= 0) & (share_N <= 1)).all()


def two_groups(own: int, shared: int) -> np.ndarray:
    """Votes of three runs: `own` images wholly of group 1, `shared` torn between both, 100 in all."""
    rows = [[0.0, 3.0]] * own + [[1.5, 1.5]] * shared + [[3.0, 0.0]] * (100 - own - shared)
    return np.array(rows)


def test_a_group_below_a_quarter_of_its_votes_keeps_half_of_them():
    # 9 · 3 + 62 · 1.5 votes are those of 40 images in three runs, of which it has 9: fewer than a quarter.
    group_N = keep_outvoted_clusters(two_groups(9, 62))
    assert np.flatnonzero(group_N == 1).tolist() == list(range(20)), "half of 40, those with most votes"
    # 10 · 3 + 60 · 1.5 votes are 40 images too, and 10 of them a quarter: that group stays as it is.
    assert np.bincount(keep_outvoted_clusters(two_groups(10, 60))).tolist() == [90, 10]


def test_an_outvoted_group_keeps_one_image_at_least_and_none_without_votes():
    assert keep_outvoted_clusters(np.array([[2.0, 1.0]] * 3)).tolist() == [1, 0, 0]
    one_vote = np.array([[3.0, 0.0]] * 6 + [[1.0, 2.0]] + [[3.0, 0.0]])
    assert keep_outvoted_clusters(one_vote).tolist() == [0] * 6 + [1, 0]


def test_votes_are_shares_of_the_nearest_sampled_images():
    rng = np.random.default_rng(3)
    unit_ND = rng.normal(size=(60, 4)).astype(np.float32)
    unit_ND /= np.linalg.norm(unit_ND, axis=1, keepdims=True)
    for num_groups, num_sampled, num_voters in ((2, 44, 10), (3, 30, 5), (2, 5, 1), (3, 3, 1), (2, 60, 10)):
        sampled_S = np.sort(rng.permutation(60)[:num_sampled])
        label_S = np.arange(num_sampled) % num_groups
        vote_NK = consensus._votes(consensus._voters(unit_ND, sampled_S, num_groups, 0), label_S)
        near_NV = np.argsort(-(unit_ND @ unit_ND[sampled_S].T), axis=1, kind="stable")[:, :num_voters]
        expected = [[np.mean(label_S[near] == group) for group in range(num_groups)] for near in near_NV]
        np.testing.assert_allclose(vote_NK, expected, atol=1e-6)


def test_each_run_has_its_own_images_and_all_images_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    samples, stages_of = [], []

    def maps_as_it_is(vectors_ND, *, stages, seed):
        samples.append(vectors_ND)
        stages_of.append(stages)
        return [vectors_ND[:, :2]] * len(stages)

    monkeypatch.setattr(consensus, "compute_maps", maps_as_it_is)
    vectors_ND, label_N = blobs(0.05)
    monkeypatch.setattr(consensus, "num_groups_of_vectors", lambda unit_ND, seed: 3)
    group_N, share_N = consensus_clustering(vectors_ND, groups="auto", sample=100)
    assert accuracy(group_N, label_N) == 1, "three groups, as the vectors were found to have"
    assert share_N.max() == 1
    assert [len(sample) for sample in samples] == [100] * 3
    assert stages_of == [STAGES[:2]] * 3, "as docs/decisions/0017 has them"
    assert not np.array_equal(samples[0], samples[1])
    samples.clear()
    consensus_clustering(vectors_ND[:19], groups=3)
    assert not samples, "so few images are grouped without a map"
    consensus_clustering(vectors_ND[:20], groups=3)
    assert len(samples) == 1
    assert stages_of[-1] == STAGES


def test_columns_are_aligned_with_the_runs_before():
    rng = np.random.default_rng(1)
    total_NK = rng.random((40, 4)).astype(np.float32)
    np.testing.assert_array_equal(consensus._align(total_NK[:, [2, 0, 3, 1]], total_NK), total_NK)
    fewer_NK = consensus._align(total_NK[:, [2, 0]], total_NK)
    np.testing.assert_array_equal(fewer_NK, total_NK * np.array([1, 0, 1, 0]))


def test_five_thousand_images_stand_on_a_map_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    requested = []

    def first(count, size, seed):
        requested.append((count, size, list(seed)))
        return np.arange(count)

    monkeypatch.setattr(consensus, "subsample_indices", first)
    consensus_clustering(blobs(0.1)[0][:9], groups=3, seed=7)
    assert requested == [(9, 5_000, [7, 0])]
