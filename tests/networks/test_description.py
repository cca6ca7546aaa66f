"""Networks written down as lists of layers: the catalogue's own in this form are the same networks."""

from __future__ import annotations

import pytest
import torch

from unpool.errors import UnpoolError, UsageError
from unpool.networks.catalogue import build_network
from unpool.networks.classifier import Classifier
from unpool.networks.description import LAYERS, network_from_description

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
    ours = network_from_description(description).eval()
    assert isinstance(ours, Classifier) == isinstance(theirs, Classifier)
    ours.load_state_dict(theirs.state_dict())
    x_BCHW = torch.rand(2, 3, 32, 32)
    assert torch.equal(ours(x_BCHW), theirs(x_BCHW))


def test_what_is_fed_to_it_is_described_too() -> None:
    network = network_from_description(DENOISER)
    assert (network.architecture, network.size, network.channels) == ("mine", 32, 3)
    assert (network.mean, network.std) == ((0, 0, 0), (1, 1, 1))
    odd_BCHW = torch.rand(1, 3, 21, 18)
    assert network(odd_BCHW).shape == odd_BCHW.shape


@pytest.mark.parametrize("decoder", ["unpool", "transpose", "upsample"])
def test_the_decoder_may_be_the_mirror(decoder) -> None:
    network = network_from_description({"encoder": LENET["encoder"], "decoder": decoder})
    x_BCHW = torch.rand(1, 3, 33, 40)
    assert network(x_BCHW).shape == x_BCHW.shape


def test_strides_are_undone_to_the_size_they_were_given() -> None:
    description = {
        "channels": 1,
        "encoder": [{"Conv2d": [1, 4, 3, 2]}, {"MaxPool2d": [3, 2, 1]}],
        "decoder": [{"MaxUnpool2d": [3, 2, 1]}, {"ConvTranspose2d": [4, 1, 3, 2]}],
    }
    network = network_from_description(description)
    for side in range(9, 14):
        assert network(torch.rand(1, 1, side, 20)).shape == (1, 1, side, 20)


def test_a_decoder_that_remembers_nothing_is_interpolated_to_size() -> None:
    description = {"channels": 1, "encoder": [{"Conv2d": [1, 4, 3]}], "decoder": [{"Conv2d": [4, 1, 3]}]}
    network = network_from_description(description)
    assert network(torch.rand(1, 1, 12, 12)).shape == (1, 1, 12, 12)


@pytest.mark.parametrize(
    ("description", "result"),
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
def test_mistakes_are_reported_with_their_place(description, result) -> None:
    with pytest.raises(UsageError, match=result):
        network_from_description(description)


def test_unpooling_without_a_pool_is_refused() -> None:
    description = {"encoder": [{"Conv2d": [3, 4, 3]}], "decoder": [{"MaxUnpool2d": 2}, {"Conv2d": [4, 3, 1]}]}
    with pytest.raises(UnpoolError, match="the decoder undoes 1 pools and strides, the encoder has 0"):
        network_from_description(description)


def test_every_block_the_systems_name_is_there() -> None:
    for dimensions in "123":
        for kind in ("Conv", "ConvTranspose", "MaxPool", "AvgPool", "MaxUnpool"):
            assert f"{kind}{dimensions}d" in LAYERS
    assert {"Linear", "ReLU", "Tanh", "Sigmoid", "GELU"} <= LAYERS.keys()
    assert all(layer.__module__.startswith("torch.nn.modules") for layer in LAYERS.values())


ONE = {"channels": 1, "encoder": [{"Conv2d": [1, 4, 3]}, "ReLU"]}


@pytest.mark.parametrize(
    ("more", "result"),
    [
        ({"size": "28"}, "size is '28', but must be a whole number from 1 to 8192"),
        ({"size": 0}, "size is 0, but must be"),
        ({"size": True}, "size is True, but must be"),
        ({"channels": 2.0}, "channels is 2.0, but must be a whole number"),
        ({"mean": [0.5, 0.5]}, r"mean is \[0.5, 0.5\], but must hold a number for each of 1 channels: \[0.5\]"),
        ({"mean": "0"}, "mean is '0', but must hold"),
        ({"std": 1}, "std is 1, but must hold"),
        ({"std": [0]}, r"std is \[0\], but must be above 0"),
        ({"merge": ["mean"]}, "unknown merge"),
        ({"channels": 3}, "encoder layer 1, Conv2d, cannot take 3×32×32: .*3 channels"),
        ({"size": 2}, "images of 2×2 pixels are too small for described; the smallest it takes are 3×3"),
        ({"encoder": [{"Conv2d": [1, 4, 3]}, {"Conv2d": [8, 2, 3]}]}, "encoder layer 2, Conv2d, cannot take 4×30"),
        ({"encoder": [{"Conv3d": [1, 4, 3]}]}, "encoder layer 1 is Conv3d, but images .* use Conv2d"),
        ({"encoder": [{"Conv1d": [1, 4, 3]}], "decoder": "none"}, "encoder layer 1, Conv1d, cannot take 1×32×32"),
        ({"encoder": ["ReLU"], "decoder": "none"}, "no layer has weights, so there is nothing to train"),
        ({"encoder": [{"Conv2d": ["a", 4, 3]}]}, "encoder layer 1, Conv2d: .*see torch.nn.Conv2d"),
        ({"encoder": [{"Conv2d": "abc"}]}, "encoder layer 1, Conv2d: .*see torch.nn.Conv2d"),
        ({"encoder": [{"Conv2d": [1, 4, -3]}]}, "encoder layer 1, Conv2d"),
        ({"decoder": [{"Conv2d": [3, 1, 1]}]}, "decoder layer 1, Conv2d, cannot take 4×30×30"),
        ({"decoder": [{"Conv2d": [4, 3, 1]}]}, "the decoder gives 3×32×32, but the images are 1×32×32"),
        ({"head": ["Flatten", {"Linear": [7, 2]}]}, "head layer 2, Linear, cannot take 3600"),
        ({"head": ["Flatten", {"Linear": [3600, 2]}, {"Unflatten": [1, [2, 1]]}]}, "the head gives 2×1 for each"),
        ({"encoder": [{"Conv2d": [1, 4, 3]}, {"Flatten": 0}], "decoder": "none"}, "makes 7200 codes of 2 images"),
    ],
)  # fmt: skip
def test_layers_that_do_not_fit_are_reported_with_their_place(more, result) -> None:
    with pytest.raises(UsageError, match=result):
        network_from_description({**ONE, **more})


def test_a_name_with_nothing_behind_it_is_the_name_alone() -> None:
    assert isinstance(
        network_from_description({**ONE, "encoder": [{"Conv2d": [1, 4, 3]}, {"ReLU": None}]}).encoder[1],
        torch.nn.ReLU,
    )


def test_trying_leaves_the_network_as_it_was() -> None:
    layers = [{"Conv2d": [1, 4, 3]}, {"BatchNorm2d": 4}, "ReLU"]
    network = network_from_description({**ONE, "encoder": layers})
    assert network.training
    assert network.encoder[1].num_batches_tracked == 0
    assert not any(module._forward_pre_hooks for module in network.modules())
