"""Training images as batches, whose order depends on (seed, epoch) alone.

N images, H height, W width, C channels, B batch, V views of one image.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor


class Augmentation(Protocol):
    """What becomes of the images of a batch before they are normalised."""

    def train_views(self, x_BCHW: Tensor, index_B: np.ndarray, seed: int, epoch: int) -> Tensor: ...

    def evaluate_views(self, x_CHW: Tensor) -> Tensor: ...


class Images(Protocol):
    """What the loop asks of its images."""

    device: torch.device

    def __len__(self) -> int: ...

    def batches(
        self, indices: Sequence[np.ndarray], seed: int = 0, epoch: int | None = None
    ) -> Iterator[Any]:
        """Each batch of indices as (B, C, H, W) on the device; `epoch` None: as for validation.

        It may be a tuple that begins with the images; the objective knows what to make of it.
        """


class PixelSet:
    """Images (N, H, W, C) uint8 in memory or in a memory map, turned to float batches on the device."""

    def __init__(
        self,
        pixels_NHWC: np.ndarray,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        device: torch.device,
        augmentation: Augmentation | None = None,
    ) -> None:
        self.pixels_NHWC = pixels_NHWC
        self.device = device
        self.augmentation = augmentation
        self._normalised = Normalisation(mean, std, device)

    def __len__(self) -> int:
        return len(self.pixels_NHWC)

    def batches(
        self, indices: Sequence[np.ndarray], seed: int = 0, epoch: int | None = None
    ) -> Iterator[Tensor]:
        """Float32 batches, normalised for the network: (B, C, H, W), or (B, V, C, H, W) where images are
        validated by several crops."""
        for index_B in indices:
            yield self.batch(index_B, seed, epoch)

    def batch(self, index_B: np.ndarray, seed: int = 0, epoch: int | None = None) -> Tensor:
        """Images `index_B` as float32 (B, C, H, W) in channels_last, normalised for the network."""
        raw = torch.from_numpy(np.ascontiguousarray(self.pixels_NHWC[index_B]))
        x_BCHW = raw.permute(0, 3, 1, 2)
        if self.augmentation is None:
            return self._normalised(x_BCHW)
        if epoch is not None:
            return self._normalised(self.augmentation.train_views(x_BCHW, index_B, seed, epoch))
        views_BVCHW = torch.stack([self.augmentation.evaluate_views(x_CHW) for x_CHW in x_BCHW])
        flat_NCHW = self._normalised(views_BVCHW.flatten(0, 1))
        return flat_NCHW.view(*views_BVCHW.shape[:2], *flat_NCHW.shape[1:]).squeeze(1)


class Normalisation:
    """(pixels / 255 - mean) / std for uint8, (x - mean) / std for floats in 0..1: one multiply, one add."""

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...], device: torch.device) -> None:
        self.device = device
        std_C = torch.tensor(std, dtype=torch.float32)
        self._scale = (1 / std_C).view(1, -1, 1, 1).to(device)
        self._shift = (-torch.tensor(mean, dtype=torch.float32) / std_C).view(1, -1, 1, 1).to(device)

    def __call__(self, x_BCHW: Tensor) -> Tensor:
        """Float32 (B, C, H, W) in the memory order that x has."""
        scale = self._scale / 255 if x_BCHW.dtype == torch.uint8 else self._scale
        return torch.addcmul(self._shift, x_BCHW.to(self.device).to(torch.float32), scale)


class DatasetImages:
    """A torch Dataset whose items are x, (x, y) or (x, index); x is taken as it is where it is float.

    uint8 tensors and pictures are normalised as the network wants. `workers` processes fetch ahead.
    """

    def __init__(
        self,
        dataset: Any,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        device: torch.device,
        workers: int = 0,
    ) -> None:
        self.dataset, self.device, self.workers = dataset, device, workers
        self._normalised = Normalisation(mean, std, device)

    def __len__(self) -> int:
        return len(self.dataset)

    def batches(
        self, indices: Sequence[np.ndarray], seed: int = 0, epoch: int | None = None
    ) -> Iterator[Tensor]:
        """Batches on the device; a worker's own random numbers are a function of (seed, epoch)."""
        generator = torch.Generator().manual_seed(seed * 1_000_003 + (0 if epoch is None else epoch + 1))
        loader = torch.utils.data.DataLoader(
            self.dataset,
            batch_sampler=[index_B.tolist() for index_B in indices],
            num_workers=self.workers,
            collate_fn=_images_alone,
            generator=generator,
        )
        for x_BCHW in loader:
            if x_BCHW.dtype == torch.uint8:
                yield self._normalised(x_BCHW)
            else:
                yield x_BCHW.to(self.device)

    def labels(self) -> np.ndarray:
        """The second of each item as a whole number, (N,) int64; TypeError where it is none."""
        known = getattr(self.dataset, "targets", None)
        if known is None:
            known = [self.dataset[index][1] for index in range(len(self))]
        return np.asarray([int(label) for label in known], np.int64)


def _images_alone(items: list[Any]) -> Tensor:
    return torch.stack([_tensor(item[0] if isinstance(item, tuple | list) else item) for item in items])


def _tensor(x: Any) -> Tensor:
    if isinstance(x, Tensor):
        return x
    pixels = np.array(x)
    return torch.from_numpy(pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1))


def split(
    count: int, val: float, seed: int, labels_N: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Training and validation indices; a share `val` of the images, at least one of each where val > 0.

    With labels the share is taken of each class, and one image of a class at least stays for training.

    >>> train, held = split(10, 0.2, seed=0)
    >>> len(train), len(held), sorted([*train, *held]) == list(range(10))
    (8, 2, True)
    >>> split(10, 0.2, 0, np.repeat([0, 1], 5))[1] // 5
    array([0, 1])
    """
    rng = np.random.default_rng([seed, 0x5917])
    if labels_N is None or val <= 0:
        order = rng.permutation(count)
        held = min(max(1, round(count * val)), count - 1) if val > 0 and count > 1 else 0
        return np.sort(order[held:]), np.sort(order[:held])
    kept, out = [], []
    for label in np.unique(labels_N):
        order = rng.permutation(np.flatnonzero(labels_N == label))
        held = min(max(1, round(len(order) * val)), len(order) - 1)
        out.append(order[:held])
        kept.append(order[held:])
    return np.sort(np.concatenate(kept)), np.sort(np.concatenate(out))


def epoch_batches(
    index_N: np.ndarray, batch: int, seed: int, epoch: int, drop_last: bool = False
) -> Iterator[np.ndarray]:
    """The batches of one epoch, a function of (seed, epoch) alone; the last may be shorter, or is dropped."""
    order = np.random.default_rng([seed, epoch]).permutation(index_N)
    end = len(order) - len(order) % batch if drop_last else len(order)
    for start in range(0, end, batch):
        yield order[start : start + batch]


class FeatureSet:
    """Features (N, V, D) of V views of each image, known already, as float32 batches (B, V, D).

    With `alike_NK`, the numbers of K images that each image is like, (B, V + K, D): one view of each of these
    comes last, another in every epoch.
    """

    def __init__(
        self, feature_NVD: np.ndarray, device: torch.device, alike_NK: np.ndarray | None = None
    ) -> None:
        self.feature_NVD, self.device, self.alike_NK = feature_NVD, device, alike_NK

    def __len__(self) -> int:
        return len(self.feature_NVD)

    def batches(
        self, indices: Sequence[np.ndarray], seed: int = 0, epoch: int | None = None
    ) -> Iterator[Tensor]:
        """Each batch of indices; which view is compared with which is the objective's matter."""
        for index_B in indices:
            feature_BVD = self.feature_NVD[index_B]
            if self.alike_NK is not None:
                alike_BK = self.alike_NK[index_B]
                view_BK = (alike_BK + (epoch or 0)) % self.feature_NVD.shape[1]
                feature_BVD = np.concatenate([feature_BVD, self.feature_NVD[alike_BK, view_BK]], axis=1)
            yield torch.from_numpy(feature_BVD.astype(np.float32)).to(self.device)
