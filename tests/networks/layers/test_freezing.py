"""A frozen encoder: neither its weights nor its running statistics move, whatever is trained around it."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from unpool.errors import UnpoolError
from unpool.networks.autoencoder import Autoencoder
from unpool.networks.catalogue import build_network
from unpool.networks.layers.freezing import freeze, freeze_start, keep_statistics


def buffers(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in network.encoder.state_dict().items()}


def run_in_training_mode(network: nn.Module) -> None:
    network.train()
    x_BCHW = torch.randn(4, network.channels, network.size, network.size)
    network(x_BCHW).square().mean().backward()


@pytest.mark.parametrize(
    "options",
    [
        {"name": "conv", "size": 16},
        {"name": "conv", "size": 16, "num_classes": 3},
        {"name": "resnet18", "size": 64},
        {"name": "efficientnet-lite0", "size": 64, "num_classes": 3},
        {"name": "sequence"},
    ],
    ids=str,
)
def test_nothing_in_a_frozen_encoder_moves(options) -> None:
    network = build_network(**options, seed=0)
    names = list(network.state_dict())
    before = buffers(network)
    run_in_training_mode(network)
    assert any(not torch.equal(value, before[name]) for name, value in buffers(network).items())
    network.zero_grad(set_to_none=True)
    before = buffers(network)
    freeze(network)
    run_in_training_mode(network)
    assert all(torch.equal(value, before[name]) for name, value in buffers(network).items())
    assert list(network.state_dict()) == names
    trained = {name for name, parameter in network.named_parameters() if parameter.grad is not None}
    assert trained == {name for name, _ in network.named_parameters() if not name.startswith("encoder.")}


def test_it_holds_however_training_mode_is_asked_for() -> None:
    network = build_network("conv", size=16)
    freeze(network)
    network.encoder.train()
    network.encoder[1].train(True)
    nn.ModuleList([network]).train()
    assert not any(module.training for module in network.encoder.modules())
    assert network.training
    assert network.decoder.training
    assert network.encoder.eval() is network.encoder


def test_dropout_passes_everything() -> None:
    network = Autoencoder(nn.Sequential(nn.Conv2d(3, 4, 1), nn.Dropout(0.9)))
    freeze(network)
    x_BCHW = torch.rand(2, 3, 8, 8)
    torch.testing.assert_close(network.train().encode(x_BCHW), network.encoder[0](x_BCHW))


def test_a_copy_is_frozen_by_itself() -> None:
    network = build_network("conv", size=16)
    freeze(network)
    twin = copy.deepcopy(network)
    run_in_training_mode(twin)
    assert not any(module.training for module in twin.encoder.modules())
    assert twin.encoder.train() is twin.encoder
    assert not any(parameter.requires_grad for parameter in twin.encoder.parameters())


def test_what_has_no_encoder_is_refused() -> None:
    with pytest.raises(UnpoolError, match="Linear has no encoder to freeze; give an Autoencoder"):
        freeze(nn.Linear(2, 2))


def test_batch_statistics_can_be_kept_alone() -> None:
    network = build_network("resnet18", size=64, seed=0)
    before = buffers(network)
    keep_statistics(network)
    run_in_training_mode(network)
    after = buffers(network)
    moving = [name for name in before if "running" in name or "num_batches" in name]
    assert moving
    assert all(torch.equal(after[name], before[name]) for name in moving)
    assert all(parameter.grad is not None for parameter in network.encoder.parameters())
    # Their modules count by statistics kept, so that an image's code is its own affair.
    x_BCHW = torch.randn(4, 3, 64, 64)
    network.train()
    alone, together = network.encode(x_BCHW[:1]), network.encode(x_BCHW)[:1]
    torch.testing.assert_close(alone, together, atol=1e-4, rtol=1e-3)


def test_the_start_of_an_encoder_stays_and_the_rest_learns() -> None:
    network = build_network("efficientnet-lite0", size=64, num_classes=3, seed=0)
    before = buffers(network)
    freeze_start(network, "body.blocks.1")
    run_in_training_mode(network)
    start = ("body.conv_stem.", "body.bn1.", "body.blocks.0.", "body.blocks.1.")
    for name, value in buffers(network).items():
        if "running" in name:
            assert torch.equal(value, before[name]) == name.startswith(start), name
    trained = {name for name, parameter in network.encoder.named_parameters() if parameter.grad is not None}
    assert trained == {name for name, _ in network.encoder.named_parameters() if not name.startswith(start)}
    assert not copy.deepcopy(network).train().encoder.body.bn1.training
