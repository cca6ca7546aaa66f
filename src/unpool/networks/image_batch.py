"""Paths, pictures and arrays as input of a network.

B images in a batch, C channels, S side of the network's input, H and W of a whole image.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeAlias, TypeVar, cast

import numpy as np
import torch
from torch import Tensor, nn

from unpool.errors import UsageError
from unpool.images.reading.in_memory import ImageLike, list_images, read_any
from unpool.images.values.rules import ValueRules
from unpool.networks.layers.evaluation import evaluating
from unpool.networks.preprocessing import Preprocessing

BATCH = 32  # images that are computed at a time

Images: TypeAlias = Tensor | ImageLike | Iterable[ImageLike]


class TakesImages(Protocol):
    """A network that knows how its images are prepared."""

    preprocessing: Preprocessing
    rules: ValueRules


N = TypeVar("N", bound=TakesImages)


def takes_images(compute: Callable[[N, Tensor], Tensor]) -> Callable[[N, Images], Tensor]:
    """Let a method take paths, pictures and arrays.

    A tensor of floats goes through as it is. All else is read, resized and normalised, and computed in evaluation
    mode without gradients, a row for each image.

    Args:
        compute: a method of a network, from tensors (B, C, H, W) to tensors (B, …).
    """

    @functools.wraps(compute)
    def call(network: N, images: Images) -> Tensor:
        if isinstance(images, Tensor) and images.is_floating_point():
            return compute(network, images)
        module = cast(nn.Module, network)
        like = next(module.parameters())
        with evaluating(module):
            batches = image_batches(images, network.preprocessing, network.rules)
            return torch.cat([compute(network, x_BCSS.to(like)) for x_BCSS in batches])

    return call


def image_batches(images: Images, preprocessing: Preprocessing, rules: ValueRules) -> Iterator[Tensor]:
    """Read images, resize them and normalise them.

    Args:
        images: one or several.
        preprocessing: of the network.
        rules: by which more than 8 bits per value are scaled.

    Yields:
        Tensors (B, C, S, S) float32.

    Raises:
        UsageError: for what is no image, and for tensors of floats, which may be normalised or not.
    """
    listed = list_images(images)
    for start in range(0, len(listed), BATCH):
        pixels = [_fit(image, preprocessing, rules) for image in listed[start : start + BATCH]]
        yield normalise(torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2), preprocessing)


def _fit(image: ImageLike, preprocessing: Preprocessing, rules: ValueRules) -> np.ndarray:
    if isinstance(image, Tensor) and image.is_floating_point():
        raise UsageError(
            f"a tensor of floats {tuple(image.shape)} among images may be normalised or not; give uint8, an array of "
            "floats from 0 to 1, or one tensor (B, C, H, W) that is normalised"
        )
    return preprocessing.fit(read_any(image, min_side=preprocessing.needed_side, rules=rules))


def whole_image(image: ImageLike, preprocessing: Preprocessing, rules: ValueRules) -> Tensor:
    """Read an image at its own size.

    Args:
        image: one image.
        preprocessing: of the network: its channels and how pixels are normalised.
        rules: by which more than 8 bits per value are scaled.

    Returns:
        A tensor (1, C, H, W) float32, normalised.
    """
    return normalise(whole_pixels(image, preprocessing.channels, rules)[None], preprocessing)


def whole_pixels(image: ImageLike, channels: int, rules: ValueRules) -> Tensor:
    """Read the pixels of an image at its own size.

    Args:
        image: one image.
        channels: 1 or 3; an image without colour keeps its values.
        rules: by which more than 8 bits per value are scaled.

    Returns:
        A tensor (C, H, W) uint8.
    """
    from torchvision.transforms.functional import rgb_to_grayscale  # it loads for seconds

    picture = read_any(image, rules=rules)
    x_CHW = torch.from_numpy(picture.pixels.copy()).permute(2, 0, 1)
    if channels == 1:
        return x_CHW[:1] if picture.grey else rgb_to_grayscale(x_CHW)
    return x_CHW


def normalise(x_BCHW: Tensor, preprocessing: Preprocessing) -> Tensor:
    """Normalise pixels 0 to 255 of each channel, (B, C, H, W)."""
    mean, std = (torch.tensor(each).view(-1, 1, 1) for each in (preprocessing.mean, preprocessing.std))
    return (x_BCHW / 255 - mean) / std


def describe_input(preprocessing: Preprocessing, size: str) -> str:
    """Say what images a network takes.

    Args:
        preprocessing: of the network.
        size: what sides its images have.

    >>> describe_input(Preprocessing(8, 1, (0.5,), (0.25,)), "8 × 8 pixels")
    'takes images of 8 × 8 pixels, 1 channel; as tensors (pixels / 255 - 0.5) / 0.25'
    """
    channels = preprocessing.channels
    mean, std = (_numbers(each) for each in (preprocessing.mean, preprocessing.std))
    noun = "channel" if channels == 1 else "channels"
    return f"takes images of {size}, {channels} {noun}; as tensors (pixels / 255 - {mean}) / {std}"


def _numbers(values: tuple[float, ...]) -> str:
    """Numbers of the channels, one where all are the same."""
    shown = [f"{value:g}" for value in values]
    return shown[0] if len(set(shown)) == 1 else f"({', '.join(shown)})"
