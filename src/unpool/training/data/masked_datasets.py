"""Images with label maps as batches.

Crops to train on, whole images to validate on.

N images, B batch, C channels, H height, W width, each image its own. Label maps hold positions of classes, and
IGNORE.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from unpool.errors import UnpoolError
from unpool.images.masks.pixel_classes import IGNORE
from unpool.networks.preprocessing import Preprocessing
from unpool.networks.segmentation.pixel_scores import as_positions
from unpool.training.data.datasets import Dataset, Normalisation, as_tensor, load_batches

GREY = 127  # of what is padded
WINDOW = 1024  # pixels a side; larger images are validated in windows of it


class Store(Protocol):
    """Images and label maps by number; `sizes` are (H, W)."""

    sizes: list[tuple[int, int]]

    def __len__(self) -> int:
        """Number of images."""

    def pixels(self, n: int) -> np.ndarray:
        """Return an image, (H, W, 3) uint8."""

    def labels(self, n: int) -> np.ndarray:
        """Return its label map, (H, W) uint8."""


class Crops(Protocol):
    """Random crops of images and label maps, of one size."""

    def train_view(
        self, x_CHW: Tensor, seed: int, epoch: int, index: int, mask_HW: Tensor | None = None
    ) -> Any:
        """Draw a crop of an image and its label map.

        Args:
            x_CHW: uint8.
            seed, epoch, index: fix what is drawn.
            mask_HW: the label map.

        Returns:
            The crop (C, S, S), and that of the label map (S, S).
        """


class MaskedImages:
    """Batches (images float32 (B, C, H, W), labels uint8 (B, H, W)) from a store.

    While training, an index i is a crop of image i mod N: an image may come several times in an epoch, each time
    another crop. While validating, an index is a window of `windows`: whole images, but for those larger than 1,024
    pixels a side; where sizes differ within a batch, the smaller are padded and the labels there ignored.

    Args:
        store: the images to train on.
        crops: draws the crops.
        preprocessing: of the network.
        device: where batches go.
        held: other images to validate on; None: some of `store`.
        held_index: which of `store`, where there are no others.
    """

    def __init__(
        self,
        store: Store,
        crops: Crops,
        preprocessing: Preprocessing,
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
        """Yield batches of crops in an epoch, else of windows."""
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
        """Return a window that is validated on.

        Pixels (H, W, 3) and labels (H, W).
        """
        n, top, left = self.windows[index]
        label_HW = self.held.labels(n)[top : top + WINDOW, left : left + WINDOW]
        return self.held.pixels(n)[top : top + WINDOW, left : left + WINDOW], label_HW

    def whole(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Return a training image and its labels, cut to 1,024."""
        return self.store.pixels(n)[:WINDOW, :WINDOW], self.store.labels(n)[:WINDOW, :WINDOW]

    def _window(self, index: int) -> tuple[Tensor, Tensor]:
        x_HWC, label_HW = self.window(index)
        return _tensor(x_HWC).permute(2, 0, 1), _tensor(label_HW)

    def _batch(self, pairs: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        x_BCHW, label_BHW = pad_to_batch(pairs)
        return self.normalised(x_BCHW), label_BHW.to(self.device)


class DatasetPairs:
    """A torch Dataset of (image, mask) pairs, in batches.

    Sizes may differ.

    Args:
        dataset: images are (C, H, W) float and taken as they are, or uint8 or pictures and normalised; masks are
            (H, W) whole numbers, positions of classes or IGNORE.
        preprocessing: of the segmenter.
        device: where batches go.
        workers: processes that read ahead.
        num_classes: what masks may hold positions of; None: anything.
    """

    def __init__(
        self,
        dataset: Dataset,
        preprocessing: Preprocessing,
        device: torch.device,
        workers: int = 0,
        num_classes: int | None = None,
    ) -> None:
        self.dataset, self.device, self.workers, self.num_classes = dataset, device, workers, num_classes
        self.trained_sizes: Counter[tuple[int, int]] = Counter()
        self._normalised = Normalisation(preprocessing.mean, preprocessing.std, device)

    def __len__(self) -> int:
        return len(self.dataset)

    def batches(
        self, indices: Sequence[np.ndarray], seed: int = 0, epoch: int | None = None
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield images (B, C, H, W) and labels (B, H, W).

        Smaller ones are padded, and ignored there. `trained_sizes` counts the sizes (H, W) of batches of epochs.
        """
        seen: set[int] = set()
        # Random crops of a later epoch may miss a class, and to look at every label takes time.
        is_first = epoch == 0 and self.num_classes is not None
        stack = partial(_stack_pairs, num_classes=self.num_classes)
        for x_BCHW, label_BHW in load_batches(self.dataset, indices, stack, self.workers, seed, epoch):
            if is_first and len(seen - {IGNORE}) < 2:
                seen.update(torch.bincount(label_BHW.flatten().long()).nonzero().flatten().tolist())
            if epoch is not None:
                self.trained_sizes[label_BHW.shape[1], label_BHW.shape[2]] += 1
            is_raw = x_BCHW.dtype == torch.uint8
            yield self._normalised(x_BCHW) if is_raw else x_BCHW.to(self.device), label_BHW.to(self.device)
        if is_first:
            _check_classes(seen)


def _check_classes(seen: set[int]) -> None:
    """UnpoolError where all masks of the first epoch held one class, or none."""
    classes = sorted(seen - {IGNORE})
    if len(classes) > 1:
        return
    what = f"the class {classes[0]} alone" if classes else "no class"
    void = (
        f" and {IGNORE}, which is no class (masks of 0 and 255 are to be divided by 255)"
        if IGNORE in seen
        else ""
    )
    raise UnpoolError(
        f"the masks of the first epoch held {what}{void}: there must be two at least; check the masks"
    )


def pad_to_batch(pairs: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Stack images (C, H, W) and label maps (H, W) of several sizes.

    Returns:
        Images of the largest height and width, the rest mid-grey for uint8 and 0 for floats; and labels, the rest
        IGNORE.
    """
    height, width = (max(label_HW.shape[axis] for _, label_HW in pairs) for axis in (0, 1))
    first_CHW = pairs[0][0]
    fill = GREY if first_CHW.dtype == torch.uint8 else 0
    x_BCHW = torch.full((len(pairs), len(first_CHW), height, width), fill, dtype=first_CHW.dtype)
    x_BCHW = x_BCHW.contiguous(memory_format=torch.channels_last)
    label_BHW = torch.full((len(pairs), height, width), IGNORE, dtype=torch.uint8)
    for place, (x_CHW, label_HW) in enumerate(pairs):
        high, wide = label_HW.shape
        x_BCHW[place, :, :high, :wide] = x_CHW
        label_BHW[place, :high, :wide] = label_HW
    return x_BCHW, label_BHW


def _stack_pairs(items: list[Any], num_classes: int | None = None) -> tuple[Tensor, Tensor]:
    return pad_to_batch([(as_tensor(x), _label_map(x, mask, num_classes)) for x, mask in items])


def _label_map(x: Any, mask: Any, num_classes: int | None) -> Tensor:
    """A mask as (H, W) uint8; UnpoolError where it is not of the image's size, or holds what is no class."""
    label_HW = mask if isinstance(mask, Tensor) else torch.from_numpy(np.array(mask))
    if label_HW.shape != as_tensor(x).shape[1:]:
        raise UnpoolError(
            f"a mask is {tuple(label_HW.shape)}, but its image {tuple(as_tensor(x).shape[1:])}: a Segmenter learns "
            "from pairs (image, mask) of one height and width"
        )
    return label_HW.to(torch.uint8) if num_classes is None else as_positions(label_HW, num_classes)


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(array)


class FromColour:
    """Turn colour images into a network's input.

    Where it takes grey that is their luma.

    Args:
        preprocessing: of the network.
        device: where the result lies.
    """

    def __init__(self, preprocessing: Preprocessing, device: torch.device) -> None:
        self.channels = preprocessing.channels
        self._normalised = Normalisation(preprocessing.mean, preprocessing.std, device)

    def __call__(self, x_BCHW: Tensor) -> Tensor:
        """Return uint8 (B, 3, H, W) as float32 (B, C, H, W), normalised."""
        from torchvision.transforms.v2.functional import rgb_to_grayscale  # it loads for seconds

        return self._normalised(rgb_to_grayscale(x_BCHW) if self.channels == 1 else x_BCHW)
