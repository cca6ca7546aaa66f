"""The catalogue: numbers from the literature, defaults, weights from every source, errors as they are reported."""

from __future__ import annotations

import pytest
import torch

from unpool.errors import UnpoolError, UsageError
from unpool.networks.autoencoder import Autoencoder
from unpool.networks.catalogue import CATALOGUE, build_network, describe, layer_table, names


def numbers(network: torch.nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_the_layer_table_of_conv_small_is_the_published_one() -> None:
    table = layer_table(build_network("conv-small"))
    assert [layer["parameters"] for layer in table["layers"] if layer["parameters"]] == [
        320,
        18_496,
        18_464,
        12_816,
        65,
    ]
    shapes = [layer["output"] for layer in table["layers"] if layer["type"] not in ("ReLU", "Tanh")]
    assert shapes == [
        [32, 10, 10],
        [32, 5, 5],
        [64, 3, 3],
        [64, 2, 2],
        [32, 5, 5],
        [16, 15, 15],
        [1, 28, 28],
    ]
    assert table["input"] == table["output"] == [1, 28, 28]
    assert (table["network"], table["parameters"], table["trainable"]) == ("conv-small", 50_161, 50_161)
    assert table["parameters_mb"] == pytest.approx(50_161 * 4 / 1e6)
    assert table["input_mb"] == pytest.approx(784 * 4 / 1e6, abs=1e-6)
    ran = 2 * 3200 + 800 + 2 * 576 + 256 + 2 * 800 + 2 * 3600 + 2 * 784
    assert table["activations_mb"] == pytest.approx(ran * 4 / 1e6, abs=1e-6)


def test_the_layer_table_counts_what_is_frozen_and_leaves_no_hooks() -> None:
    network = build_network("lenet")
    for parameter in network.encoder.parameters():
        parameter.requires_grad_(False)
    table = layer_table(network, size=32)
    assert (table["parameters"], table["trainable"]) == (62_006, 62_006 - 456 - 2_416)
    assert table["output"] == [10]
    assert not any(module._forward_hooks for module in network.modules())


@pytest.mark.parametrize(
    ("name", "size", "channels", "mean", "dimension"),
    [
        ("conv", 64, 3, 0.5, 256),
        ("conv-small", 28, 1, 0.5, 256),
        ("dense", 28, 1, 0.5, 12),
        ("lenet", 32, 3, 0.5, 400),
        ("unpooling", 28, 1, 0.0, 169),
        ("denoiser", 32, 3, 0.0, 4096),
        ("sequence", 28, 1, 0.0, 30),
        ("vgg16-bn", 96, 3, 0.485, 512),
        ("efficientnet-lite0", 224, 3, 0.5, 1280),
        ("resnet18", 224, 3, 0.485, 512),
    ],
)
def test_defaults(name, size, channels, mean, dimension) -> None:
    network = build_network(name, decoder="none")
    assert (network.size, network.channels, network.mean[0]) == (size, channels, mean)
    assert network.dimension() == dimension


def test_one_channel_averages_the_pixel_range() -> None:
    network = build_network("vgg11-bn", channels=1, decoder="none")
    assert network.mean == pytest.approx(((0.485 + 0.456 + 0.406) / 3,))
    assert network.encode(torch.rand(1, 1, 32, 32)).shape == (1, 512, 1, 1)


@pytest.mark.parametrize(
    ("options", "kind", "result"),
    [
        ({"name": "conv-smal"}, UsageError, "unknown network 'conv-smal'; did you mean 'conv-small'"),
        ({"name": "resnet19"}, UsageError, "unknown network 'resnet19'; did you mean 'resnet1"),
        ({"name": "vgg16-bn", "size": 16}, UnpoolError, "size 16 is too small for vgg16-bn; .* is 32×32"),
        ({"name": "lenet", "size": 15}, UnpoolError, "size 15 is too small for lenet; .* 16×16"),
        ({"name": "conv", "size": 0}, UsageError, "size 0 is not a positive number"),
        (
            {"name": "vit_tiny_patch16_224", "size": 8},
            UnpoolError,
            "vit_tiny_patch16_224 does not run at 8×8",
        ),
        ({"name": "conv", "decoder": "upsampel"}, UsageError, "unknown decoder 'upsampel'; did you mean"),
        ({"name": "dense", "decoder": "upsample"}, UsageError, "dense has nothing to upsample"),
        ({"name": "resnet18", "decoder": "unpool"}, UsageError, "resnet18 cannot be mirrored"),
        ({"name": "resnet18", "decoder": "foo"}, UsageError, "unknown decoder 'foo'"),
        ({"name": "dense", "width": 8}, UsageError, "dense has no width to choose"),
        (
            {"name": "dense", "weights": "imagenet"},
            UnpoolError,
            "there are no ImageNet weights for dense; give",
        ),
    ],
)
def test_errors_say_what_to_do(options, kind, result) -> None:
    with pytest.raises(UnpoolError, match=result) as caught:
        build_network(**options)
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)


def test_every_name_has_a_line() -> None:
    assert names() == list(CATALOGUE)
    for name in names():
        assert 10 < len(describe(name)) < 70
    assert describe("resnet50") == "resnet50 from timm"


def test_a_layer_that_runs_twice_is_counted_once() -> None:
    conv = torch.nn.Conv2d(3, 3, 3, padding=1)
    network = Autoencoder(torch.nn.Sequential(conv, torch.nn.ReLU(), conv), torch.nn.Identity())
    table = layer_table(network, size=8)
    assert [layer["parameters"] for layer in table["layers"]] == [84, 0, 0, 0]
    assert table["parameters"] == 84
