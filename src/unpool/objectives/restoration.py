"""Restoration: a damaged picture should become the good one.

B batch, C channels, H height, W width; N pictures, S their side, T side of a crop.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from unpool.images.augment.made_defects import make_defect
from unpool.images.augment.noise import read_corruption
from unpool.objectives.base import Objective
from unpool.objectives.losses.registry import pixel_range
from unpool.objectives.reconstruction import DEFAULT_LOSS, reconstruction_loss

MAX_DEFECTS = 3  # defects on a crop; one crop in four has none
CORRUPTION = "salt-pepper:snr=0.98,p=0.5"


class Restoration(Objective):
    """The output for a damaged crop against the clean one.

    Crops, defects and noise depend on seed, epoch and picture alone.

    Args:
        pictures_NSS3: Good pictures, uint8, which crops are taken of; the batches name them by index.
        side: Of the crops, pixels.
        mean: How the network takes pixels.
        std: Likewise.
        kinds: Of made defects, of which up to three are put on a crop.
        seed: Random seed.
        architecture: The network's name, for errors.

    Source: denoising autoencoders (Vincent et al. 2010) with the defects of CutPaste and DRAEM as noise.
    """

    def __init__(
        self,
        pictures_NSS3: Sequence[np.ndarray] | np.ndarray,
        side: int,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        kinds: Sequence[str],
        *,
        seed: int = 0,
        architecture: str = "the network",
    ) -> None:
        super().__init__()
        self.pictures_NSS3, self.side, self.seed = pictures_NSS3, side, seed
        self.mean, self.std, self.kinds = mean, std, list(kinds)
        self.corruption = read_corruption(CORRUPTION, mean, std)
        low, high = pixel_range(mean, std)
        self._loss = reconstruction_loss(DEFAULT_LOSS, low=low, high=high, architecture=architecture)

    def forward(self, network: nn.Module, x_BCHW: Tensor, index_B: np.ndarray, epoch: int) -> Tensor:
        """Compute the mean loss of a batch.

        Args:
            network: Called with the damaged crops.
            x_BCHW: Its device alone counts: crops are cut from the pictures themselves.
            index_B: Numbers of the pictures.
            epoch: Each epoch has other crops and defects.

        Returns:
            A scalar.
        """
        clean_BTT3, damaged_BTT3 = self.draw(index_B, epoch)
        clean_BCTT = self._normalise(clean_BTT3).to(x_BCHW.device)
        damaged_BCTT = self._normalise(damaged_BTT3).to(x_BCHW.device)
        damaged_BCTT = self.corruption(damaged_BCTT, index_B, self.seed, epoch)
        return self._loss(network(damaged_BCTT), clean_BCTT)

    def draw(self, index_B: np.ndarray, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw a crop of each picture, clean and with defects.

        Args:
            index_B: Numbers of the pictures.
            epoch: Each has others.

        Returns:
            Both (B, T, T, 3) uint8.
        """
        clean, damaged = [], []
        for index in index_B:
            rng = np.random.default_rng([self.seed, epoch, int(index)])
            crop = self._crop(int(index), rng)
            clean.append(crop)
            for kind in rng.choice(self.kinds, rng.integers(0, MAX_DEFECTS + 1)):
                other = self._crop(int(rng.integers(len(self.pictures_NSS3))), rng)
                crop = make_defect(crop, str(kind), rng, [other])
            damaged.append(crop)
        return np.stack(clean), np.stack(damaged)

    def _crop(self, index: int, rng: np.random.Generator) -> np.ndarray:
        picture = self.pictures_NSS3[index]
        top, left = rng.integers(0, picture.shape[0] - self.side + 1, 2)
        return picture[top : top + self.side, left : left + self.side]

    def _normalise(self, pixels_BTT3: np.ndarray) -> Tensor:
        x_BTT3 = torch.from_numpy(pixels_BTT3).to(torch.float32) / 255
        x_BTT3 = (x_BTT3 - torch.tensor(self.mean)) / torch.tensor(self.std)
        return x_BTT3.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
