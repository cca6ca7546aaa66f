"""Batches with label maps: the right image for every index, repetitions elsewhere, windows, padding ignored."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from unpool.errors import UnpoolError
from unpool.images.masks.crop_presets import parse_crops
from unpool.training.data import masked_datasets as masked
from unpool.training.data.masked_datasets import MaskedImages

PREPARED = SimpleNamespace(channels=3, mean=(0.0,) * 3, std=(1 / 255,) * 3)  # float32 of the very pixels


class Known:
    """Images whose pixels tell which image it is (red) and where (green, blue); labels are half the rows."""

    sizes = ((40, 50), (30, 60), (64, 48))

    def __len__(self) -> int:
        return len(self.sizes)

    def pixels(self, n: int) -> np.ndarray:
        height, width = self.sizes[n]
        rows, columns = np.mgrid[:height, :width]
        return np.stack([np.full_like(rows, n + 1), rows, columns], axis=-1).astype(np.uint8)

    def labels(self, n: int) -> np.ndarray:
        return (self.pixels(n)[..., 1] // 2).astype(np.uint8)


def images(**more) -> MaskedImages:
    return MaskedImages(Known(), parse_crops("none", 16), PREPARED, torch.device("cpu"), **more)


def test_an_index_is_a_crop_of_its_image_with_the_labels_of_the_same_place() -> None:
    index = np.array([2, 0, 1, 5, 3])
    x, label = next(images().batches([index], seed=1, epoch=0))
    x = x.round()
    assert x.shape == (5, 3, 16, 16)
    for place, n in enumerate(index % 3):
        assert bool((x[place, 0] == n + 1).all())
        assert bool((label[place] == x[place, 1].to(torch.int64) // 2).all())
    assert not torch.equal(x[0], x[3])  # the same image, met again elsewhere
    again, _ = next(images().batches([index], seed=1, epoch=0))
    other, _ = next(images().batches([index], seed=1, epoch=1))
    assert torch.equal(x, again.round())
    assert not torch.equal(x, other.round())


def test_whole_images_are_validated_on_and_what_pads_them_is_ignored() -> None:
    found = images(held_index=[0, 1])
    x, label = next(found.batches([np.arange(len(found.windows))]))
    assert (x.shape, label.shape) == ((2, 3, 40, 60), (2, 40, 60))
    assert int((label != 255).sum()) == 40 * 50 + 30 * 60
    assert bool((x[0, 0, :40, :50].round() == 1).all())


def test_large_images_are_validated_on_in_windows_that_cover_them(monkeypatch) -> None:
    monkeypatch.setattr(masked, "WINDOW", 32)
    found = images(held_index=[2])
    seen = np.zeros((64, 48), int)
    for number in range(len(found.windows)):
        pixels, _ = found.window(number)
        assert max(pixels.shape[:2]) <= 32
        seen[pixels[..., 1], pixels[..., 2]] += 1
    assert (seen == 1).all()


def test_grey_networks_get_the_luma() -> None:
    grey = SimpleNamespace(channels=1, mean=(0.0,), std=(1 / 255,))
    x = torch.tensor([255, 0, 100], dtype=torch.uint8).view(1, 3, 1, 1)
    found = masked.FromColour(grey, torch.device("cpu"))(x)
    assert abs(found.item() - (0.299 * 255 + 0.114 * 100)) <= 1


def test_a_later_epoch_may_miss_a_class() -> None:
    """As random crops do, where a class is rare."""
    picture, label = np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.int64)
    label[0] = 1
    dataset = [(picture, label), (picture, label * 0)]
    pairs = masked.DatasetPairs(dataset, PREPARED, torch.device("cpu"), num_classes=2)
    assert len(list(pairs.batches([np.array([0]), np.array([1])], epoch=0))) == 2
    assert len(list(pairs.batches([np.array([1])], epoch=1))) == 1
    with pytest.raises(UnpoolError, match="masks of the first epoch held the class 0 alone"):
        list(pairs.batches([np.array([1])], epoch=0))


def test_masks_of_a_dataset_must_hold_classes() -> None:
    picture = np.zeros((4, 4, 3), np.uint8)

    def read(*masks: np.ndarray) -> None:
        pairs = masked.DatasetPairs(
            [(picture, mask) for mask in masks], PREPARED, torch.device("cpu"), num_classes=2
        )
        for _ in pairs.batches([np.arange(len(masks))], epoch=0):
            pass

    label = np.zeros((4, 4), np.int64)
    label[0] = 1
    label[1] = -1
    read(label, label * 0)
    with pytest.raises(
        UnpoolError, match=r"holds the value 7 \(4 pixels\), but must hold the positions of 2 classes"
    ):
        read(label * 7)
    with pytest.raises(UnpoolError, match=r"holds the value 256"):  # as uint8 it would be 0
        read(label.clip(0) * 256)
    with pytest.raises(
        UnpoolError, match=r"the class 0 alone and 255, which is no class \(masks of 0 and 255"
    ):
        read(label.clip(0) * 255, label * 0)
