"""Every network of the catalogue under the contract that all of them share."""

from __future__ import annotations

from contracts.networks import ClassifierContract, NetworkContract
from unpool.networks.catalogue import names


class TestConv(NetworkContract):
    name, size = "conv", 28


class TestConvUpsample(NetworkContract):
    name, size, decoder = "conv", 16, "upsample"


class TestConvTranspose(NetworkContract):
    name, size, decoder = "conv", 16, "transpose"


class TestConvSmall(NetworkContract):
    name, parameters = "conv-small", 50_161


class TestConvSmallUnpool(NetworkContract):
    name, decoder = "conv-small", "unpool"


class TestConvSmallTranspose(NetworkContract):
    name, decoder = "conv-small", "transpose"


class TestDense(NetworkContract):
    name, takes_any_size = "dense", False


class TestUnpooling(NetworkContract):
    name, parameters = "unpooling", 20


class TestStrided(NetworkContract):
    name, parameters = "strided", 30


class TestDenoiser(NetworkContract):
    name, parameters = "denoiser", 3_267


class TestSequence(NetworkContract):
    name, parameters, takes_any_size = "sequence", 11_707_999, False


class TestSequenceUpsample(NetworkContract):
    name, size, decoder, takes_any_size = "sequence", 12, "upsample", False


class TestLenetMirrored(NetworkContract):
    name, decoder = "lenet", "unpool"


class TestVgg16(NetworkContract):
    name, size, parameters = "vgg16-bn", 64, 29_444_739


class TestVgg11Upsample(NetworkContract):
    name, size, decoder = "vgg11-bn", 64, "upsample"


class TestResnet18(NetworkContract):
    name, size = "resnet18", 64


class TestResnet18Transpose(NetworkContract):
    name, size, decoder = "resnet18", 64, "transpose"


class TestEfficientnetLite0(NetworkContract):
    name, size = "efficientnet-lite0", 64


class TestLenet(ClassifierContract):
    name, parameters = "lenet", 62_006


def test_every_network_is_under_contract() -> None:
    """VGG 13 and 19 differ from 11 and 16 in their depth alone; their parameters are checked elsewhere."""
    held = {kind.name for kind in [*NetworkContract.__subclasses__(), *ClassifierContract.__subclasses__()]}
    assert set(names()) - held == {"vgg13-bn", "vgg19-bn"}
