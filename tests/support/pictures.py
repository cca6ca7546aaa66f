"""Images that tests make: small shapes in classes, and larger ones that stand in for photographs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ("disc", "cross", "stripes")


def shape(kind: str, size: int, rng: np.random.Generator) -> np.ndarray:
    """One grey image (size, size) uint8 of a class, shifted, scaled and lit at random."""
    y, x = np.mgrid[:size, :size] / size - 0.5 + rng.uniform(-0.1, 0.1, (2, 1, 1))
    scale = rng.uniform(0.8, 1.2)
    inside = {
        "disc": x**2 + y**2 < (0.3 * scale) ** 2,
        "cross": (abs(x) < 0.1 * scale) | (abs(y) < 0.1 * scale),
        "stripes": np.sin(x * 25 / scale) > 0,
    }[kind]
    light = rng.uniform(150, 255)
    return (inside * light + rng.uniform(0, 25, (size, size))).clip(0, 255).astype(np.uint8)


def make_shapes(root: Path, each: int = 12, size: int = 12, seed: int = 0) -> list[str]:
    """`each` images of every class in a folder of its name; returns their paths."""
    rng = np.random.default_rng(seed)
    paths = []
    for kind in CLASSES:
        (root / kind).mkdir(parents=True, exist_ok=True)
        for number in range(each):
            path = f"{kind}/{number:03}.png"
            Image.fromarray(shape(kind, size, rng)).save(root / path)
            paths.append(path)
    return sorted(paths)


def make_photograph(seed: int = 0, width: int = 240, height: int = 180) -> Image.Image:
    """A coloured picture without symmetry: soft blobs over a slope of light."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    image = np.stack([x * 0.5, y * 0.8, (x + y) * 0.3], axis=-1)
    for _ in range(12):
        cy, cx, r = rng.uniform(0, height), rng.uniform(0, width), rng.uniform(10, 50)
        blob = np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * r**2))
        image += blob[..., None] * rng.uniform(-150, 200, 3)
    return Image.fromarray(image.clip(0, 255).astype(np.uint8))
