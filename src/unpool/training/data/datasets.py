"""Training images as batches, whose order depends on (seed, epoch) alone.

N images, H height, W width, C channels, B batch, V views of one image, D numbers in a feature, K neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from unpool.errors import UnpoolError

RESIDENT_BYTES = 2 * 2**30  # of pixels that are kept on a GPU


class Augmentation(Protocol):
    """Random transforms of uint8 images, before they are normalised."""

    def train_views(self, x_BCHW: Tensor, index_B: np.ndarray, seed: int, epoch: int) -> Tensor:
        """Draw a view of each image.

        Args:
            x_BCHW: uint8.
            index_B: the images' indices.
            seed, epoch: with the index they fix what is drawn.

        Returns:
            The views (B, C, h, w).
        """

    def evaluate_views(self, x_CHW: Tensor) -> Tensor:
        """Return the views that validate an image, (V, C, h, w)."""


class Images(Protocol):
    """The images of a training, in batches by index."""

    device: torch.device

    def __len__(self) -> int:
        """Number of images."""

    def batches(
        self, indices: Sequence[np.ndarray], seed: int = 0, epoch: int | None = None
    ) -> Iterator[Any]:
        """Yield each batch on the device.

        It is (B, C, H, W), or a tuple that begins with that.

        Args:
            indices: the images of each batch, (B,).
            seed: of whatever is random.
            epoch: likewise; None: images as they are validated.
        """


class PixelSet:
    """Decoded images as float batches on the device.

    Small sets lie on a GPU as a whole, so that a step copies nothing but the numbers of its images.

    Args:
        pixels_NHWC: uint8, in memory or in a memory map.
        mean, std: of the network's preprocessing, one number per channel.
        device: where batches go.
        augmentation: transforms of training images; None: none.
        resident: the pixels lie on the device; None: where it has a memory of its own, and they take little of it.
    """

    def __init__(
        self,
        pixels_NHWC: np.ndarray,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        device: torch.device,
        augmentation: Augmentation | None = None,
        resident: bool | None = None,
    ) -> None:
        self.pixels_NHWC = pixels_NHWC
        self.device = device
        self.augmentation = augmentation
        self._normalised = Normalisation(mean, std, device)
        if resident is None:
            resident = device.type == "cuda" and pixels_NHWC.nbytes <= RESIDENT_BYTES
        # Augmentation works on the CPU.
        self._on_device = (
            torch.from_numpy(np.ascontiguousarray(pixels_NHWC)).to(device)
            if resident and augmentation is None
            else None
        )

    def __len__(self) -> int:
        return len(self.pixels_NHWC)

    def batches(
        self, indices: Sequence[np.ndarray], seed: int = 0, epoch: int | None = None
    ) -> Iterator[Tensor]:
        """Yield float32 batches, normalised for the network.

        They are (B, C, H, W), or (B, V, C, H, W) where images are validated by several crops.
        """
        for index_B in indices:
            yield self.batch(index_B, seed, epoch)

    def batch(self, index_B: np.ndarray, seed: int = 0, epoch: int | None = None) -> Tensor:
        """Return images as float32 (B, C, H, W) in channels_last, normalised for the network."""
        if self._on_device is not None:
            place_B = torch.from_numpy(np.asarray(index_B, np.int64)).to(self.device)
            return self._normalised(self._on_device[place_B].permute(0, 3, 1, 2))
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
    """Normalise images channel by channel.

    It is (pixels / 255 - mean) / std for uint8, (x - mean) / std for floats in 0..1.

    Args:
        mean, std: one number per channel.
        device: where the result lies.
    """

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...], device: torch.device) -> None:
        self.device = device
        std_C = torch.tensor(std, dtype=torch.float32)
        self._scale = (1 / std_C).view(1, -1, 1, 1).to(device)
        self._shift = (-torch.tensor(mean, dtype=torch.float32) / std_C).view(1, -1, 1, 1).to(device)

    def __call__(self, x_BCHW: Tensor) -> Tensor:
        """Return float32 (B, C, H, W) in the memory order of x."""
        scale = self._scale / 255 if x_BCHW.dtype == torch.uint8 else self._scale
        if self.device.type == "cuda" and x_BCHW.device.type == "cpu":
            # Pinned, so that copying does not wait for the step before.
            x_BCHW = x_BCHW.pin_memory().to(self.device, non_blocking=True)
        return torch.addcmul(self._shift, x_BCHW.to(self.device).to(torch.float32), scale)


class Dataset(Protocol):
    """What `fit` uses of a torch Dataset.

    A length, and items by index.
    """

    def __len__(self) -> int:
        """Number of items."""

    def __getitem__(self, index: int, /) -> Any:
        """Return x, or a tuple that begins with it."""


class DatasetImages:
    """A torch Dataset whose items are x, (x, y) or (x, index), in batches.

    Args:
        dataset: x is float and taken as it is, or uint8 or a picture and normalised.
        mean, std: of the network's preprocessing, one number per channel.
        device: where batches go.
        workers: processes that read ahead.
    """

    def __init__(
        self,
        dataset: Dataset,
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
        """Yield float32 batches (B, C, H, W).

        A worker's own random numbers are a function of (seed, epoch).
        """
        for x_BCHW in load_batches(self.dataset, indices, _stack_images, self.workers, seed, epoch):
            yield self._normalised(x_BCHW) if x_BCHW.dtype == torch.uint8 else x_BCHW.to(self.device)

    def labels(self) -> np.ndarray:
        """Return the label of each item, (N,) int64.

        It is the second of the item, a whole number.

        Raises:
            TypeError: where it is none.
        """
        return np.asarray([int(label) for label in _targets(self.dataset)], np.int64)


def _targets(dataset: Any) -> Sequence[Any]:
    """The second of each item; where a data set has them in a list, no item is read."""
    if (known := getattr(dataset, "targets", None)) is not None:
        return known  # type: ignore[no-any-return]
    if isinstance(dataset, torch.utils.data.ConcatDataset):
        return [target for part in dataset.datasets for target in _targets(part)]
    return [dataset[index][1] for index in range(len(dataset))]


def load_batches(
    dataset: Dataset,
    indices: Sequence[np.ndarray],
    collate: Callable[[list[Any]], Any],
    workers: int,
    seed: int,
    epoch: int | None,
) -> Iterator[Any]:
    """Load the items of each batch with torch's DataLoader.

    Args:
        dataset: by index.
        indices: the items of each batch.
        collate: makes a batch of a list of items.
        workers: processes that read ahead.
        seed, epoch: fix the workers' random numbers.

    Yields:
        What `collate` makes of each batch.
    """
    generator = torch.Generator().manual_seed(seed * 1_000_003 + (0 if epoch is None else epoch + 1))
    yield from torch.utils.data.DataLoader(
        dataset,  # type: ignore[arg-type]
        batch_sampler=[index_B.tolist() for index_B in indices],
        num_workers=workers,
        collate_fn=collate,
        generator=generator,
    )


def as_tensor(x: Any) -> Tensor:
    """Return an image as a tensor (C, H, W).

    Tensors as they are, pictures and arrays (H, W, C) copied.
    """
    if isinstance(x, Tensor):
        return x
    pixels = np.array(x)
    return torch.from_numpy(pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1))


def _stack_images(items: list[Any]) -> Tensor:
    images = [as_tensor(item[0] if isinstance(item, tuple | list) else item) for item in items]
    for x_CHW in images:
        if x_CHW.shape != images[0].shape:
            raise UnpoolError(
                f"images of {tuple(images[0].shape)} and {tuple(x_CHW.shape)} are in one data set; give images of one "
                "size, or their paths"
            )
    return torch.stack(images)


def split(
    count: int, val: float, seed: int, labels_N: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Split images at random for training and validation.

    With labels the share is taken of each class, and one image of a class at least stays for training.

    Args:
        count: number of images.
        val: share that is held out; above 0 at least one image stays in each part.
        seed: of the split.
        labels_N: the class of each image.

    Returns:
        Sorted indices to train on, and to validate on.

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
    """Yield the batches of one epoch, a function of (seed, epoch) alone.

    Args:
        index_N: the images to train on.
        batch: size of a batch.
        seed, epoch: fix the order.
        drop_last: leave out a last batch that is not full.

    Yields:
        Indices (B,).
    """
    order = np.random.default_rng([seed, epoch]).permutation(index_N)
    end = len(order) - len(order) % batch if drop_last else len(order)
    for start in range(0, end, batch):
        yield order[start : start + batch]


class FeatureSet:
    """Precomputed features of views, as float32 batches.

    Batches are (B, V, D); with neighbours (B, V + K, D): one view of each neighbour comes last, another in every
    epoch.

    Args:
        feature_NVD: features of V views of each image.
        device: where batches go.
        neighbour_NK: the indices of K images similar to each.
    """

    def __init__(
        self, feature_NVD: np.ndarray, device: torch.device, neighbour_NK: np.ndarray | None = None
    ) -> None:
        self.feature_NVD, self.device, self.neighbour_NK = feature_NVD, device, neighbour_NK

    def __len__(self) -> int:
        return len(self.feature_NVD)

    def batches(
        self, indices: Sequence[np.ndarray], seed: int = 0, epoch: int | None = None
    ) -> Iterator[Tensor]:
        """Yield each batch.

        Which views are compared is up to the objective.
        """
        for index_B in indices:
            feature_BVD = self.feature_NVD[index_B]
            if self.neighbour_NK is not None:
                neighbour_BK = self.neighbour_NK[index_B]
                view_BK = (neighbour_BK + (epoch or 0)) % self.feature_NVD.shape[1]
                feature_BVD = np.concatenate([feature_BVD, self.feature_NVD[neighbour_BK, view_BK]], axis=1)
            yield torch.from_numpy(feature_BVD.astype(np.float32)).to(self.device)
