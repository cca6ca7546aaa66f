"""Batches: their order, their pixels, and their split."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset, TensorDataset

from support.small_networks import make_blobs
from unpool.training.data.datasets import (
    DatasetImages,
    FeatureSet,
    Normalisation,
    PixelSet,
    as_tensor,
    epoch_batches,
    load_batches,
    split,
)

CPU = torch.device("cpu")


@given(st.integers(2, 60), st.floats(0, 0.9), st.integers(0, 5))
def test_a_split_holds_every_image_once(count: int, val: float, seed: int) -> None:
    train, held = split(count, val, seed)
    assert sorted([*train, *held]) == list(range(count))
    assert len(train) > 0
    assert (len(held) > 0) == (val > 0)


def test_a_split_has_its_share_sorted_and_drawn_by_the_seed() -> None:
    train, held = split(50, 0.2, seed=0)
    assert (len(train), len(held)) == (40, 10)
    assert (np.diff(train) > 0).all()
    assert held.tolist() != split(50, 0.2, seed=1)[1].tolist()
    assert [len(part) for part in split(1, 0.5, seed=0)] == [1, 0]


def test_a_split_with_labels_takes_its_share_of_each_class() -> None:
    label_N = np.array([0] * 20 + [1] * 10 + [2])
    train, held = split(len(label_N), 0.2, 0, label_N)
    assert np.bincount(label_N[held], minlength=3).tolist() == [4, 2, 0]
    assert np.bincount(label_N[train]).tolist() == [16, 8, 1]
    assert len(split(len(label_N), 0.0, 0, label_N)[1]) == 0


def test_an_epoch_is_every_image_once_in_an_order_of_its_own() -> None:
    def order(seed: int, epoch: int) -> list[int]:
        found: list[int] = np.concatenate(list(epoch_batches(np.arange(10, 20), 3, seed, epoch))).tolist()
        return found

    assert sorted(order(0, 0)) == sorted(order(0, 1)) == list(range(10, 20))
    assert order(0, 0) == order(0, 0)
    assert order(0, 0) != order(0, 1)
    assert order(0, 0) != order(1, 0)


def test_only_a_batch_that_is_not_full_is_dropped() -> None:
    def sizes(batch: int, drop_last: bool) -> list[int]:
        return [len(index_B) for index_B in epoch_batches(np.arange(10), batch, 0, 0, drop_last)]

    assert sizes(3, drop_last=False) == [3, 3, 3, 1]
    assert sizes(3, drop_last=True) == [3, 3, 3]
    assert sizes(5, drop_last=True) == [5, 5]
    assert sizes(11, drop_last=True) == []


def test_pixels_are_normalised_by_the_formula() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 4, 5, 2), np.uint8)
    x_BCHW = PixelSet(pixels, (0.25, 0.5), (0.5, 2.0), CPU).batch(np.array([2, 0]))
    expected = (pixels[[2, 0]] / 255 - [0.25, 0.5]) / [0.5, 2.0]
    np.testing.assert_allclose(x_BCHW.numpy(), expected.transpose(0, 3, 1, 2), atol=1e-6)
    assert x_BCHW.is_contiguous(memory_format=torch.channels_last)


def test_pixels_that_lie_on_the_device_give_the_same_batches() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (9, 5, 4, 3), np.uint8)
    index_B = np.array([7, 2, 2])
    batches = []
    for resident in (False, True):
        images = PixelSet(pixels.copy(), (0.1, 0.2, 0.3), (0.4, 0.5, 0.6), CPU, resident=resident)
        if resident:
            images.pixels_NHWC = np.zeros_like(pixels)  # and are not read again
        (batch,) = images.batches([index_B])
        assert batch.is_contiguous(memory_format=torch.channels_last)
        batches.append(batch)
    assert torch.equal(*batches)


def test_floats_from_0_to_1_are_normalised_like_bytes() -> None:
    normalise = Normalisation((0.5,), (0.25,), CPU)
    bytes_1CHW = torch.tensor([0, 255], dtype=torch.uint8).view(1, 1, 1, 2)
    for x_1CHW in (bytes_1CHW, bytes_1CHW / 255):
        torch.testing.assert_close(normalise(x_1CHW), torch.tensor([-2.0, 2.0]).view(1, 1, 1, 2))


class TwoCrops:
    """Adds index, seed and epoch to the pixels; validates by two crops."""

    def train_views(self, x_BCHW: Tensor, index_B: np.ndarray, seed: int, epoch: int) -> Tensor:
        assert x_BCHW.dtype == torch.uint8
        return x_BCHW + torch.from_numpy(index_B).view(-1, 1, 1, 1).byte() + 10 * seed + epoch

    def evaluate_views(self, x_CHW: Tensor) -> Tensor:
        return torch.stack([x_CHW[:, :4, :4], x_CHW[:, 4:, 4:]])


class OneCrop(TwoCrops):
    def evaluate_views(self, x_CHW: Tensor) -> Tensor:
        return x_CHW[None, :, :4, :4]


def test_training_images_are_augmented_and_validation_has_every_crop() -> None:
    pixels = np.zeros((5, 8, 8, 1), np.uint8)
    pixels[:, 4:, 4:] = 51
    images = PixelSet(pixels, (0.0,), (1.0,), CPU, TwoCrops())
    assert float(images.batch(np.array([3]), seed=2, epoch=1).min() * 255) == pytest.approx(3 + 20 + 1)
    crops_BVCHW = images.batch(np.array([0, 1]))
    assert crops_BVCHW.shape == (2, 2, 1, 4, 4)
    assert crops_BVCHW[:, 0].eq(0).all()
    torch.testing.assert_close(crops_BVCHW[:, 1], torch.full((2, 1, 4, 4), 0.2))
    single = PixelSet(make_blobs(3), (0.0,), (1.0,), CPU, OneCrop())
    assert single.batch(np.arange(3)).shape == (3, 1, 4, 4)


def test_datasets_give_images_and_labels() -> None:
    items = [(np.full((2, 2, 3), number, np.uint8), number % 2) for number in range(4)]
    images = DatasetImages(items, (0.5,) * 3, (0.5,) * 3, CPU)
    assert images.labels().tolist() == [0, 1, 0, 1]
    (x_BCHW,) = images.batches([np.array([3, 0])])
    assert x_BCHW.shape == (2, 3, 2, 2)
    assert float(x_BCHW[1].max()) == -1.0
    bare = DatasetImages([item[0] for item in items], (0.5,) * 3, (0.5,) * 3, CPU)
    assert torch.equal(next(bare.batches([np.array([3, 0])])), x_BCHW)


def test_floats_of_a_dataset_are_taken_as_they_are() -> None:
    floats = TensorDataset(torch.full((2, 1, 3, 3), 0.75))
    assert next(DatasetImages(floats, (0.5,), (0.5,), CPU).batches([np.array([0, 1])])).eq(0.75).all()


class Seeds(Dataset[Any]):
    """What torch's random numbers are seeded with, and targets that are known without reading an item."""

    targets = ("3", "1")

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> int:
        return torch.initial_seed()


def test_labels_are_those_of_targets_where_a_dataset_has_them() -> None:
    assert DatasetImages(Seeds(), (0.5,), (0.5,), CPU).labels().tolist() == [3, 1]


def test_random_numbers_of_workers_depend_on_seed_and_epoch() -> None:
    seeds = [
        list(load_batches(Seeds(), [np.array([0])], list, 1, seed, epoch))
        for seed, epoch in ((1, 0), (1, 0), (1, 1), (2, 0), (1, None))
    ]
    assert seeds[0] == seeds[1]
    assert len({str(each) for each in seeds}) == 4


def test_items_are_loaded_in_the_order_of_their_indices() -> None:
    letters: Any = "abcd"
    assert list(load_batches(letters, [np.array([3, 0]), np.array([1])], "".join, 0, 0, None)) == ["da", "b"]


def test_arrays_become_tensors_with_channels_first() -> None:
    known = torch.rand(3, 4, 5)
    assert as_tensor(known) is known
    assert as_tensor(np.zeros((4, 5, 3))).shape == (3, 4, 5)
    assert as_tensor(Image.new("L", (5, 4))).shape == (1, 4, 5)


def test_neighbours_show_another_view_in_every_epoch() -> None:
    feature_NVD = np.arange(12, dtype=np.float16).reshape(3, 2, 2)
    features = FeatureSet(feature_NVD, CPU, np.array([[1], [2], [0]]))
    (first,), (second,) = (features.batches([np.array([0])], epoch=epoch) for epoch in (0, 1))
    assert first.shape == (1, 3, 2)
    assert first.dtype == torch.float32
    assert first[0, :2].tolist() == feature_NVD[0].tolist()
    seen = {tuple(batch[0, 2].tolist()) for batch in (first, second)}
    assert seen == {tuple(view.tolist()) for view in feature_NVD[1]}


def test_features_without_neighbours_are_the_views_of_each_image() -> None:
    feature_NVD = np.arange(12, dtype=np.float16).reshape(3, 2, 2)
    features = FeatureSet(feature_NVD, CPU)
    assert len(features) == 3
    assert next(features.batches([np.array([2, 0])])).tolist() == feature_NVD[[2, 0]].tolist()
