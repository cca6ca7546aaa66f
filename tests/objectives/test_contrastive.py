"""In-batch contrast against its definition in NumPy, and what the decoder learns beside it."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import nn

from unpool.networks.autoencoder import Autoencoder
from unpool.networks.catalogue import build_network
from unpool.networks.decoders.base import NoDecoder
from unpool.objectives.contrastive import DECODED_EVERY, Contrast, contrast_loss, decoding_loss


def by_definition(first: np.ndarray, second: np.ndarray, temperature: float) -> float:
    """Equation 1 of Chen et al. 2020, view by view."""
    both = np.concatenate([first, second])
    both = both / np.linalg.norm(both, axis=1, keepdims=True)
    similarity, count, total = both @ both.T / temperature, len(first), 0.0
    for row in range(2 * count):
        others = np.exp(np.delete(similarity[row], row)).sum()
        total -= np.log(np.exp(similarity[row, (row + count) % (2 * count)]) / others)
    return float(total / (2 * count))


def test_the_loss_is_that_of_the_paper() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 7, 5))
    for temperature in (0.2, 0.5):
        loss = contrast_loss(torch.from_numpy(first), torch.from_numpy(second), temperature).item()
        assert math.isclose(loss, by_definition(first, second, temperature), rel_tol=1e-9)


def test_length_has_no_effect_and_the_gradient_is_right() -> None:
    first, second = torch.randn(2, 4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(contrast_loss(3 * first, second / 7), contrast_loss(first, second))
    assert torch.autograd.gradcheck(contrast_loss, (first.requires_grad_(), second.requires_grad_()))


def test_views_that_agree_on_nothing_have_the_loss_of_guessing() -> None:
    same = torch.ones(5, 3)
    assert math.isclose(contrast_loss(same, same).item(), math.log(2 * 5 - 1), rel_tol=1e-6)


def test_the_decoder_learns_without_changing_the_code() -> None:
    network = build_network("conv", size=8, channels=1, width=4, decoder="upsample", seed=0)
    network.use_indices = False
    x_BCHW, index_B = torch.rand(16, 1, 8, 8), np.arange(16)
    decoding_loss(network, network.encode(x_BCHW), x_BCHW, index_B, epoch=3).backward()
    assert all(parameter.grad is None for parameter in network.encoder.parameters())
    assert any(parameter.grad is not None for parameter in network.decoder.parameters())


def test_one_image_in_eight_is_decoded_another_in_each_epoch() -> None:
    network = build_network("conv", size=8, channels=1, width=4, decoder="upsample", seed=0).eval()
    x_BCHW, index_B = torch.rand(16, 1, 8, 8), np.arange(16)
    with torch.no_grad():
        code = network.encode(x_BCHW)
        for epoch in (0, 3):
            rows = [epoch, epoch + DECODED_EVERY]
            expected = (network.decode(code[rows], size=(8, 8)) - x_BCHW[rows]).square().mean()
            loss = decoding_loss(network, code, x_BCHW, index_B, epoch)
            torch.testing.assert_close(loss, expected * DECODED_EVERY * 2 / 16)


def test_without_a_decoder_contrast_is_all() -> None:
    network = Autoencoder(nn.Conv2d(1, 4, 3), NoDecoder(), merge="mean")
    objective = Contrast(network.dimension((8, 8)), seed=1, project=False)
    x_BCHW, index_B = torch.rand(6, 1, 8, 8), np.arange(6)
    views = [objective.views.sample(x_BCHW, index_B, 1, 2, stream) for stream in (0, 1)]
    expected = contrast_loss(network.embed(views[0]), network.embed(views[1]))
    torch.testing.assert_close(objective(network, x_BCHW, index_B, 2), expected)
