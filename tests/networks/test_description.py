"""Networks written down as lists of layers: the catalogue's own in this form are the same networks."""

from __future__ import annotations

import pytest
import torch

from unpool.errors import UnpoolError, UsageError
from unpool.networks.catalogue import build_network
from unpool.networks.classifier import Classifier
from unpool.networks.description import LAYERS, described_network

LENET = {
    "size": 32,
    "encoder": [
        {"Conv2d": [3, 6, 5]},
        "ReLU",
        {"MaxPool2d": 2},
        {"Conv2d": {"in_channels": 6, "out_channels": 16, "kernel_size": 5}},
        "ReLU",
        {"MaxPool2d": {"kernel_size": 2}},
    ],
    "head": [{"Linear": [400, 120]}, "ReLU", {"Linear": [120, 84]}, "ReLU", {"Linear": [84, 10]}],
}
DENOISER = {
    "name": "mine",
    "mean": [0, 0, 0],
    "std": [1, 1, 1],
    "encoder": [{"Conv2d": [3, 16, 3, 1, 1]}, "ReLU", {"BatchNorm2d": 16}, {"MaxPool2d": 2}],
    "decoder": [
        {"MaxUnpool2d": 2},
        {"ConvTranspose2d": [16, 16, 3, 1, 1]},
        "ReLU",
        {"BatchNorm2d": 16},
        {"ConvTranspose2d": [16, 3, 3, 1, 1]},
        "ReLU",
    ],
}


@pytest.mark.parametrize(("name", "description"), [("lenet", LENET), ("denoiser", DENOISER)])
def test_a_described_network_is_the_catalogues(name, description) -> None:
    theirs = build_network(name, seed=0).eval()
    ours = described_network(description).eval()
    assert isinstance(ours, Classifier) == isinstance(theirs, Classifier)
    ours.load_state_dict(theirs.state_dict())
    x_BCHW = torch.rand(2, 3, 32, 32)
    assert torch.equal(ours(x_BCHW), theirs(x_BCHW))


def test_what_is_fed_to_it_is_described_too() -> None:
    network = described_network(DENOISER)
    assert (network.network, network.size, network.channels) == ("mine", 32, 3)
    assert (network.mean, network.std) == ((0, 0, 0), (1, 1, 1))
    odd_BCHW = torch.rand(1, 3, 21, 18)
    assert network(odd_BCHW).shape == odd_BCHW.shape


@pytest.mark.parametrize("decoder", ["unpool", "transpose", "upsample"])
def test_the_decoder_may_be_the_mirror(decoder) -> None:
    network = described_network({"encoder": LENET["encoder"], "decoder": decoder})
    x_BCHW = torch.rand(1, 3, 33, 40)
    assert network(x_BCHW).shape == x_BCHW.shape


def test_strides_are_undone_to_the_size_they_were_given() -> None:
    description = {
        "channels": 1,
        "encoder": [{"Conv2d": [1, 4, 3, 2]}, {"MaxPool2d": [3, 2, 1]}],
        "decoder": [{"MaxUnpool2d": [3, 2, 1]}, {"ConvTranspose2d": [4, 1, 3, 2]}],
    }
    network = described_network(description)
    for side in range(9, 14):
        assert network(torch.rand(1, 1, side, 20)).shape == (1, 1, side, 20)


def test_a_decoder_that_remembers_nothing_is_interpolated_to_size() -> None:
    description = {"channels": 1, "encoder": [{"Conv2d": [1, 4, 3]}], "decoder": [{"Conv2d": [4, 1, 3]}]}
    network = described_network(description)
    assert network(torch.rand(1, 1, 12, 12)).shape == (1, 1, 12, 12)


@pytest.mark.parametrize(
    ("description", "told"),
    [
        ({"encodr": []}, "unknown key 'encodr'; did you mean 'encoder'"),
        ({"encoder": []}, r"encoder is \[\]; give a list of layers"),
        ({"encoder": "Conv2d"}, "encoder is 'Conv2d'; give a list"),
        ({"encoder": ["Conv2D"]}, "unknown layer 'Conv2D'; did you mean 'Conv2d'"),
        ({"encoder": ["os.system"]}, "unknown layer 'os.system'"),
        ({"encoder": ["Sequential"]}, "unknown layer 'Sequential'"),
        ({"encoder": [{"Conv2d": [1]}]}, "encoder layer 1, Conv2d: .* see torch.nn.Conv2d"),
        ({"encoder": ["ReLU", {"Conv2d": {"in": 1}}]}, "encoder layer 2, Conv2d: .*'in'"),
        ({"encoder": [{"ReLU": [], "Tanh": []}]}, "encoder layer 1 is .* give one name"),
        ({"encoder": [{"Conv2d": [1, 1, 1]}], "decoder": "unpol"}, "unknown decoder 'unpol'"),
    ],
)
def test_mistakes_are_told_with_their_place(description, told) -> None:
    with pytest.raises(UsageError, match=told):
        described_network(description)


def test_unpooling_without_a_pool_is_refused() -> None:
    description = {"encoder": [{"Conv2d": [3, 4, 3]}], "decoder": [{"MaxUnpool2d": 2}, {"Conv2d": [4, 3, 1]}]}
    with pytest.raises(UnpoolError, match="the decoder undoes 1 pools and strides, the encoder has 0"):
        described_network(description)


def test_every_block_the_systems_name_is_there() -> None:
    for dimensions in "123":
        for kind in ("Conv", "ConvTranspose", "MaxPool", "AvgPool", "MaxUnpool"):
            assert f"{kind}{dimensions}d" in LAYERS
    assert {"Linear", "ReLU", "Tanh", "Sigmoid", "GELU"} <= LAYERS.keys()
    assert all(layer.__module__.startswith("torch.nn.modules") for layer in LAYERS.values())
