"""Drawn pictures of a striped material, with and without a spot that is as dark as a stripe."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def draw_stripes(number: int, side: int = 64) -> np.ndarray:
    """Stripes at a place of their own, (S, S, 3) uint8."""
    rng = np.random.default_rng(number)
    column = np.arange(side) + rng.uniform(0, 12)
    wave = 128 + 80 * np.sin(column * 2 * np.pi / 12)[None, :, None] + rng.normal(0, 4, (side, side, 1))
    return np.repeat(np.clip(wave, 0, 255).astype(np.uint8), 3, 2)


def draw_spotted(number: int, side: int = 64) -> np.ndarray:
    """The same with a round spot, dark on a bright stripe."""
    picture, rng = draw_stripes(number, side), np.random.default_rng([number, 1])
    row, column = np.mgrid[:side, :side]
    down, right = rng.integers(12, side - 12), rng.integers(12, side - 24)
    right += int(picture[:, right : right + 12].mean((0, 2)).argmax())
    picture[np.hypot(row - down, column - right) < 4] = 60
    return picture


def write_stripes(folder: Path, count: int, side: int = 64) -> Path:
    """A folder of good pictures."""
    folder.mkdir(parents=True)
    for number in range(count):
        Image.fromarray(draw_stripes(number, side)).save(folder / f"{number}.png")
    return folder
