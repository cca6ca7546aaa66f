"""Images with label maps as batches: crops to train on, whole images to validate on.

N images, B batch, C channels, H height, W width, each image its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms.v2.functional import rgb_to_grayscale

from unpool.images.masks.pixel_classes import IGNORE
from unpool.training.data.datasets import Normalisation

WINDOW = 1024  # pixels a side; larger images are validated in windows of it


class Store(Protocol):
    """Images and label maps by number."""

    sizes: list[tuple[int, int]]

    def __len__(self) -> int: ...

    def pixels(self, n: int) -> np.ndarray: ...

    def labels(self, n: int) -> np.ndarray: ...


class Crops(Protocol):
    """What becomes of an image and its label map before they are trained on: both then of one size."""

    def train_view(
        self, x_CHW: Tensor, seed: int, epoch: int, index: int, mask_HW: Tensor | None = None
    ) -> Any: ...


class MaskedImages:
    """Batches (images float32 (B, C, H, W), labels uint8 (B, H, W)) from a store.

    While training, an index i is a crop of image i mod N: the same image may be met several times in an epoch, each
    time elsewhere. While validating, an index is a window of `windows`: whole images, but for those larger than
    1,024 pixels a side; where sizes differ within a batch, the smaller are padded and the labels there ignored.
    """

    def __init__(
        self,
        store: Store,
        crops: Crops,
        preprocessing: Any,
        device: torch.device,
        held: Store | None = None,
        held_index: Sequence[int] = (),
    ) -> None:
        self.store, self.crops, self.device = store, crops, device
        self.held = held if held is not None else store
        self.windows = [
            (n, top, left)
            for n in (range(len(self.held)) if held is not None else held_index)
            for top in range(0, self.held.sizes[n][0], WINDOW)
            for left in range(0, self.held.sizes[n][1], WINDOW)
        ]
        self.normalised = FromColour(preprocessing, device)

    def __len__(self) -> int:
        return len(self.store)

    def batches(
        self, indices: Sequence[np.ndarray], seed: int = 0, epoch: int | None = None
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Each batch of indices, of crops where there is an epoch, else of windows."""
        for index_B in indices:
            if epoch is None:
                pairs = [self._window(int(index)) for index in index_B]
            else:
                pairs = [self._crop(int(index), seed, epoch) for index in index_B]
            yield self._batch(pairs)

    def _crop(self, index: int, seed: int, epoch: int) -> tuple[Tensor, Tensor]:
        n = index % len(self.store)
        x_CHW = _tensor(self.store.pixels(n)).permute(2, 0, 1)
        pair: tuple[Tensor, Tensor] = self.crops.train_view(
            x_CHW, seed, epoch, index, _tensor(self.store.labels(n))
        )
        return pair

    def window(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """What is validated on: pixels (H, W, 3) and labels (H, W)."""
        n, top, left = self.windows[index]
        label_HW = self.held.labels(n)[top : top + WINDOW, left : left + WINDOW]
        return self.held.pixels(n)[top : top + WINDOW, left : left + WINDOW], label_HW

    def whole(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """An image that is trained on, at most 1,024 pixels a side of it, and its labels."""
        return self.store.pixels(n)[:WINDOW, :WINDOW], self.store.labels(n)[:WINDOW, :WINDOW]

    def _window(self, index: int) -> tuple[Tensor, Tensor]:
        x_HWC, label_HW = self.window(index)
        return _tensor(x_HWC).permute(2, 0, 1), _tensor(label_HW)

    def _batch(self, pairs: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        height, width = (max(label_HW.shape[axis] for _, label_HW in pairs) for axis in (0, 1))
        x_BCHW = torch.full((len(pairs), 3, height, width), 127, dtype=pairs[0][0].dtype)
        x_BCHW = x_BCHW.contiguous(memory_format=torch.channels_last)
        label_BHW = torch.full((len(pairs), height, width), IGNORE, dtype=torch.uint8)
        for place, (x_CHW, label_HW) in enumerate(pairs):
            high, wide = label_HW.shape
            x_BCHW[place, :, :high, :wide] = x_CHW
            label_BHW[place, :high, :wide] = label_HW
        return self.normalised(x_BCHW), label_BHW.to(self.device)


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(array)


class FromColour:
    """Colour images uint8 (B, 3, H, W) → float32 as a network wants them, by their luma where it takes grey."""

    def __init__(self, preprocessing: Any, device: torch.device) -> None:
        self.channels = preprocessing.channels
        self._normalised = Normalisation(preprocessing.mean, preprocessing.std, device)

    def __call__(self, x_BCHW: Tensor) -> Tensor:
        return self._normalised(rgb_to_grayscale(x_BCHW) if self.channels == 1 else x_BCHW)
