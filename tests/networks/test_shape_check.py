"""Layers that do not fit are named before any image is read."""

from __future__ import annotations

import pytest
from torch import Tensor, nn

from unpool.errors import UsageError
from unpool.networks.autoencoder import Autoencoder
from unpool.networks.classifier import Classifier
from unpool.networks.decoders.base import NoDecoder
from unpool.networks.preprocessing import Preprocessing
from unpool.networks.shape_check import check_layers_fit

PREP = Preprocessing(size=8)


class Flattening(nn.Module):
    """Loses the batch."""

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten()


def autoencoder(encoder: nn.Module, decoder: nn.Module) -> Autoencoder:
    return Autoencoder(encoder, decoder, preprocessing=PREP)


def test_what_fits_passes_and_leaves_no_hooks_and_the_mode() -> None:
    conv = nn.Conv2d(3, 3, 3, padding=1)
    network = autoencoder(conv, nn.Identity()).train()
    check_layers_fit(network, {conv: "layer 1"})
    assert not conv._forward_pre_hooks
    assert network.training


@pytest.mark.parametrize(
    ("encoder", "decoder", "message"),
    [
        (nn.Sequential(nn.Conv2d(3, 4, 3)), nn.Conv2d(5, 3, 1), r"cannot take"),
        (nn.Conv2d(3, 4, 1), nn.Identity(), r"the decoder gives 4×8×8, but the images are 3×8×8"),
        (nn.Sequential(nn.Conv2d(3, 4, 1), Flattening()), NoDecoder(), r"makes 512 codes of 2 images"),
    ],
)
def test_what_does_not_fit_is_named(encoder: nn.Module, decoder: nn.Module, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_layers_fit(autoencoder(encoder, decoder), {encoder: "the encoder"})


def test_the_layer_and_what_came_in_are_named() -> None:
    layers = [nn.Conv2d(3, 4, 3), nn.Linear(99, 2)]
    network = autoencoder(nn.Sequential(*layers), nn.Identity())
    with pytest.raises(UsageError, match=r"layer 2 cannot take 4×6×6: mat1 and mat2"):
        check_layers_fit(network, {layers[0]: "layer 1", layers[1]: "layer 2"})
    assert not any(layer._forward_pre_hooks for layer in layers)


def test_a_head_must_give_scores() -> None:
    network = Classifier(nn.Conv2d(3, 4, 3), nn.Unflatten(1, (4, 36)), preprocessing=PREP)
    with pytest.raises(UsageError, match="must give one score for each class; end it with Linear"):
        check_layers_fit(network, {})
