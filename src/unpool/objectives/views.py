"""Two looks at one image: what a network should hold for the same thing.

B batch, C channels, H height, W width, K random numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from unpool.chance import uniform
from unpool.errors import unknown_name

NUM_RANDOM = 12
LUMINANCE = (0.299, 0.587, 0.114)  # ITU-R BT.601


@dataclass(frozen=True)
class Views:
    """How far a view may stray.

    Shift as a share of half the side, rotation in radians, scale and shear as factors around 1 and 0, contrast and
    light as shares of the pixel range, colour as the share of saturation; `mirror` the share of mirror images and
    `area` the least share of the area that a crop keeps (1: no crops).
    """

    shift: float = 0.3
    rotation: float = 0.2
    scale: float = 0.15
    shear: float = 0.2
    contrast: float = 0.2
    light: float = 0.1
    colour: float = 0.0
    mirror: float = 0.0
    area: float = 1.0

    def look(self, x_BCHW: Tensor, index_B: np.ndarray, seed: int, epoch: int, stream: int) -> Tensor:
        """One view of each image, a function of (seed, epoch, image, stream); what enters from outside
        repeats the border."""
        random_BK = torch.from_numpy(uniform(seed, epoch, index_B, NUM_RANDOM, stream)).to(x_BCHW.device)
        grid_BHW2 = F.affine_grid(self._affine(random_BK), list(x_BCHW.shape), align_corners=False)
        seen_BCHW = F.grid_sample(x_BCHW, grid_BHW2, padding_mode="border", align_corners=False)
        if self.colour and x_BCHW.shape[1] == 3:
            seen_BCHW = self._saturated(seen_BCHW, random_BK[:, 11])
        contrast_B = 1 + self.contrast * random_BK[:, 5].view(-1, 1, 1, 1)
        return seen_BCHW * contrast_B + self.light * random_BK[:, 6].view(-1, 1, 1, 1)

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


VIEWS = {
    "shift": Views(),
    "flip": Views(mirror=0.5),
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
