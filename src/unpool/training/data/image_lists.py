"""Data sets of listed paths, or pairs of paths.

C channels, S side of a network's input, H and W of a whole image.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from unpool.core.calls.signatures import shorten
from unpool.errors import UnpoolError, UsageError
from unpool.images.reading.in_memory import ImageLike, find_image, read_any
from unpool.images.reading.scan import scan_folder
from unpool.images.values.rules import ValueRules
from unpool.networks.image_batch import whole_pixels
from unpool.networks.preprocessing import Preprocessing
from unpool.networks.segmentation.pixel_scores import read_label_map
from unpool.training.data.datasets import Dataset

EXPECTED = "a torch Dataset, a list of images or of (image, label) pairs, or a folder"


def as_dataset(data: object, preprocessing: Preprocessing, rules: ValueRules, *, has_masks: bool) -> Dataset:
    """Make a data set of what a program has.

    Args:
        data: a torch Dataset, taken as it is; a list, tuple or generator of items; a folder of images. Items that
            are paths, or pairs that begin with one, are read and brought to the network's input.
        preprocessing: of the network.
        rules: by which more than 8 bits per value are scaled.
        has_masks: whether the second of a pair is a mask, and images keep their size.

    Returns:
        The data set.

    Raises:
        UsageError: it is something else.
        UnpoolError: there is no such file, or no image in the folder.
    """
    if isinstance(data, str | os.PathLike):
        data = _list_folder(Path(data))
    elif isinstance(data, Iterator) or (isinstance(data, np.ndarray) and data.ndim == 1):
        data = list(data)
    if isinstance(data, str | bytes | Mapping) or not (
        hasattr(data, "__len__") and hasattr(data, "__getitem__")
    ):
        raise UsageError(f"{shorten(data)} is no data set; give {EXPECTED}")
    dataset: Any = data
    if not isinstance(dataset, Sequence) or not any(_is_path(_image_of(item)) for item in dataset):
        return dataset  # type: ignore[no-any-return]
    for item in dataset:
        for path in (item if isinstance(item, tuple | list) else (item,))[: 2 if has_masks else 1]:
            if _is_path(path):
                find_image(Path(path))
    return ImageList(dataset, preprocessing, rules, has_masks=has_masks)


class ImageList:
    """Images by their paths, read when they are needed.

    Args:
        items: images, or pairs of an image and its class or mask.
        preprocessing: of the network.
        rules: by which more than 8 bits per value are scaled.
        has_masks: whether the second of a pair is a mask, and images keep their size.
    """

    def __init__(
        self, items: Sequence[Any], preprocessing: Preprocessing, rules: ValueRules, *, has_masks: bool
    ) -> None:
        self.items, self.preprocessing, self.rules, self.has_masks = items, preprocessing, rules, has_masks

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Any:
        item = self.items[index]
        image = self._read(_image_of(item))
        if not isinstance(item, tuple | list) or len(item) == 1:
            return image
        return image, read_label_map(item[1]) if self.has_masks else item[1]

    @property
    def targets(self) -> list[int]:
        """The class of each item.

        Raises `UsageError` where an item has none.
        """
        return [_class_of(item) for item in self.items]

    def _read(self, image: ImageLike) -> Tensor:
        """A uint8 tensor (C, S, S), or (C, H, W) where images keep their size."""
        if self.has_masks:
            return whole_pixels(image, self.preprocessing.channels, self.rules)
        size = self.preprocessing.size
        pixels_SSC = self.preprocessing.fit(read_any(image, min_side=size, rules=self.rules))
        return torch.from_numpy(pixels_SSC.copy()).permute(2, 0, 1)


def _list_folder(folder: Path) -> list[Path]:
    if not folder.is_dir():
        what = f"{folder} is a file" if folder.exists() else f"there is no folder {folder}"
        raise UsageError(f"{what}; give {EXPECTED}")
    files = [file.file for file in scan_folder(folder).files]
    if not files:
        raise UnpoolError(f"there is no image in {folder}; name a folder that holds some")
    return files


def _image_of(item: Any) -> Any:
    return item[0] if isinstance(item, tuple | list) and item else item


def _class_of(item: Any) -> int:
    try:
        if isinstance(item, tuple | list):
            return int(item[1])
    except (IndexError, TypeError, ValueError):
        pass
    raise UsageError(f"{shorten(item)} has no class; give pairs (image, class), with whole numbers from 0")


def _is_path(value: object) -> bool:
    return isinstance(value, str | os.PathLike)
