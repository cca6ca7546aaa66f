"""Preprocessing: pixels to the input of a network.

Free of torch, since ONNX Runtime needs no more.

S side of the input, C channels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np

from unpool.images.exact_fit import ExactFit
from unpool.images.pixel_cache import Channels, Crop
from unpool.images.reading.decode import Picture
from unpool.images.reading.notes import Note
from unpool.images.resizing import luma, num_strips, shrink, square

WHOLE = 2**20  # pixels of a side, above that of any picture that can be read
MIN_SHARE = 0.5  # of a picture that is seen, below which its note says so


@dataclass(frozen=True)
class Preprocessing:
    """A square of pixels, normalised: x = (pixels / 255 - mean) / std.

    Args:
        size: Side of the square, pixels.
        channels: 1 (grey) or 3 (colour).
        mean: Subtracted from pixels in 0..1, one number per channel.
        std: What pixels are then divided by, one number per channel.
        interpolation: How images are resized; without `exact` kept for other tools, as `square` is always bicubic.
        crop: `centre` cuts the largest square from the middle, or strips from end to end of a picture beyond 5:2;
            `squash` keeps the whole picture; `none` leaves it as it is, in colour, with a longer side of at most
            `size`; `pad`, with `exact` alone, keeps the whole picture and its aspect.
        exact: Pictures are read whole, and fitted as the weights' own transform does, without strips.
        crop_ratio: With `exact` the side of the square to the side that is resized to; timm's `crop_pct`.
        fill: Of the border of `pad`, 0..255 for each channel.
    """

    size: int = 32
    channels: int = 3
    mean: tuple[float, ...] = (0.5, 0.5, 0.5)
    std: tuple[float, ...] = (0.5, 0.5, 0.5)
    interpolation: str = "bicubic"
    crop: str = "centre"
    exact: bool = False
    crop_ratio: float = 1.0
    fill: tuple[int, ...] = (0, 0, 0)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Preprocessing:
        """Read what model.json holds under `preprocessing`.

        >>> Preprocessing.from_dict({"size": 8, "channels": 1, "mean": [0.5], "std": [0.5]}).mean
        (0.5,)
        """
        lists = {key: tuple(stored[key]) for key in ("mean", "std")}
        return cls(**{**stored, **lists, "fill": tuple(stored.get("fill", cls.fill))})

    @property
    def needed_side(self) -> int:
        """The side in pixels that pictures are read at.

        They may come reduced, but not below it.
        """
        return WHOLE if self.exact else self.size

    def fit(self, picture: Picture) -> np.ndarray:
        """Resize and crop a picture to the network's input, (S, S, C) uint8.

        Without a crop it is (H, W, 3).
        """
        if self.exact:
            fitted = self._exact_fit().fit(picture.pixels)
            return luma(fitted) if self.channels == 1 else fitted
        if self.crop == "none":
            return _in_colour(shrink(picture.pixels, self.size))
        return square(
            picture.pixels, self.size, crop=cast(Crop, self.crop), channels=cast(Channels, self.channels)
        )

    def notes(self, picture: Picture) -> tuple[Note, ...]:
        """Say what was assumed or left out.

        By the reader of a picture, and by `fit`.
        """
        if self.crop == "none" and max(picture.width, picture.height) > self.size:
            return (*picture.notes, Note("reduced", f"from {picture.width} × {picture.height} pixels"))
        if self.exact:
            share = self._exact_fit().share(picture.width, picture.height)
            if share >= MIN_SHARE:
                return picture.notes
            return (
                *picture.notes,
                Note("middle", f"{picture.width} × {picture.height} pixels, {share:.0%} seen"),
            )
        strips = num_strips(picture.pixels.shape[1], picture.pixels.shape[0])
        if self.crop != "centre" or strips == 1:
            return picture.notes
        return (
            *picture.notes,
            Note("strips", f"{picture.width} × {picture.height} pixels in {strips} strips"),
        )

    def _exact_fit(self) -> ExactFit:
        return ExactFit(
            self.size, cast(Literal["centre", "squash", "pad"], self.crop), self.crop_ratio, self.interpolation,
            self.fill,
        )  # fmt: skip


def stack(images: Sequence[np.ndarray], preprocessing: Preprocessing) -> np.ndarray:
    """Stack images as a network takes them.

    Args:
        images: As `Preprocessing.fit` gives them.
        preprocessing: That gave them.

    Returns:
        (B, S, S, C) uint8; without a crop (B,) of arrays, each with its own size.
    """
    if preprocessing.crop == "none":
        stacked = np.empty(len(images), object)
        for number, image in enumerate(images):
            stacked[number] = image
        return stacked
    if not images:
        return np.zeros((0, preprocessing.size, preprocessing.size, preprocessing.channels), np.uint8)
    return np.stack(images)


def _in_colour(pixels: np.ndarray) -> np.ndarray:
    return pixels if pixels.shape[-1] == 3 else np.repeat(pixels, 3, axis=-1)
