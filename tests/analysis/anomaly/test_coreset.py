"""Few vectors that stand for many, rare ones among them."""

from __future__ import annotations

import numpy as np
import pytest

from unpool.analysis.anomaly.coreset import APART, POOL, PROJECTED, choose_coreset, find_deputies


def crowd(seed: int, num: int = 200, dimension: int = 8, rare: int = 2) -> np.ndarray:
    """A crowd around nought; the last vectors lie far away, near each other."""
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((num, dimension)).astype(np.float32)
    vectors[-rare:] += 20
    return vectors


def test_no_more_than_are_there() -> None:
    vectors = crowd(0, 30)
    assert choose_coreset(vectors, 30).tolist() == choose_coreset(vectors, 99).tolist() == list(range(30))


@pytest.mark.parametrize("count", [1, 7, 40, 199])
def test_as_many_as_asked_for_each_once_in_order(count: int) -> None:
    chosen = choose_coreset(crowd(1), count)
    assert len(chosen) == count
    assert (np.diff(chosen) > 0).all()
    assert set(chosen.tolist()) <= set(range(200))


def test_a_random_part_of_many_is_looked_at() -> None:
    count = 20
    pools = [choose_coreset(crowd(2, 2000), count, seed) for seed in range(2)]
    assert POOL * count < 2000
    assert len(set(pools[0]) & set(pools[1])) < count // 2


@pytest.mark.parametrize("dimension", [8, 2 * PROJECTED])
def test_a_rare_cluster_is_kept_that_a_random_choice_misses(dimension: int) -> None:
    count, missed = 40, 0
    for seed in range(20):
        vectors = crowd(seed, dimension=dimension)
        assert choose_coreset(vectors, count, seed)[-1] >= 198
        missed += bool(np.random.default_rng(seed).permutation(200)[:count].max() < 198)
    assert missed >= 8


def test_every_vector_has_one_nearby() -> None:
    vectors = crowd(3, 400, 2)

    def radius(chosen: np.ndarray) -> float:
        return float(np.linalg.norm(vectors[:, None] - vectors[chosen], axis=2).min(1).max())

    by_chance = [radius(np.random.default_rng(seed).permutation(400)[:80]) for seed in range(10)]
    assert radius(choose_coreset(vectors, 80)) < 0.7 * min(by_chance)


def test_the_same_seed_chooses_the_same() -> None:
    first, again, other = (choose_coreset(crowd(4, 2000), 50, seed).tolist() for seed in (5, 5, 6))
    assert first == again != other


def test_equal_vectors_do_not_hang() -> None:
    assert len(choose_coreset(np.ones((100, 4), np.float32), 20)) == 20


def test_deputies_are_the_nearest_vectors_of_other_images_that_would_have_been_chosen() -> None:
    rng = np.random.default_rng(3)
    vectors, owners = rng.standard_normal((120, 4)).astype(np.float32), np.repeat(np.arange(6), 20)
    chosen = choose_coreset(vectors, 30)
    deputies = find_deputies(vectors, owners, chosen)
    apart = np.linalg.norm(vectors[chosen, None] - vectors[chosen], axis=2) + np.diag(np.full(30, np.inf))
    enough = np.quantile(apart.min(1), APART)
    assert 0 < (deputies >= 0).sum() < 30
    for place, deputy in zip(chosen, deputies, strict=True):
        others = np.flatnonzero(owners != owners[place])
        nearest = others[((vectors[others] - vectors[place]) ** 2).sum(1).argmin()]
        rest = chosen[owners[chosen] != owners[place]]
        is_far = np.linalg.norm(vectors[rest] - vectors[nearest], axis=1).min() >= enough
        assert deputy == (nearest if is_far else -1)


def test_nobody_stands_in_where_all_are_chosen_or_there_is_one_image() -> None:
    vectors = np.eye(5, dtype=np.float32)
    assert find_deputies(vectors, np.zeros(5, int), np.array([1, 3])).tolist() == [-1, -1]
    assert find_deputies(vectors, np.arange(5), np.arange(5)).tolist() == [-1] * 5
