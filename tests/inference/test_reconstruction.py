"""Errors of reconstructions against NumPy and closed forms; indices; what corruption may not leak."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from unpool.inference.reconstruction import psnr, reconstruct
from unpool.networks.autoencoder import Autoencoder, Preprocessing

SIZE = 8


def network(
    encoder: nn.Module, decoder: nn.Module | None, mean: float = 0.5, std: float = 0.25, channels: int = 3
) -> Autoencoder:
    prep = Preprocessing(SIZE, channels, (mean,) * channels, (std,) * channels)
    return Autoencoder(encoder, decoder, preprocessing=prep)


class Plus(nn.Module):
    def __init__(self, amount: float) -> None:
        super().__init__()
        self.amount = amount

    def forward(self, x: Tensor) -> Tensor:
        return x + self.amount


def images(count: int, low: int = 0, high: int = 256, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(low, high, (count, SIZE, SIZE, channels), np.uint8)


def test_an_identity_has_no_error_at_all() -> None:
    (made,) = reconstruct(network(nn.Identity(), nn.Identity(), 0.485, 0.229), [images(5)])
    assert made.mse_B.tolist() == [0] * 5
    assert [psnr(mse) for mse in made.mse_B] == [None] * 5
    np.testing.assert_array_equal(made.output_BSSC, made.input_BSSC)
    assert made.corrupted_BSSC is None
    assert made.mse_corrupted_B is None


def test_a_constant_shift_has_the_psnr_of_the_closed_form() -> None:
    (made,) = reconstruct(network(nn.Identity(), Plus(0.4)), [images(3, 0, 200)])
    assert made.mse_B == pytest.approx([0.01] * 3, rel=1e-5), "0.4 of std 0.25 is 0.1"
    assert [psnr(mse) for mse in made.mse_B] == pytest.approx([20.0] * 3, abs=1e-3)


def test_errors_are_numpys_of_outputs_cut_to_the_range_of_pixels() -> None:
    pixels = images(4)
    (made,) = reconstruct(network(nn.Identity(), Plus(1.6)), [pixels])
    wanted = pixels.astype(np.float64) / 255
    cut = np.minimum(wanted + 0.4, 1)
    expected = np.square(cut - wanted).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(made.mse_B, expected, rtol=1e-5)
    np.testing.assert_array_equal(made.output_BSSC, np.rint(cut * 255).astype(np.uint8))
    assert expected.max() < 0.16, "some values were cut"
    assert psnr(expected[0]) == pytest.approx(10 * np.log10(1 / expected[0]), abs=1e-4)


def test_corrupted_inputs_are_compared_with_the_clean_images() -> None:
    """The decoder undoes the shift: the output has no error, the corrupted input that of the closed form."""
    (made,) = reconstruct(
        network(nn.Identity(), Plus(-0.5)), [images(3, 0, 200)], corrupt=lambda x, index, seed, epoch: x + 0.5
    )
    assert made.mse_corrupted_B == pytest.approx([0.125**2] * 3, rel=1e-5)
    assert made.mse_B == pytest.approx([0] * 3, abs=1e-12)
    shown = np.rint(made.input_BSSC + 0.125 * 255).astype(np.uint8)
    assert made.corrupted_BSSC is not None
    assert np.abs(made.corrupted_BSSC.astype(int) - shown).max() <= 1
    np.testing.assert_array_equal(made.output_BSSC, made.input_BSSC)


def test_corruption_is_reported_each_images_place_in_the_stream() -> None:
    seen = []

    def corrupt(x: Tensor, index_B: np.ndarray, seed: int, epoch: int) -> Tensor:
        seen.append((index_B.tolist(), seed, epoch))
        return x

    list(reconstruct(network(nn.Identity(), nn.Identity()), [images(3), images(2)], corrupt=corrupt, seed=7))
    assert seen == [([0, 1, 2], 7, 0), ([3, 4], 7, 0)]


def pooling(use_indices: bool) -> Autoencoder:
    """Pooling and its mirror, with convolutions that change nothing."""
    made = network(nn.Sequential(nn.Conv2d(3, 3, 1), nn.MaxPool2d(2)), None, 0, 1)
    for part in made.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.dirac_(part.weight)
            nn.init.zeros_(part.bias)
    made.use_indices = use_indices
    return made


def test_indices_put_the_largest_values_back_where_they_were() -> None:
    pixels = images(2)
    blocks = pixels.reshape(2, 4, 2, 4, 2, 3).transpose(0, 1, 3, 5, 2, 4).reshape(2, 4, 4, 3, 4)
    largest, where = blocks.max(-1), blocks.argmax(-1)
    for use_indices in (True, False):
        (made,) = reconstruct(pooling(use_indices), [pixels])
        spread = np.zeros_like(blocks)
        np.put_along_axis(spread, where[..., None] * use_indices, largest[..., None], -1)
        expected = spread.reshape(2, 4, 4, 3, 2, 2).transpose(0, 1, 4, 2, 5, 3).reshape(pixels.shape)
        np.testing.assert_array_equal(made.output_BSSC, expected)


def test_the_indices_of_a_corrupted_image_are_its_own() -> None:
    """Nothing clean leaks: an image corrupted to black gives the same whatever it was."""
    outputs = [
        next(reconstruct(pooling(True), [pixels], corrupt=lambda x, *_: torch.zeros_like(x))).output_BSSC
        for pixels in (images(2), 255 - images(2))
    ]
    np.testing.assert_array_equal(*outputs)


def test_batches_are_taken_one_at_a_time() -> None:
    taken = 0

    def batches() -> Iterator[np.ndarray]:
        nonlocal taken
        for _ in range(1000):
            taken += 1
            yield images(2)

    made = reconstruct(network(nn.Identity(), nn.Identity()), batches())
    for number in range(1, 4):
        next(made)
        assert taken == number


def test_one_channel_and_dropout_off() -> None:
    net = network(nn.Dropout(0.9), nn.Identity(), channels=1).train()
    (made,) = reconstruct(net, [images(2, channels=1)])
    assert made.output_BSSC.shape == (2, SIZE, SIZE, 1)
    assert made.mse_B.tolist() == [0, 0]


def test_psnr_of_powers_of_ten() -> None:
    for power in range(1, 9):
        assert psnr(10.0**-power) == pytest.approx(10 * power)
    assert psnr(1.0) == 0
    assert psnr(0.0) is None
    assert psnr(0.5) == round(10 * math.log10(2), 4)
