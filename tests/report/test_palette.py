"""Colours that people can tell apart, checked against contrast ratios and a second vision model."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from unpool.report.palette import GREY, OKABE_ITO, distinct_colours, group_colours, ink_on, rgb_of

# Machado, Oliveira and Fernandes 2009, full severity: not the model that the palette was made with.
VISIONS = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}


def seen(colour: str, vision: str) -> np.ndarray:
    rgb = rgb_of(colour)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return np.clip(VISIONS[vision] @ linear, 0, 1) ** (1 / 2.2)


def least_difference(num_colours: int, vision: str) -> float:
    colours = [seen(colour, vision) for colour in distinct_colours(num_colours)]
    return float(min(np.abs(a - b).max() for a, b in itertools.combinations(colours, 2)))


def luminance(colour: str) -> float:
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in rgb_of(colour).tolist()]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    dark, light = sorted((luminance(a), luminance(b)))
    return (light + 0.05) / (dark + 0.05)


def test_starts_with_okabe_and_ito_and_never_repeats() -> None:
    colours = distinct_colours(40)
    assert colours[:7] == OKABE_ITO
    assert len(set(colours)) == 40
    assert distinct_colours(12) == colours[:12]


@pytest.mark.parametrize("vision", VISIONS)
def test_groups_differ_for_everyone(vision: str) -> None:
    assert least_difference(12, vision) > 0.1
    assert least_difference(32, vision) > 0.05


def test_numbers_are_legible_on_every_colour() -> None:
    assert min(contrast(colour, ink_on(colour)) for colour in (*distinct_colours(64), GREY)) >= 4.5


def test_no_group_is_grey_and_large_numbers_wrap() -> None:
    colours = group_colours([-2, -1, 0, 64])
    assert colours[-2] == colours[-1] == GREY
    assert colours[64] == colours[0] != GREY
