"""Figures on one scale, and the choice of those that count."""

from __future__ import annotations

import numpy as np
import pytest

from unpool.analysis.anomaly.calibration import (
    HIGH_QUANTILE,
    MIN_SPREAD,
    NORMAL_HIGH,
    SOFTNESS,
    choose_figures,
    join_figures,
    moments_without_own,
    scale_figures,
)


@pytest.mark.parametrize("shape", [(2, 3), (9,), (30, 4, 5)])
def test_moments_of_the_others_are_those_of_a_loop(shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).standard_normal(shape) + 5
    mean, spread = moments_without_own(values)
    others = [np.delete(values, number, 0) for number in range(len(values))]
    np.testing.assert_allclose(mean, [each.mean(0) for each in others])
    np.testing.assert_allclose(spread, [each.std(0) for each in others], atol=1e-7)


def test_scaled_figures_of_good_images_are_by_the_others() -> None:
    figures = np.random.default_rng(1).normal([5, -2], [1, 3], (12, 2))
    figures[3] = [30, 40]  # one that lies far off
    scale = scale_figures(figures)
    for number, own in enumerate(figures):
        others = np.delete(figures, number, 0)
        spread = others.std(0) + MIN_SPREAD
        high = (np.quantile(others, HIGH_QUANTILE, axis=0) - others.mean(0)) / NORMAL_HIGH / spread
        expected = (own - others.mean(0)) / spread / np.maximum(1, high)
        np.testing.assert_allclose(scale.good_NK[number], expected)


def test_figures_reach_the_same_height_whatever_their_unit_and_tail() -> None:
    rng = np.random.default_rng(2)
    figures = np.stack(
        [rng.standard_normal(500), 1000 * rng.standard_normal(500) + 70, rng.exponential(1, 500) ** 2], 1
    )
    scale = scale_figures(figures)
    heights = np.quantile((figures - scale.low_K) / scale.spread_K, HIGH_QUANTILE, axis=0)
    assert heights == pytest.approx([NORMAL_HIGH] * 3, abs=0.2)
    assert np.quantile(scale.good_NK, HIGH_QUANTILE, axis=0) == pytest.approx([NORMAL_HIGH] * 3, abs=0.2)


def test_a_figure_that_never_varied_stays_finite() -> None:
    scale = scale_figures(np.full((10, 1), 3.0))
    assert scale.good_NK.tolist() == [[0.0]] * 10
    assert scale.spread_K.tolist() == pytest.approx([MIN_SPREAD])


def test_joined_figures_are_the_largest_or_what_they_agree_in() -> None:
    figures = np.array([[9.0, -1, 0], [2, 2, 2], [2, 1.9, 1.8], [2, -3, -3], [-800, 900, -900]])
    scores = join_figures(figures)
    assert scores[0] == pytest.approx(9 - SOFTNESS * np.log(3), abs=1e-3)  # one alone stands out
    assert scores[1] == pytest.approx(2)
    assert scores[1] > scores[2] > scores[3] + 0.4  # the same largest
    assert scores[4] == pytest.approx(900 - SOFTNESS * np.log(3))
    assert np.all(scores <= figures.max(1))


def test_more_softness_is_nearer_to_the_mean() -> None:
    figures = np.random.default_rng(0).standard_normal((40, 6))
    np.testing.assert_allclose(join_figures(figures, 1e-3), figures.max(1), atol=0.01)
    np.testing.assert_allclose(join_figures(figures, 1e3), figures.mean(1), atol=0.01)


def made(rng: np.random.Generator, *shifts: float, num: int = 60) -> np.ndarray:
    """Figures of images with made defects: each shifted by what it sees of them."""
    figures: np.ndarray = rng.standard_normal((num, len(shifts))) + shifts
    return figures


def test_noise_is_dropped_and_a_useful_figure_taken() -> None:
    rng = np.random.default_rng(3)
    good = rng.standard_normal((200, 4))
    defects = {"spot": made(rng, 3, 0, 0, 0), "stain": made(rng, 0, 0, 4, 0)}
    choice = choose_figures(good, defects, core=[0])
    assert choice.used_K.tolist() == [True, False, True, False]
    assert set(choice.areas) == {"spot", "stain"}
    assert min(choice.areas.values()) > 0.9
    alone = choose_figures(good[:, :1], {kind: each[:, :1] for kind, each in defects.items()}, core=[0])
    assert alone.areas["stain"] < 0.65
    assert choice.merit > alone.merit


def test_the_core_always_counts() -> None:
    rng = np.random.default_rng(4)
    choice = choose_figures(rng.standard_normal((200, 3)), {"spot": made(rng, 0, 5, 0)}, core=[2])
    assert choice.used_K.tolist() == [False, True, True]


def test_the_kind_found_worst_counts_most() -> None:
    """One of many kinds is found a little better: the mean alone would not notice."""
    rng = np.random.default_rng(5)
    good = rng.standard_normal((300, 2))
    defects = {f"easy {number}": made(rng, 9, 0) for number in range(40)} | {"hard": made(rng, 0, 1, num=300)}
    assert choose_figures(good, defects, core=[0]).used_K.tolist() == [True, True]
