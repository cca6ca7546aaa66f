"""The two ways to compute a transposed convolution agree, in values and in gradients."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import nn

from unpool.networks.layers import transposed
from unpool.networks.layers.transposed import ConvTranspose2d

LAYERS: list[dict[str, Any]] = [
    {"kernel_size": 3, "padding": 1},
    {"kernel_size": (3, 5), "padding": (0, 2), "dilation": (2, 1)},
    {"kernel_size": 2, "padding": 2},  # more padding than kernel: no convolution has it
    {"kernel_size": 3, "stride": 2, "padding": 1},
    {"kernel_size": 3, "padding": 1, "groups": 2, "bias": False},
]


@pytest.mark.parametrize("options", LAYERS)
def test_values_and_gradients_are_torchs(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transposed, "MIN_POSITIONS", 0)
    ours = ConvTranspose2d(4, 6, **options).double()
    theirs = nn.ConvTranspose2d(4, 6, **options).double()
    theirs.load_state_dict(ours.state_dict())
    found = []
    for layer in (ours, theirs):
        x = torch.randn(3, 4, 9, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
        x.requires_grad_()
        made = layer(x)
        (made * torch.arange(made.numel()).view_as(made)).sum().backward()
        found.append([made, x.grad, *(weight.grad for weight in layer.parameters())])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)


def test_large_images_in_training_take_the_quicker_way(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    convolve = transposed.F.conv2d
    monkeypatch.setattr(transposed.F, "conv2d", lambda *a, **k: calls.append(1) or convolve(*a, **k))
    layer = copy.deepcopy(ConvTranspose2d(2, 2, 3, padding=1))
    layer(torch.zeros(2, 2, 64, 64))
    assert calls == [1]
    layer(torch.zeros(2, 2, 8, 8))
    with torch.no_grad():
        layer(torch.zeros(2, 2, 64, 64))
    assert calls == [1]
