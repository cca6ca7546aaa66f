"""Preprocessing: pixels to the input of a network.

Free of torch, since ONNX Runtime needs no more.

S side of the input, C channels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from unpool.images.pixel_cache import Channels, Crop
from unpool.images.reading.decode import Picture
from unpool.images.reading.notes import Note
from unpool.images.resizing import num_strips, square


@dataclass(frozen=True)
class Preprocessing:
    """A square of pixels, normalised: x = (pixels / 255 - mean) / std.

    Args:
        size: Side of the square, pixels.
        channels: 1 (grey) or 3 (colour).
        mean: Subtracted from pixels in 0..1, one number per channel.
        std: What pixels are then divided by, one number per channel.
        interpolation: How images are resized; kept for other tools, as `square` is always bicubic.
        crop: `centre` cuts the largest square from the middle, or strips from end to end of a picture beyond 5:2;
            `squash` keeps the whole picture.
    """

    size: int = 32
    channels: int = 3
    mean: tuple[float, ...] = (0.5, 0.5, 0.5)
    std: tuple[float, ...] = (0.5, 0.5, 0.5)
    interpolation: str = "bicubic"
    crop: str = "centre"

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Preprocessing:
        """Read what model.json holds under `preprocessing`.

        >>> Preprocessing.from_dict({"size": 8, "channels": 1, "mean": [0.5], "std": [0.5]}).mean
        (0.5,)
        """
        return cls(**{**stored, **{key: tuple(stored[key]) for key in ("mean", "std")}})

    def fit(self, picture: Picture) -> np.ndarray:
        """Resize and crop a picture to the network's input, (S, S, C) uint8."""
        return square(
            picture.pixels, self.size, crop=cast(Crop, self.crop), channels=cast(Channels, self.channels)
        )

    def notes(self, picture: Picture) -> tuple[Note, ...]:
        """Say what was assumed or left out.

        By the reader of a picture, and by `fit`.
        """
        strips = num_strips(picture.pixels.shape[1], picture.pixels.shape[0])
        if self.crop != "centre" or strips == 1:
            return picture.notes
        return (
            *picture.notes,
            Note("strips", f"{picture.width} × {picture.height} pixels in {strips} strips"),
        )
