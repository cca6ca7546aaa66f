"""Views of one image, whose codes should be similar.

B batch, V views, C channels, H height, W width, D numbers in a feature, K random numbers.
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
WARP_STREAMS = 1_000  # streams from here on are for warps
WARP = 0.12
NUM_KNOTS = 4  # a side, of the coarse grid that a warp is drawn on
MIN_WARPED_SIDE = 4 * NUM_KNOTS  # pixels; where knots lie closer, a warp scrambles
LUMINANCE = (0.299, 0.587, 0.114)  # ITU-R BT.601


class ViewSampler(Protocol):
    """Samples views of images."""

    def sample(self, x: Tensor, index_B: np.ndarray, seed: int, epoch: int, stream: int) -> Tensor:
        """Sample one view of each image, a function of (seed, epoch, image, stream).

        Args:
            x: Images, (B, C, H, W), or features of their views, (B, V, D).
            index_B: The images' numbers.
            seed: Random seed.
            epoch: Counted from 0.
            stream: Separates several views of the same image in one epoch.

        Returns:
            (B, C, H, W) or (B, D).
        """


@dataclass(frozen=True)
class Views:
    """How far a view may differ from its image.

    Args:
        shift: Largest shift, as a share of half the side.
        rotation: Largest rotation, radians.
        scale: Largest change of scale, a factor around 1.
        shear: Largest shear, a factor around 0.
        contrast: Largest change of contrast, a share of the pixel range.
        light: Largest change of brightness, likewise.
        colour: Largest change of saturation, a share of it.
        mirror: Share of mirror images.
        area: Smallest share of the area that a crop keeps; 1 for no crops.
        warp: Smooth warp of the plane: how far the knots of a coarse grid move at most, as a share of half the
            side. Source: Simard et al. 2003, elastic distortions.
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

    def sample(self, x_BCHW: Tensor, index_B: np.ndarray, seed: int, epoch: int, stream: int) -> Tensor:
        """Sample one view of each image, a function of (seed, epoch, image, stream).

        Args:
            x_BCHW: Images; beyond their border it is repeated.
            index_B: Their numbers.
            seed: Random seed.
            epoch: Counted from 0.
            stream: Separates several views of the same image in one epoch.

        Returns:
            (B, C, H, W).
        """
        random_BK = torch.from_numpy(uniform(seed, epoch, index_B, NUM_RANDOM, stream)).to(x_BCHW.device)
        grid_BHW2 = F.affine_grid(self._affine(random_BK), list(x_BCHW.shape), align_corners=False)
        if self.warp and min(x_BCHW.shape[2:]) >= MIN_WARPED_SIDE:
            grid_BHW2 = grid_BHW2 + self._warp(index_B, (seed, epoch, stream), x_BCHW)
        view_BCHW = F.grid_sample(x_BCHW, grid_BHW2, padding_mode="border", align_corners=False)
        if self.colour and x_BCHW.shape[1] == 3:
            view_BCHW = self._change_saturation(view_BCHW, random_BK[:, 11])
        contrast_B = 1 + self.contrast * random_BK[:, 5].view(-1, 1, 1, 1)
        return view_BCHW * contrast_B + self.light * random_BK[:, 6].view(-1, 1, 1, 1)

    def _warp(self, index_B: np.ndarray, key: tuple[int, int, int], x_BCHW: Tensor) -> Tensor:
        """Compute the offsets (B, H, W, 2) of a smooth warp, added to the sampling grid."""
        seed, epoch, stream = key
        moves = uniform(seed, epoch, index_B, 2 * NUM_KNOTS * NUM_KNOTS, stream + WARP_STREAMS)
        move_B2KK = torch.from_numpy(moves).view(-1, 2, NUM_KNOTS, NUM_KNOTS).to(x_BCHW)
        warp_B2HW = F.interpolate(move_B2KK, x_BCHW.shape[2:], mode="bicubic", align_corners=True)
        return self.warp * warp_B2HW.permute(0, 2, 3, 1)

    def _affine(self, random_BK: Tensor) -> Tensor:
        angle, scale = self.rotation * random_BK[:, 0], 1 + self.scale * random_BK[:, 1]
        shear = self.shear * random_BK[:, 2]
        left, top = self.shift * random_BK[:, 3], self.shift * random_BK[:, 4]
        if self.area < 1:
            side = (1 - (1 - self.area) * (random_BK[:, 7] + 1) / 2).sqrt()
            scale = scale * side
            left, top = left + (1 - side) * random_BK[:, 8], top + (1 - side) * random_BK[:, 9]
        row_x = torch.stack([scale * angle.cos(), shear - angle.sin(), left], dim=1)
        row_y = torch.stack([angle.sin(), scale * angle.cos(), top], dim=1)
        affine_B23 = torch.stack([row_x, row_y], dim=1)
        if self.mirror:
            affine_B23[(random_BK[:, 10] + 1) / 2 < self.mirror, :, 0] *= -1
        return affine_B23

    def _change_saturation(self, x_B3HW: Tensor, random_B: Tensor) -> Tensor:
        weight_3 = x_B3HW.new_tensor(LUMINANCE).view(1, 3, 1, 1)
        grey_B1HW = (x_B3HW * weight_3).sum(dim=1, keepdim=True)
        return torch.lerp(grey_B1HW, x_B3HW, 1 + self.colour * random_B.view(-1, 1, 1, 1))


class PrecomputedViews:
    """Views computed beforehand: one row of each image.

    The second stream shows another row than the first.

    Args:
        num_neighbours: The last so many rows are views of similar images, and the second stream shows one of those:
            what is learnt is that neighbours agree.
    """

    def __init__(self, num_neighbours: int = 0) -> None:
        self.num_neighbours = num_neighbours

    def sample(self, x_BVD: Tensor, index_B: np.ndarray, seed: int, epoch: int, stream: int) -> Tensor:
        """Sample one row of each image, a function of (seed, epoch, image, stream).

        Args:
            x_BVD: Features of the views of each image.
            index_B: The images' numbers.
            seed: Random seed.
            epoch: Counted from 0.
            stream: 0, or 1 for the other view.

        Returns:
            (B, D).
        """
        num_own = x_BVD.shape[1] - self.num_neighbours
        share_B2 = (uniform(seed, epoch, index_B, 2).astype(np.float64) + 1) / 2
        row_B = (share_B2[:, 0] * num_own).astype(np.int64)
        if stream and self.num_neighbours:
            row_B = num_own + (share_B2[:, 1] * self.num_neighbours).astype(np.int64)
        elif stream:
            row_B = (row_B + 1 + (share_B2[:, 1] * (num_own - 1)).astype(np.int64)) % num_own
        picked_B = torch.from_numpy(row_B).to(x_BVD.device)
        return x_BVD[torch.arange(len(x_BVD), device=x_BVD.device), picked_B]


VIEWS = {
    "shift": Views(warp=WARP),
    "flip": Views(warp=WARP, mirror=0.5),
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


def find_views(name: str | None) -> Views:
    """Look up views by name; None finds those named "shift".

    Raises:
        UsageError: no views have this name.

    >>> find_views(None).mirror, find_views("photo").mirror
    (0.0, 0.5)
    """
    if name is None:
        return VIEWS["shift"]
    if name not in VIEWS:
        raise unknown_name("--augment of views", name, VIEWS)
    return VIEWS[name]


def resolve_views(views: str | ViewSampler | None) -> ViewSampler:
    """Look up views by name; return samplers unchanged."""
    return find_views(views) if views is None or isinstance(views, str) else views
