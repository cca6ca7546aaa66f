"""Pictures as squares, exactly as published weights take them.

The steps are those of torchvision's Resize and CenterCrop, timm's and OpenCLIP's transforms, on Pillow: a whole picture
is resized, and only then cut. H, W height and width, S side.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

INTERPOLATIONS = {
    "bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR, "nearest": Image.Resampling.NEAREST,
    "lanczos": Image.Resampling.LANCZOS, "box": Image.Resampling.BOX, "hamming": Image.Resampling.HAMMING,
}  # fmt: skip
MAX_RESIZED = 1 << 24  # pixels; of a larger one only what is cut is computed, which may differ by rounding


@dataclass(frozen=True)
class ExactFit:
    """How a picture becomes a square.

    Args:
        size: Side of the square, pixels.
        crop: `centre` cuts the middle of a picture whose shorter side was resized; `squash` keeps all of it; `pad` too,
            with a border.
        ratio: Side of the square to the side that is resized to, before the middle is cut; timm's `crop_pct`.
        interpolation: One of `INTERPOLATIONS`.
        fill: Of the border, 0..255 for each channel.
    """

    size: int
    crop: Literal["centre", "squash", "pad"] = "centre"
    ratio: float = 1.0
    interpolation: str = "bicubic"
    fill: tuple[int, ...] = (0, 0, 0)

    def fit(self, pixels: np.ndarray) -> np.ndarray:
        """Fit a whole picture, (H, W, 3) or (H, W, 1) uint8, to (S, S, 3) uint8."""
        image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).convert("RGB")
        size = _resized(image.size, math.floor(self.size / self.ratio), self.crop)
        filter_ = INTERPOLATIONS[self.interpolation]
        if size[0] * size[1] <= MAX_RESIZED:
            return np.array(self._cut(image.resize(size, filter_)))
        # Of a picture of one pixel by thousands the whole would take gigabytes.
        middle = (min(self.size, size[0]), min(self.size, size[1]))
        return np.array(self._cut(image.resize(middle, filter_, _box_of_middle(image.size, size, middle))))

    def share(self, width: int, height: int) -> float:
        """Return the share of a picture that is seen.

        >>> ExactFit(10).share(200, 100), ExactFit(10, "squash").share(200, 100)
        (0.5, 1.0)
        """
        ratio = min(1.0, self.ratio)
        if self.crop != "centre":
            return ratio * ratio
        return ratio * ratio * min(width, height) / max(width, height)

    def _cut(self, image: Image.Image) -> Image.Image:
        """The middle, with a border where the picture is smaller."""
        width, height = image.size
        if width < self.size or height < self.size:
            canvas = Image.new("RGB", (max(width, self.size), max(height, self.size)), self.fill)
            canvas.paste(image, (max(0, self.size - width) // 2, max(0, self.size - height) // 2))
            image, (width, height) = canvas, canvas.size
        left, top = round((width - self.size) / 2), round((height - self.size) / 2)
        return image.crop((left, top, left + self.size, top + self.size))


def _resized(size: tuple[int, int], side: int, crop: str) -> tuple[int, int]:
    """Width and height that a picture is resized to."""
    width, height = size
    if crop == "squash":
        return side, side
    if crop == "pad":
        ratio = max(width / side, height / side)
        return max(1, round(width / ratio)), max(1, round(height / ratio))
    if width <= height:
        return side, int(side * height / width)
    return int(side * width / height), side


def _box_of_middle(
    whole: Sequence[int], resized: Sequence[int], middle: Sequence[int]
) -> tuple[float, float, float, float]:
    """The part of a picture that becomes the middle of it resized."""
    left, top = (round((long - short) / 2) for long, short in zip(resized, middle, strict=True))
    across, down = whole[0] / resized[0], whole[1] / resized[1]
    return left * across, top * down, (left + middle[0]) * across, (top + middle[1]) * down
