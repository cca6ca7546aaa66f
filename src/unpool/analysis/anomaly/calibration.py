"""Figures of good images, each compared with the others.

N good images, K figures of an image.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

MIN_SPREAD = 0.02  # of a figure; they are logarithms of distances
HIGH_QUANTILE = 0.975  # quantile by which figures with long tails are shrunk
NORMAL_HIGH = 1.96  # of a normal distribution there
MARGIN = 0.015  # by which a further figure must raise the mean area, to count
WORST_KIND = 0.25  # weight of the kind found worst
SOFTNESS = 0.5  # of the largest figure: figures that agree count more than one alone


def moments_without_own(values_N: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute mean and spread of the others, for each.

    Args:
        values_N: (N, …); N of at least 2.

    Returns:
        Both of the shape of the values.
    """
    num = len(values_N)
    total, squares = values_N.sum(0), (values_N * values_N).sum(0)
    mean = (total - values_N) / (num - 1)
    variance = (squares - values_N * values_N) / (num - 1) - mean * mean
    return mean, np.sqrt(np.maximum(variance, 0))


@dataclass(frozen=True)
class FigureScale:
    """How figures are brought to one scale.

    `low_K` and `spread_K` are of new images, `good_NK` the scaled figures of the good ones, each by the others.
    """

    low_K: np.ndarray
    spread_K: np.ndarray
    good_NK: np.ndarray


def scale_figures(figure_NK: np.ndarray) -> FigureScale:
    """Scale figures so that they can be compared.

    Good images reach the same height in each.

    Args:
        figure_NK: Of good images, each compared with the others.
    """
    low_K, spread_K = figure_NK.mean(0), figure_NK.std(0) + MIN_SPREAD
    mean_NK, own_NK = moments_without_own(figure_NK)
    own_NK = own_NK + MIN_SPREAD
    tail_NK = np.stack(
        [
            _tail(np.delete(figure_NK, number, 0), mean_NK[number], own_NK[number])
            for number in range(len(figure_NK))
        ]
    )
    return FigureScale(
        low_K, spread_K * _tail(figure_NK, low_K, spread_K), (figure_NK - mean_NK) / own_NK / tail_NK
    )


def _tail(figure_NK: np.ndarray, low_K: np.ndarray, spread_K: np.ndarray) -> np.ndarray:
    """By how much high figures lie higher than those of a normal distribution, at least 1."""
    high_K = np.quantile(figure_NK, HIGH_QUANTILE, axis=0)
    tail_K: np.ndarray = np.maximum(1.0, (high_K - low_K) / NORMAL_HIGH / spread_K)
    return tail_K


def join_figures(figure_NK: np.ndarray, softness: float = SOFTNESS) -> np.ndarray:
    """Join figures to scores (N,), by a soft maximum.

    softness · log(mean(exp(figure / softness))): the largest where one stands out, with some of the others where they
    agree.
    """
    largest_N1 = figure_NK.max(1, keepdims=True)
    mean_N = np.exp((figure_NK - largest_N1) / softness).mean(1)
    scores: np.ndarray = largest_N1[:, 0] + softness * np.log(mean_N)
    return scores


@dataclass(frozen=True)
class FigureChoice:
    """Which figures count, and how well they find made defects.

    `used_K` is boolean; `areas` are areas below the ROC by kind of defect, `merit` what was maximised.
    """

    used_K: np.ndarray
    areas: dict[str, float]
    merit: float


def choose_figures(good_NK: np.ndarray, made: Mapping[str, np.ndarray], core: Sequence[int]) -> FigureChoice:
    """Choose the figures that are joined to the score.

    Those of the core always count; others are added one after the other while made defects are found better by it.
    One that says nothing of a material would only raise the scores of good images.

    Args:
        good_NK: Scaled figures of good images.
        made: Scaled figures (M, K) of images with made defects, by kind.
        core: Positions of those that always count.

    Returns:
        The choice, with what it finds.
    """
    used = list(core)
    best, areas = _judge(good_NK, made, used)
    while len(used) < good_NK.shape[1]:
        rest = [number for number in range(good_NK.shape[1]) if number not in used]
        judged = [(_judge(good_NK, made, [*used, number]), number) for number in rest]
        (merit, new_areas), number = max(judged, key=lambda item: item[0][0])
        if merit < best + MARGIN:
            break
        best, areas = merit, new_areas
        used.append(number)
    used_K = np.zeros(good_NK.shape[1], bool)
    used_K[used] = True
    return FigureChoice(used_K, areas, best)


def _judge(
    good_NK: np.ndarray, made: Mapping[str, np.ndarray], used: list[int]
) -> tuple[float, dict[str, float]]:
    from sklearn.metrics import roc_auc_score

    good_N, areas = join_figures(good_NK[:, used]), {}
    for kind, each_MK in made.items():
        bad_M = join_figures(each_MK[:, used])
        truth = np.repeat([0, 1], [len(good_N), len(bad_M)])
        areas[kind] = float(roc_auc_score(truth, np.concatenate([good_N, bad_M])))
    values = list(areas.values())
    return float(np.mean(values) + WORST_KIND * min(values)), areas
