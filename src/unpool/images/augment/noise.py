"""Corrupt image tensors; the same image gets the same noise.

B batch, C channels, H height, W width; N patches of an image.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
import torch
from scipy.special import ndtri
from torch import Tensor

from unpool.core.rng import uniform
from unpool.core.specs import number, parse_spec
from unpool.errors import UsageError

OPTION = "--corruption"
KEYS = {"salt-pepper": ("snr", "p"), "gaussian": ("sigma", "p"), "mask": ("share", "patch", "p")}
_HIT, _PIXELS = 101, 102  # streams of unpool.core.rng, apart from those of the views


def salt_pepper(x_BCHW: Tensor, random_B1HW: Tensor, snr: float, black: Tensor, white: Tensor) -> Tensor:
    """Set a share of the pixels to black or white.

    A pixel becomes black where its number is among the lowest (1 − snr) / 2, white where it is among the highest.

    Args:
        x_BCHW: Images.
        random_B1HW: One number in [-1, 1) for each pixel, all channels together.
        snr: Share of the pixels that stay, 0..1.
        black: Broadcast over x.
        white: Broadcast over x.

    Returns:
        Images of the shape and type of x.

    >>> x, random = torch.full((1, 1, 1, 4), 0.5), torch.tensor([[[[-0.9, -0.7, 0.7, 0.9]]]])
    >>> salt_pepper(x, random, 0.8, torch.tensor(0.0), torch.tensor(1.0)).flatten().tolist()
    [0.0, 0.5, 0.5, 1.0]
    """
    peppered_BCHW = torch.where(random_B1HW < -snr, black.to(x_BCHW.dtype), x_BCHW)
    return torch.where(random_B1HW >= snr, white.to(x_BCHW.dtype), peppered_BCHW)


class Noise(Protocol):
    """A corruption of every image of a batch."""

    def __call__(self, x_BCHW: Tensor, draw: Draw, pixels: Pixels) -> Tensor:
        """Return corrupted copies of images."""


@dataclass(frozen=True)
class SaltPepper:
    """Salt-and-pepper noise on all channels together.

    A share 1 - snr of the pixels is hit, half to black and half to white.
    """

    snr: float = 0.9

    def __call__(self, x_BCHW: Tensor, draw: Draw, pixels: Pixels) -> Tensor:
        height, width = x_BCHW.shape[2:]
        random_B1HW = torch.from_numpy(draw(height * width).reshape(-1, 1, height, width))
        black_C11, white_C11 = pixels.range_like(x_BCHW)
        return salt_pepper(x_BCHW, random_B1HW.to(x_BCHW.device), self.snr, black_C11, white_C11)


@dataclass(frozen=True)
class Gaussian:
    """Normal noise on every channel, clipped to black..white.

    `sigma` is in units of the pixel range, black being 0 and white 1. The normal numbers have 65,536 levels
    and end at 4.3 sigma: looked up, they are the same in every batch and on every machine.
    """

    sigma: float = 0.1

    def __call__(self, x_BCHW: Tensor, draw: Draw, pixels: Pixels) -> Tensor:
        levels = ((draw(math.prod(x_BCHW.shape[1:])) + 1) * 32768).astype(np.uint16)
        normal_BCHW = torch.from_numpy(_normal_levels()[levels].reshape(x_BCHW.shape)).to(x_BCHW.device)
        black_C11, white_C11 = pixels.range_like(x_BCHW)
        noisy_BCHW = x_BCHW + (self.sigma * (white_C11 - black_C11) * normal_BCHW).to(x_BCHW.dtype)
        return noisy_BCHW.clamp(black_C11.to(x_BCHW.dtype), white_C11.to(x_BCHW.dtype))


@dataclass(frozen=True)
class Mask:
    """Black squares of patch × patch pixels.

    Of the N squares of a grid round(share · N) become black; those at the edge may be cut.
    """

    share: float = 0.25
    patch: int = 4

    def __call__(self, x_BCHW: Tensor, draw: Draw, pixels: Pixels) -> Tensor:
        height, width = x_BCHW.shape[2:]
        rows, columns = -(-height // self.patch), -(-width // self.patch)
        order_BN = draw(rows * columns).argsort(axis=1, kind="stable")
        hidden_BN = np.zeros(order_BN.shape, bool)
        np.put_along_axis(hidden_BN, order_BN[:, : round(self.share * rows * columns)], True, axis=1)
        hidden_Bhw = hidden_BN.reshape(-1, rows, columns).repeat(self.patch, 1).repeat(self.patch, 2)
        hidden_B1HW = torch.from_numpy(hidden_Bhw[:, None, :height, :width]).to(x_BCHW.device)
        black_C11, _ = pixels.range_like(x_BCHW)
        return torch.where(hidden_B1HW, black_C11.to(x_BCHW.dtype), x_BCHW)


@dataclass(frozen=True)
class Pixels:
    """The normalisation of images.

    Images in 0..1 become (x - mean) / std.
    `mean` and `std` hold a number per channel, or one for all.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def range_like(self, x_BCHW: Tensor) -> tuple[Tensor, Tensor]:
        """Return black and white as x has them.

        Both are (C, 1, 1) float32 on x's device.
        Raises `UsageError` where the channels do not fit.
        """
        for values in (self.mean, self.std):
            if len(values) not in (1, x_BCHW.shape[1]):
                raise UsageError(
                    f"{OPTION}: images have {x_BCHW.shape[1]} channels but mean and std "
                    f"{len(self.mean)} and {len(self.std)} numbers; give one for each channel"
                )
        mean_C11 = torch.tensor(self.mean, dtype=torch.float32).view(-1, 1, 1)
        std_C11 = torch.tensor(self.std, dtype=torch.float32).view(-1, 1, 1)
        return ((0 - mean_C11) / std_C11).to(x_BCHW.device), ((1 - mean_C11) / std_C11).to(x_BCHW.device)


@dataclass(frozen=True)
class Draw:
    """Random numbers in [-1, 1) for each image.

    They are (B, count) float32, drawn on the CPU.
    """

    index_B: np.ndarray
    seed: int
    epoch: int
    stream: int = _PIXELS

    def __call__(self, count: int) -> np.ndarray:
        return uniform(self.seed, self.epoch, self.index_B, count, self.stream)


@dataclass(frozen=True)
class Corruption:
    """A noise that hits each image with probability `p`.

    The result is a function of (seed, epoch, index) alone.
    """

    noise: Noise
    p: float
    pixels: Pixels

    def __call__(self, x_BCHW: Tensor, index_B: np.ndarray, seed: int, epoch: int) -> Tensor:
        """Return corrupted copies of floating-point images.

        They keep dtype, memory format and range. An image gets the same bits whatever the batch it is in. Source:
        Vincent et al., Extracting and Composing Robust Features with Denoising Autoencoders, ICML 2008; Stacked
        Denoising Autoencoders, JMLR 2010.
        """
        hit_B1 = Draw(index_B, seed, epoch, _HIT)(1) < 2 * self.p - 1
        hit_B111 = torch.from_numpy(hit_B1[:, :, None, None]).to(x_BCHW.device)
        corrupted_BCHW = self.noise(x_BCHW, Draw(index_B, seed, epoch), self.pixels)
        mixed_BCHW = torch.where(hit_B111, corrupted_BCHW, x_BCHW)
        if x_BCHW.is_contiguous():
            return mixed_BCHW.contiguous()
        return mixed_BCHW.contiguous(memory_format=_memory_format(x_BCHW))


def read_corruption(text: str, mean: tuple[float, ...], std: tuple[float, ...]) -> Corruption:
    """Parse a corruption such as `gaussian:sigma=0.1`.

    Args:
        text: `salt-pepper:snr=0.9,p=1`, `gaussian:sigma=0.1,p=1` or `mask:share=0.25,patch=4,p=1`; these are the
            defaults. snr, sigma, share and p are from 0 to 1, patch is a whole number of pixels.
        mean: Of the images' normalisation, 0 where they are not normalised.
        std: The same, 1 where they are not normalised.

    Returns:
        The corruption.

    Raises:
        UsageError: For another name, key or value.

    >>> corruption = read_corruption("salt-pepper:snr=0.8", (0.5,), (0.5,))
    >>> x_BCHW = torch.zeros(1, 1, 50, 50)
    >>> corruption(x_BCHW, np.array([7]), seed=0, epoch=1).unique().tolist()
    [-1.0, 0.0, 1.0]
    """
    name, values = parse_spec(OPTION, text, KEYS)
    p = _share(name, "p", values, 1)
    return Corruption(_noise(name, values), p, Pixels(tuple(mean), tuple(std)))


def _noise(name: str, values: Mapping[str, str | float]) -> Noise:
    if name == "salt-pepper":
        return SaltPepper(_share(name, "snr", values, 0.9))
    if name == "gaussian":
        return Gaussian(_share(name, "sigma", values, 0.1))
    patch = number(f"{OPTION} {name}", "patch", values.get("patch", 4), 1, 8192)
    if patch != int(patch):
        raise UsageError(f"{OPTION} {name}: patch is {patch:g}, but must be a whole number of pixels")
    return Mask(_share(name, "share", values, 0.25), int(patch))


def _share(name: str, key: str, values: Mapping[str, str | float], default: float) -> float:
    return number(f"{OPTION} {name}", key, values.get(key, default), 0, 1)


@cache
def _normal_levels() -> np.ndarray:
    """The normal distribution's quantiles in the middle of 65,536 equal shares, scaled to variance 1."""
    levels = ndtri((np.arange(65536) + 0.5) / 65536)
    scaled: np.ndarray = (levels / levels.std()).astype(np.float32)
    return scaled


def _memory_format(x_BCHW: Tensor) -> torch.memory_format:
    last = x_BCHW.is_contiguous(memory_format=torch.channels_last)
    return torch.channels_last if last else torch.contiguous_format
