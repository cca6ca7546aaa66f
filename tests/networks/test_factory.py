"""Networks of the catalogue are built by name, or refused with what to do."""

from __future__ import annotations

import pytest
from torch import nn

from unpool.errors import UnpoolError, UsageError
from unpool.networks.autoencoder import Autoencoder
from unpool.networks.catalogue import CATALOGUE
from unpool.networks.classifier import Classifier
from unpool.networks.decoders.base import NoDecoder
from unpool.networks.factory import build


def network_of(
    name: str, form: str | None = None, num_classes: int | None = None, size: int | None = None
) -> Autoencoder:
    entry = CATALOGUE[name]
    return build(name, entry, size or entry.size, entry.channels, 8, form, num_classes)


def test_lenet_is_a_classifier_of_ten_and_a_mirror_on_request() -> None:
    lenet = network_of("lenet")
    assert isinstance(lenet, Classifier)
    assert sum(parameter.numel() for parameter in lenet.parameters()) == 62_006
    assert not isinstance(network_of("lenet", "unpool"), Classifier)


def test_a_number_of_classes_gives_any_network_a_head() -> None:
    network = network_of("conv-small", num_classes=7)
    assert isinstance(network, Classifier)
    assert isinstance(network.decoder, NoDecoder)
    assert isinstance(network.head, nn.Linear)
    assert network.head.out_features == 7


@pytest.mark.parametrize(
    ("name", "form", "num_classes", "size", "message"),
    [
        ("lenet", "unpool", 3, None, "decoder 'unpool' and num_classes 3 exclude each other"),
        ("dense", "upsample", None, None, "dense has nothing to upsample: it has no pooling"),
        ("efficientnet-lite0", "unpool", None, None, "cannot be mirrored, so has nothing to unpool"),
        ("conv-small", "upsampel", None, None, "unknown decoder 'upsampel'; did you mean 'upsample'"),
        ("lenet", None, None, 9, "size 9 is too small for lenet; the smallest it takes is"),
    ],
)
def test_what_cannot_be_built_is_named(
    name: str, form: str | None, num_classes: int | None, size: int | None, message: str
) -> None:
    with pytest.raises((UsageError, UnpoolError), match=message):
        network_of(name, form, num_classes, size)
