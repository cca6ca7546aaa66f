"""What stands out, and what does not where all are like that."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unpool.analysis.checks.thresholds import (
    blurred,
    bright,
    dark,
    first_duplicate,
    outliers,
    soft_rows,
    tail_limit,
)

ids = st.lists(st.one_of(st.none(), st.sampled_from("abcd")), max_size=12)
light = st.lists(st.floats(0, 1), max_size=30)


@given(ids)
def test_copies_name_the_first_of_the_same(names):
    expected = [
        names.index(name) if name is not None and names.index(name) < row else -1
        for row, name in enumerate(names)
    ]
    assert first_duplicate(names).tolist() == expected


@given(light)
@settings(max_examples=60)
def test_dark_and_bright_are_each_others_mirror_and_the_worst_comes_first(values):
    value_N = np.array(values)
    dim = dark(value_N)
    assert all(value_N[row] < 0.35 for row in dim.rows)
    assert [value_N[row] for row in dim.rows] == sorted(value_N[row] for row in dim.rows)
    glaring = bright(value_N)
    assert all(value_N[row] > 0.65 for row in glaring.rows)
    assert [value_N[row] for row in glaring.rows] == sorted(
        (value_N[row] for row in glaring.rows), reverse=True
    )
    assert len(dim.reasons) == len(dim.rows)


def test_the_few_that_differ_are_reported_not_a_collection_that_is_so():
    photographs = np.full(100, 0.9)
    assert dark(np.append(photographs, 0.2)).rows == [100]
    assert dark(np.full(100, 0.2)).rows == []
    assert dark(np.append(np.full(100, 0.2), [0.05, 0.09, 0.15])).rows == [100, 101]
    assert bright(np.append(1 - photographs, 0.8)).rows == [100]
    assert bright(np.full(100, 0.8)).rows == []
    assert bright(np.append(np.full(100, 0.8), [0.99, 0.95, 0.85])).rows == [100, 101]


def test_unknown_light_is_no_problem():
    assert dark([np.nan, 0.1, np.nan, 0.9, 0.9]).rows == [1]
    assert bright([np.nan, np.nan]).rows == dark([]).rows == []


def test_wide_edges_are_blurred_and_what_cannot_be_measured_is_not():
    flagged = blurred([0.4, np.nan, 2.5, 1.4, 3.1])
    assert flagged.rows == [4, 2]
    assert flagged.figures == [3.1, 2.5]
    assert "3.1 pixels" in flagged.reasons[0]


def test_soft_thumbnails_are_looked_at_unless_all_are_so():
    blur_N = np.full(50, 0.3)
    assert soft_rows(blur_N) == []
    blur_N[7], blur_N[9] = 0.65, 0.45
    assert soft_rows(blur_N) == [7, 9]
    assert soft_rows(np.full(50, 0.6)) == soft_rows([np.nan]) == []
    assert len(soft_rows(np.repeat([0.25, 0.5], [40, 60]))) == 60  # most of them may be blurred


def test_one_figure_for_order_reason_and_result():
    far = outliers(np.append(np.linspace(0.2, 0.3, 60), [0.9, 0.7]), np.full(62, np.nan), np.full(62, 50.0))
    for flagged in (
        dark([0.123456, 0.04, 0.9, 0.9]),
        bright([0.1, 0.1, 0.71234, 0.9]),
        blurred([2.34567, 3]),
        far,
    ):
        assert len(flagged.rows) == 2
        assert flagged.figures in (sorted(flagged.figures), sorted(flagged.figures, reverse=True))
        for figure, reason in zip(flagged.figures, flagged.reasons, strict=True):
            assert f"{figure:g} " in reason


@pytest.mark.parametrize("draw", ["normal", "gamma", "exponential", "lognormal"])
def test_hardly_any_of_one_kind_is_an_outlier(draw: str) -> None:
    rng = np.random.default_rng(0)
    drawn = {
        "normal": rng.normal(5, 1, 5000), "gamma": rng.gamma(4, 1, 5000), "exponential": rng.exponential(1, 5000),
        "lognormal": rng.lognormal(0, 0.3, 5000),
    }[draw]  # fmt: skip
    share = (drawn > tail_limit(drawn)).mean()
    assert share < 0.005
    assert (np.append(drawn, drawn.mean() + 15 * drawn.std()) > tail_limit(drawn))[-1]


def test_the_limit_is_that_of_an_exponential_tail():
    value_N = -np.log(1 - (np.arange(100_000) + 0.5) / 100_000)  # its quantiles
    assert tail_limit(value_N) == pytest.approx(np.log(4) + 0.7 * np.log(25_000), rel=1e-3)
    assert tail_limit(3 * value_N + 2) == pytest.approx(3 * tail_limit(value_N) + 2)


def test_a_few_odd_images_do_not_hide_each_other():
    rng = np.random.default_rng(1)
    usual = rng.gamma(20, 0.01, 1000)
    odd = rng.uniform(1, 2, 30)
    nothing = np.full(1030, np.nan)
    found = outliers(np.append(usual, odd), nothing, nothing)
    assert set(found.rows) >= set(range(1000, 1030))
    assert len(found.rows) <= 32
    assert found.rows[0] == 1000 + odd.argmax()


def test_badly_rebuilt_images_are_outliers_whatever_their_contrast():
    rng = np.random.default_rng(2)
    contrast = rng.uniform(20, 80, 300)
    error = (contrast / 255 * rng.uniform(0.2, 0.3, 300)) ** 2
    near = rng.uniform(0.1, 0.2, 300)
    assert outliers(near, error, contrast).rows == []
    error[17] *= 9
    found = outliers(near, error, contrast)
    assert found.rows == [17]
    assert "rebuilt with an error of" in found.reasons[0]
    assert outliers(near, np.full(300, np.nan), contrast).rows == []


def test_too_few_and_equal_values_tell_nothing():
    assert tail_limit(np.arange(19)) == np.inf
    assert tail_limit(np.zeros(100)) == np.inf
    assert outliers(np.zeros(0), np.zeros(0), np.zeros(0)).rows == []
