"""Traces of compression: blocks and few colours."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from support.pictures import make_photograph
from unpool.analysis.checks.artefacts import blockiness, plainness


def photograph() -> Image.Image:
    grain = np.random.default_rng(0).normal(0, 8, (180, 240, 3))
    return Image.fromarray((np.asarray(make_photograph(1), float) + grain).clip(0, 255).astype(np.uint8))


def test_blocks_grow_with_compression_and_are_found_at_their_place_alone() -> None:
    found = []
    for quality in (95, 60, 30):
        content = io.BytesIO()
        photograph().save(content, "JPEG", quality=quality)
        found.append(np.asarray(Image.open(content).convert("RGB")))
    values = [blockiness(pixels) for pixels in (np.asarray(photograph()), *found)]
    assert values[0] < 0.1
    assert values[2:] == sorted(values[2:])
    assert values[3] > 0.3
    assert blockiness(found[2][3:, 3:]) < 0.1


def test_the_steps_are_those_of_a_loop() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (40, 9, 3), dtype=np.uint8)
    grey = pixels.astype(float).mean(axis=-1)
    edge, inside, steps = [], [], np.abs(np.diff(grey, axis=0))
    for row in range(1, 38):
        sudden = steps[row] - (steps[row - 1] + steps[row + 1]) / 2
        (edge if (row + 1) % 8 == 0 else inside).append(sudden)
    expected = (np.mean(edge) - np.mean(inside)) / (steps.mean() + 0.5)
    assert blockiness(pixels) == pytest.approx(expected, rel=1e-4)


def test_drawings_are_plain_and_photographs_are_not() -> None:
    drawing = Image.new("RGB", (60, 40), "white")
    drawing.paste("navy", (10, 10, 30, 30))
    assert plainness(np.asarray(drawing)) > 0.9
    assert plainness(np.asarray(photograph().quantize(64).convert("RGB"))) < 0.75
    assert plainness(np.zeros((5, 1, 3), np.uint8)) == 1
    assert blockiness(np.zeros((5, 5, 3), np.uint8)) == 0
