"""Maps of features of a picture, at several scales.

B pictures, S side, C channels of a map, h, w of a map.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unpool.errors import UnpoolError
from unpool.networks.layers.evaluation import evaluating
from unpool.networks.preprocessing import Preprocessing
from unpool.networks.segmentation.pyramid import Pyramid, list_in_sequence, record_outputs

SHARES = (
    1.0,
    0.625,
    0.375,
)  # of the side, at which a picture is seen: one sees spots, another the whole part
FINEST = 4.0  # the stride of the finest maps
DEEP = 16  # the stride from which on maps see texture and parts rather than edges
MIN_SIDE = 64  # of the smallest scale, pixels
MIN_CELLS = 2  # of a map's side
STEP = 32  # scales are multiples of it
SHADES = (4, 16, 32)  # strides of the maps of colours
GREY = 0.47  # mean that pictures are brought to, where their brightness varies


@dataclass(frozen=True)
class LevelName:
    """A map: side of the picture seen, and stride, pixels.

    A side of 0 stands for the colours themselves, without a network.
    """

    side: int
    stride: int

    def __str__(self) -> str:
        return f"{self.side}/{self.stride}" if self.side else f"colours/{self.stride}"

    @property
    def is_deep(self) -> bool:
        """Whether it counts on every material."""
        return self.side > 0 and self.stride >= DEEP


class PatchLevels(nn.Module):
    """Pictures (B, S, S, 3) uint8 → maps (B, C, h, w), averaged over 3 × 3 cells.

    Source: Roth et al. 2022, Towards Total Recall in Industrial Anomaly Detection, section 3.1 (arXiv:2106.08265).
    Here levels are kept apart, as what counts differs between materials, pictures are seen at several sizes, and of
    the deepest stride the first map is taken, as later ones say what an object is rather than how it looks.

    Args:
        encoder: Convolutions alone.
        preprocessing: How the encoder takes pixels.
        size: Side of the pictures, pixels.
        evens: Bring pictures to one mean brightness first.

    Raises:
        UnpoolError: the encoder gives no maps, or takes one size alone.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, encoder: nn.Module, preprocessing: Preprocessing, size: int, *, evens: bool = False
    ) -> None:
        super().__init__()
        self.encoder, self.channels = encoder, preprocessing.channels
        self.size, self.evens = size, evens
        self.register_buffer("mean", torch.tensor(preprocessing.mean).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(preprocessing.std).view(1, -1, 1, 1))
        self.sides = scale_sides(size)
        for side in self.sides[1:]:
            self.register_buffer(f"to_{side}", torch.from_numpy(resampling_matrix(size, side)))
        self.modules_of = _find_modules(encoder, self.channels, size)
        self.names = [
            *(LevelName(side, stride) for side, stride in self._sizes() if self._has(side, stride)),
            *(LevelName(0, stride) for stride in SHADES if size // stride >= MIN_CELLS),
        ]

    def _sizes(self) -> list[tuple[int, int]]:
        return [(side, stride) for side in self.sides for stride in self.modules_of]

    def _has(self, side: int, stride: int) -> bool:
        return side // stride >= MIN_CELLS and (side == self.size or stride > FINEST)

    def forward(self, pixels_BSS3: Tensor) -> list[Tensor]:
        """Compute the maps, in the order of `names`."""
        x_BCSS = pixels_BSS3.permute(0, 3, 1, 2).to(torch.float32) / 255
        shades = [describe_colours(x_BCSS, name.stride) for name in self.names if name.side == 0]
        if self.channels == 1:
            x_BCSS = x_BCSS.mean(1, keepdim=True)
        if self.evens:
            x_BCSS = (x_BCSS * (GREY / (x_BCSS.mean((1, 2, 3), keepdim=True) + 0.004))).clamp(max=1.0)
        x_BCSS = (x_BCSS - self.mean) / self.std
        maps = []
        for side in self.sides:
            scaled = x_BCSS
            if side != self.size:
                matrix_TS = getattr(self, f"to_{side}")
                scaled = matrix_TS @ x_BCSS @ matrix_TS.T
            with record_outputs(self.encoder, self.modules_of.values()) as found:
                self.encoder(scaled)
            maps += [
                average_neighbours(found[module])
                for stride, module in self.modules_of.items()
                if self._has(side, stride)
            ]
        return [*maps, *shades]


def _find_modules(encoder: nn.Module, channels: int, size: int) -> dict[int, str]:
    """The module whose output is taken, for each stride from 4 on: the last, but of the deepest the first."""
    pyramid = Pyramid(encoder, channels, size, FINEST)
    names = list(dict.fromkeys([*list_in_sequence(encoder, "", is_root=True), *_stages(encoder)]))
    parameter = next(encoder.parameters())
    with evaluating(encoder), torch.no_grad(), record_outputs(encoder, names) as found:
        encoder(parameter.new_zeros(1, channels, size, size))
    taken = {round(level.reduction): level.module for level in pyramid.levels if level.module}
    deepest = max(round(level.reduction) for level in pyramid.levels)
    for name, output in found.items():
        is_map = output.ndim == 4 and output.shape[2] >= 1
        if is_map and round(size / output.shape[2]) == deepest:
            taken[deepest] = name
            break
    modules = {stride: taken[stride] for stride in sorted(taken) if stride >= FINEST}
    if not modules:
        raise UnpoolError(
            f"{type(encoder).__name__} gives no maps of a stride of 4 or more; name another with --network"
        )
    return modules


def _stages(encoder: nn.Module) -> list[str]:
    """The blocks that timm lists, one name a stage."""
    body = getattr(encoder, "body", None)
    blocks = getattr(body, "blocks", None)
    if not isinstance(blocks, nn.Sequential):
        return []
    return [f"body.blocks.{name}" for name, _ in blocks.named_children()]


def scale_sides(size: int) -> list[int]:
    """List the sides of the scales, largest first.

    >>> scale_sides(256), scale_sides(64)
    ([256, 160, 96], [64])
    """
    sides = {max(MIN_SIDE, round(size * share / STEP) * STEP) for share in SHARES[1:]}
    return [size, *sorted((side for side in sides if side < size), reverse=True)]


def average_neighbours(map_BChw: Tensor) -> Tensor:
    """Average each cell with its eight neighbours."""
    return F.avg_pool2d(F.pad(map_BChw, (1, 1, 1, 1), mode="replicate"), 3, 1)


def describe_colours(x_BCSS: Tensor, stride: int) -> Tensor:
    """Describe windows of colours, each of twice the stride.

    A faint stain shows there alone.

    Returns:
        (B, 2C, h, w): the mean, less that of the picture, and the spread.
    """
    centred = x_BCSS - x_BCSS.mean((2, 3), keepdim=True)
    mean, square = average_windows(centred, stride), average_windows(centred * centred, stride)
    return torch.cat([mean, ((square - mean * mean).clamp(min=0) + 1e-6).sqrt()], 1)


def average_windows(x_BCSS: Tensor, stride: int) -> Tensor:
    """Average windows of twice the stride, mirrored at borders.

    Blocks of the stride first, then four of them: each pixel is read once, not four times.
    """
    padded = F.pad(x_BCSS, (stride // 2,) * 4, mode="reflect")
    return F.avg_pool2d(F.avg_pool2d(padded, stride), 2, 1)


def resampling_matrix(size: int, side: int) -> np.ndarray:
    """Build the matrix (T, S) that shrinks rows of pixels.

    By overlapping triangles.

    Each row of it sums to one.
    """
    scale = size / side
    centre_T1 = (np.arange(side)[:, None] + 0.5) * scale
    distance_TS = np.abs(np.arange(size)[None] + 0.5 - centre_T1) / max(scale, 1.0)
    weight_TS = np.maximum(0.0, 1.0 - distance_TS)
    matrix: np.ndarray = (weight_TS / weight_TS.sum(1, keepdims=True)).astype(np.float32)
    return matrix
