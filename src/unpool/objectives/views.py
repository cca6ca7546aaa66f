"""Two looks at one image: what a network should hold for the same thing.

B batch, C channels, H height, W width.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from unpool.chance import uniform


@dataclass(frozen=True)
class Views:
    """How far a view may stray. No mirror images: for digits, letters and shells a mirrored one is another.

    Shift as a share of half the side, rotation in radians, scale and shear as factors around 1 and 0,
    light and contrast as shares of the pixel range.
    """

    shift: float = 0.3
    rotation: float = 0.2
    scale: float = 0.15
    shear: float = 0.2
    contrast: float = 0.2
    light: float = 0.1

    def look(self, x_BCHW: Tensor, index_B: np.ndarray, seed: int, epoch: int, stream: int) -> Tensor:
        """One view of each image, a function of (seed, epoch, image, stream); what enters from outside
        repeats the border."""
        random_BK = torch.from_numpy(uniform(seed, epoch, index_B, 7, stream)).to(x_BCHW.device)
        grid_BHW2 = F.affine_grid(self._affine(random_BK), list(x_BCHW.shape), align_corners=False)
        moved_BCHW = F.grid_sample(x_BCHW, grid_BHW2, padding_mode="border", align_corners=False)
        contrast_B = 1 + self.contrast * random_BK[:, 5].view(-1, 1, 1, 1)
        return moved_BCHW * contrast_B + self.light * random_BK[:, 6].view(-1, 1, 1, 1)

    def _affine(self, random_BK: Tensor) -> Tensor:
        turn, scale = self.rotation * random_BK[:, 0], 1 + self.scale * random_BK[:, 1]
        shear = self.shear * random_BK[:, 2]
        row_x = torch.stack([scale * turn.cos(), shear - turn.sin(), self.shift * random_BK[:, 3]], dim=1)
        row_y = torch.stack([turn.sin(), scale * turn.cos(), self.shift * random_BK[:, 4]], dim=1)
        return torch.stack([row_x, row_y], dim=1)
