"""Maps of what an autoencoder cannot restore, at several scales.

B pictures, S side, C channels of a map, h, w of a map.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from unpool.inference.inspection.levels import (
    GREY,
    MIN_CELLS,
    SHADES,
    LevelName,
    average_windows,
    describe_colours,
)
from unpool.networks.autoencoder import Autoencoder

STRIDES = (4, 8, 16, 32)


@dataclass(frozen=True)
class ErrorName(LevelName):
    """Which map of errors, by its stride."""

    def __str__(self) -> str:
        return f"error/{self.stride}"


class MirrorLevels(nn.Module):
    """Pictures (B, S, S, 3) uint8 → maps (B, C, h, w) of the error of their reconstruction.

    The decoder gets the code alone, no pooling indices: through those a defect would pass unseen (Zeiler and Fergus
    2014 use them to show what a code holds). Maps of colours follow, as a faint stain is restored well.

    Args:
        network: Convolutions alone, so that it takes every size; three channels.
        size: Side of the pictures, pixels.
        evens: Bring pictures to one mean brightness first.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, network: Autoencoder, size: int, *, evens: bool = False) -> None:
        super().__init__()
        self.network, self.size, self.evens = network, size, evens
        self.register_buffer("mean", torch.tensor(network.mean).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(network.std).view(1, -1, 1, 1))
        self.names: list[LevelName] = [
            *(ErrorName(size, stride) for stride in STRIDES if size // stride >= MIN_CELLS),
            *(LevelName(0, stride) for stride in SHADES if size // stride >= MIN_CELLS),
        ]

    def forward(self, pixels_BSS3: Tensor) -> list[Tensor]:
        """Compute the maps, in the order of `names`."""
        x_B3SS = pixels_BSS3.permute(0, 3, 1, 2).to(torch.float32) / 255
        error_B3SS = self.find_error(x_B3SS)
        return [
            describe_errors(error_B3SS, name.stride) if name.side else describe_colours(x_B3SS, name.stride)
            for name in self.names
        ]

    def find_error(self, x_B3SS: Tensor) -> Tensor:
        """Subtract pictures from their reconstruction, both 0 to 1."""
        if self.evens:
            x_B3SS = even_out(x_B3SS)
        normalised_B3SS = (x_B3SS - self.mean) / self.std
        code = self.network.encoder(normalised_B3SS)
        restored_B3SS: Tensor = self.network.decode(code, size=(self.size, self.size))
        return (restored_B3SS - normalised_B3SS) * self.std


def even_out(x_B3SS: Tensor) -> Tensor:
    """Bring pictures of 0 to 1 to one mean brightness."""
    return (x_B3SS * (GREY / (x_B3SS.mean((1, 2, 3), keepdim=True) + 0.004))).clamp(max=1.0)


def describe_errors(error_B3SS: Tensor, stride: int) -> Tensor:
    """Describe windows of errors, each of twice the stride.

    Returns:
        (B, 6, h, w): the mean, positive where the picture is too dark, and the root of the mean square.
    """
    mean, square = average_windows(error_B3SS, stride), average_windows(error_B3SS * error_B3SS, stride)
    return torch.cat([mean, (square + 1e-6).sqrt()], 1)
