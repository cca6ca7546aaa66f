"""Batches: their order, their pixels, and their split."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from unpool.training.data.datasets import DatasetImages, FeatureSet, PixelSet, epoch_batches, split

CPU = torch.device("cpu")


@given(st.integers(2, 60), st.floats(0, 0.9), st.integers(0, 5))
def test_a_split_holds_every_image_once(count: int, val: float, seed: int) -> None:
    train, held = split(count, val, seed)
    assert sorted([*train, *held]) == list(range(count))
    assert len(train) > 0
    assert (len(held) > 0) == (val > 0)


def test_an_epoch_is_every_image_once_in_an_order_of_its_own() -> None:
    first, second = (np.concatenate(list(epoch_batches(np.arange(10), 3, 0, epoch))) for epoch in (0, 1))
    assert sorted(first) == sorted(second) == list(range(10))
    assert first.tolist() != second.tolist()
    assert [len(batch) for batch in epoch_batches(np.arange(10), 3, 0, 0, drop_last=True)] == [3, 3, 3]


def test_pixels_are_normalised_by_the_formula() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 4, 5, 2), np.uint8)
    x_BCHW = PixelSet(pixels, (0.25, 0.5), (0.5, 2.0), CPU).batch(np.array([2, 0]))
    expected = (pixels[[2, 0]] / 255 - [0.25, 0.5]) / [0.5, 2.0]
    np.testing.assert_allclose(x_BCHW.numpy(), expected.transpose(0, 3, 1, 2), atol=1e-6)


def test_datasets_give_images_and_labels() -> None:
    items = [(np.full((2, 2, 3), number, np.uint8), number % 2) for number in range(4)]
    images = DatasetImages(items, (0.5,) * 3, (0.5,) * 3, CPU)
    assert images.labels().tolist() == [0, 1, 0, 1]
    (x_BCHW,) = images.batches([np.array([3, 0])])
    assert x_BCHW.shape == (2, 3, 2, 2)
    assert float(x_BCHW[1].max()) == -1.0


def test_neighbours_show_another_view_in_every_epoch() -> None:
    feature_NVD = np.arange(12, dtype=np.float16).reshape(3, 2, 2)
    features = FeatureSet(feature_NVD, CPU, np.array([[1], [2], [0]]))
    (first,), (second,) = (features.batches([np.array([0])], epoch=epoch) for epoch in (0, 1))
    assert first.shape == (1, 3, 2)
    assert first[0, :2].tolist() == feature_NVD[0].tolist()
    seen = {tuple(batch[0, 2].tolist()) for batch in (first, second)}
    assert seen == {tuple(view.tolist()) for view in feature_NVD[1]}
