"""Any encoder under a head of class scores."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from unpool.errors import UsageError
from unpool.networks.autoencoder import Autoencoder
from unpool.networks.catalogue import CATALOGUE, build_network
from unpool.networks.classifier import Classifier, with_classes
from unpool.networks.decoders.base import NoDecoder

SMALL = {
    "vgg11-bn": 32,
    "vgg13-bn": 32,
    "vgg16-bn": 32,
    "vgg19-bn": 32,
    "resnet18": 64,
    "efficientnet-lite0": 64,
}


@pytest.mark.parametrize("name", [*CATALOGUE, "mobilenetv3_small_050", "mnasnet0_5"])
def test_every_network_takes_classes(name) -> None:
    size = SMALL.get(name, 64 if name not in CATALOGUE else None)
    network = build_network(name, size=size, num_classes=7, seed=0).eval()
    assert isinstance(network, Classifier)
    assert isinstance(network.decoder, NoDecoder)
    assert not list(network.decoder.parameters())
    x_BCHW = torch.randn(2, network.channels, network.size, network.size)
    with torch.no_grad():
        scores_BK, code = network(x_BCHW), network.encode(x_BCHW)
        assert scores_BK.shape == (2, 7)
        if name != "lenet":
            vector_BD = code.flatten(2).mean(2) if network.merge == "mean" else code.flatten(1)
            torch.testing.assert_close(scores_BK, F.linear(vector_BD, network.head.weight, network.head.bias))


@pytest.mark.parametrize("name", ["conv", "dense", "resnet18"])
def test_without_classes_there_is_no_head(name) -> None:
    assert not isinstance(build_network(name), Classifier)


def test_lenet_is_a_classifier_unless_a_decoder_is_asked_for() -> None:
    assert build_network("lenet").head[-1].out_features == 10
    assert build_network("lenet", num_classes=3).head[-1].out_features == 3
    assert len(build_network("lenet", num_classes=3).head) == 5
    for decoder in ("unpool", "transpose", "upsample", "none"):
        assert type(build_network("lenet", decoder=decoder)) is Autoencoder


@pytest.mark.parametrize("init", ["default", "xavier", "kaiming"])
def test_the_seed_and_the_initialisation_hold_for_the_head_too(init) -> None:
    first, again = (build_network("conv", size=8, num_classes=50, init=init, seed=3) for _ in range(2))
    other = build_network("conv", size=8, num_classes=50, init=init, seed=4)
    assert all(torch.equal(value, again.state_dict()[key]) for key, value in first.state_dict().items())
    assert not torch.equal(first.head.weight, other.head.weight)
    if init == "xavier":
        assert first.head.weight.std().item() == pytest.approx(0.1, rel=0.05)
        assert first.head.bias.abs().max() == 0


def test_the_encoder_is_the_one_of_the_autoencoder() -> None:
    whole, classifier = (build_network("conv", size=16, num_classes=k, seed=0) for k in (None, 5))
    assert all(
        torch.equal(v, classifier.encoder.state_dict()[k]) for k, v in whole.encoder.state_dict().items()
    )


def test_a_head_stands_where_its_encoder_does() -> None:
    network = Autoencoder(nn.Sequential(nn.Conv2d(3, 4, 3)), merge="mean").double()
    classifier = with_classes(network, 2)
    assert classifier.head.weight.dtype == torch.float64
    assert classifier.merge == "mean"
    assert isinstance(classifier.decoder, NoDecoder)
    assert isinstance(network.decoder, nn.Module)


@pytest.mark.parametrize("name", ["conv", "lenet", "resnet18"])
@pytest.mark.parametrize("num_classes", [1, 0, -3])
def test_fewer_than_two_classes_are_refused(name, num_classes) -> None:
    with pytest.raises(UsageError, match=f"num_classes {num_classes} leaves nothing to distinguish; give at"):
        build_network(name, num_classes=num_classes)


def test_a_decoder_and_classes_exclude_each_other() -> None:
    with pytest.raises(UsageError, match="decoder 'unpool' and num_classes 4 exclude each other"):
        build_network("conv", decoder="unpool", num_classes=4)
    assert isinstance(build_network("conv", decoder="none", num_classes=4), Classifier)
