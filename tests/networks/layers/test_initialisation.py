"""Fresh weights by name: their spread is the one in the formula, and only weights change."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from unpool.errors import UsageError
from unpool.networks.catalogue import build_network
from unpool.networks.layers.initialisation import INITIALISATIONS, initialise

FAN_IN, FAN_OUT = 64 * 9, 128 * 9
SPREADS = {
    "xavier": math.sqrt(2 / (FAN_IN + FAN_OUT)),
    "xavier-uniform": math.sqrt(2 / (FAN_IN + FAN_OUT)),
    "kaiming": math.sqrt(2 / FAN_OUT),
    "kaiming-uniform": math.sqrt(2 / FAN_IN),
    "orthogonal": 1 / math.sqrt(FAN_IN),
    "truncated-normal": 0.02,
}


@pytest.mark.parametrize("name", SPREADS)
def test_convolutions_have_the_spread_of_the_formula(name) -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(64, 128, 3)
    initialise(conv, name)
    assert conv.weight.std().item() == pytest.approx(SPREADS[name], rel=0.02)
    assert not conv.bias.any()
    uniform = conv.weight.abs().max() < 2 * conv.weight.std()
    assert uniform == name.endswith("uniform")


def test_lenets_published_initialisation() -> None:
    network = build_network("lenet", init="xavier", seed=0)
    linear = network.head[0]
    assert linear.weight.std().item() == pytest.approx(0.1, rel=0.02)
    assert not linear.bias.any()
    plain = build_network("lenet", seed=0)
    assert plain.head[0].weight.std() < 0.05


def test_normalisations_start_at_one_and_zero() -> None:
    norm = nn.BatchNorm2d(3)
    nn.init.uniform_(norm.weight)
    nn.init.uniform_(norm.bias)
    initialise(norm, "default")
    assert norm.bias.any()
    initialise(norm, "kaiming")
    assert norm.weight.tolist() == [1, 1, 1]
    assert norm.bias.tolist() == [0, 0, 0]
    initialise(nn.BatchNorm2d(3, affine=False), "kaiming")


def test_every_name_is_tried_and_others_are_refused() -> None:
    assert set(INITIALISATIONS) == {"default", *SPREADS}
    with pytest.raises(UsageError, match="unknown initialisation 'xaver'; did you mean 'xavier'"):
        initialise(nn.ReLU(), "xaver")
