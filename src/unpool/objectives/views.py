"""Two looks at one image: what a network should hold for the same thing.

B batch, C channels, H height, W width, K random numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from unpool.core.rng import uniform
from unpool.errors import unknown_name

NUM_RANDOM = 12
WARPED = 1_000  # streams from here on are for warps
BENT = 0.12
KNOTS = 4  # a side, of the coarse grid that a warp is drawn on
SMALLEST_BENT = 4 * KNOTS  # pixels a side; where knots lie closer, a warp scrambles
LUMINANCE = (0.299, 0.587, 0.114)  # ITU-R BT.601


class ViewSampler(Protocol):
    """Whatever shows one image in several ways."""

    def look(self, x: Tensor, index_B: np.ndarray, seed: int, epoch: int, stream: int) -> Tensor: ...


@dataclass(frozen=True)
class Views:
    """How far a view may stray.

    Shift as a share of half the side, rotation in radians, scale and shear as factors around 1 and 0, contrast and
    light as shares of the pixel range, colour as the share of saturation; `mirror` the share of mirror images and
    `area` the least share of the area that a crop keeps (1: no crops). `warp` bends the plane smoothly: how far
    the knots of a coarse grid move at most, as a share of half the side (Simard et al. 2003, elastic distortions).
    """

    shift: float = 0.25
    rotation: float = 0.3
    scale: float = 0.2
    shear: float = 0.3
    contrast: float = 0.2
    light: float = 0.1
    colour: float = 0.0
    mirror: float = 0.0
    area: float = 1.0
    warp: float = 0.0

    def look(self, x_BCHW: Tensor, index_B: np.ndarray, seed: int, epoch: int, stream: int) -> Tensor:
        """One view of each image, a function of (seed, epoch, image, stream); what enters from outside
        repeats the border."""
        random_BK = torch.from_numpy(uniform(seed, epoch, index_B, NUM_RANDOM, stream)).to(x_BCHW.device)
        grid_BHW2 = F.affine_grid(self._affine(random_BK), list(x_BCHW.shape), align_corners=False)
        if self.warp and min(x_BCHW.shape[2:]) >= SMALLEST_BENT:
            grid_BHW2 = grid_BHW2 + self._bend(index_B, (seed, epoch, stream), x_BCHW)
        seen_BCHW = F.grid_sample(x_BCHW, grid_BHW2, padding_mode="border", align_corners=False)
        if self.colour and x_BCHW.shape[1] == 3:
            seen_BCHW = self._saturated(seen_BCHW, random_BK[:, 11])
        contrast_B = 1 + self.contrast * random_BK[:, 5].view(-1, 1, 1, 1)
        return seen_BCHW * contrast_B + self.light * random_BK[:, 6].view(-1, 1, 1, 1)

    def _bend(self, index_B: np.ndarray, key: tuple[int, int, int], x_BCHW: Tensor) -> Tensor:
        """(B, H, W, 2), what a smooth warp adds to where each pixel is looked up."""
        seed, epoch, stream = key
        moves = uniform(seed, epoch, index_B, 2 * KNOTS * KNOTS, stream + WARPED)
        move_B2KK = torch.from_numpy(moves).view(-1, 2, KNOTS, KNOTS).to(x_BCHW)
        bent_B2HW = F.interpolate(move_B2KK, x_BCHW.shape[2:], mode="bicubic", align_corners=True)
        return self.warp * bent_B2HW.permute(0, 2, 3, 1)

    def _affine(self, random_BK: Tensor) -> Tensor:
        turn, scale = self.rotation * random_BK[:, 0], 1 + self.scale * random_BK[:, 1]
        shear = self.shear * random_BK[:, 2]
        left, top = self.shift * random_BK[:, 3], self.shift * random_BK[:, 4]
        if self.area < 1:
            side = (1 - (1 - self.area) * (random_BK[:, 7] + 1) / 2).sqrt()
            scale = scale * side
            left, top = left + (1 - side) * random_BK[:, 8], top + (1 - side) * random_BK[:, 9]
        row_x = torch.stack([scale * turn.cos(), shear - turn.sin(), left], dim=1)
        row_y = torch.stack([turn.sin(), scale * turn.cos(), top], dim=1)
        affine_B23 = torch.stack([row_x, row_y], dim=1)
        if self.mirror:
            affine_B23[(random_BK[:, 10] + 1) / 2 < self.mirror, :, 0] *= -1
        return affine_B23

    def _saturated(self, x_B3HW: Tensor, random_B: Tensor) -> Tensor:
        weight_3 = x_B3HW.new_tensor(LUMINANCE).view(1, 3, 1, 1)
        grey_B1HW = (x_B3HW * weight_3).sum(dim=1, keepdim=True)
        return torch.lerp(grey_B1HW, x_B3HW, 1 + self.colour * random_B.view(-1, 1, 1, 1))


class PrecomputedViews:
    """Views that were made before: of V rows (B, V, D) of each image one, another for each of two streams.

    With `num_alike` = K the last K rows are views of other images that are like this one, and the second stream
    shows one of those: what is learnt is that neighbours agree.
    """

    def __init__(self, num_alike: int = 0) -> None:
        self.num_alike = num_alike

    def look(self, x_BVD: Tensor, index_B: np.ndarray, seed: int, epoch: int, stream: int) -> Tensor:
        """One row of each image, (B, D), a function of (seed, epoch, image, stream)."""
        num_own = x_BVD.shape[1] - self.num_alike
        chance_B2 = (uniform(seed, epoch, index_B, 2).astype(np.float64) + 1) / 2
        which_B = (chance_B2[:, 0] * num_own).astype(np.int64)
        if stream and self.num_alike:
            which_B = num_own + (chance_B2[:, 1] * self.num_alike).astype(np.int64)
        elif stream:
            which_B = (which_B + 1 + (chance_B2[:, 1] * (num_own - 1)).astype(np.int64)) % num_own
        picked_B = torch.from_numpy(which_B).to(x_BVD.device)
        return x_BVD[torch.arange(len(x_BVD), device=x_BVD.device), picked_B]


VIEWS = {
    "shift": Views(warp=BENT),
    "flip": Views(warp=BENT, mirror=0.5),
    "crops": Views(shift=0.0, rotation=0.0, scale=0.0, shear=0.0, mirror=0.5, area=0.4),
    "photo": Views(
        shift=0.0,
        rotation=0.1,
        scale=0.0,
        shear=0.1,
        contrast=0.4,
        light=0.3,
        colour=0.6,
        mirror=0.5,
        area=0.4,
    ),
}
"""By the names of `--augment`: `shift` holds no mirror images, as a mirrored digit, letter or shell is another."""


def views_named(name: str | None) -> Views:
    """The views of that name, by default the safe ones; raises `UsageError` for another.

    >>> views_named(None).mirror, views_named("photo").mirror
    (0.0, 0.5)
    """
    if name is None:
        return VIEWS["shift"]
    if name not in VIEWS:
        raise unknown_name("--augment of views", name, VIEWS)
    return VIEWS[name]
