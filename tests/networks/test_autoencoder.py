"""Autoencoders of one's own parts, the leak of the switches, classifiers, upsampling."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from unpool.errors import UnpoolError, UsageError
from unpool.networks.autoencoder import Autoencoder, Preprocessing, merge_code, smallest_input
from unpool.networks.catalogue import build_network
from unpool.networks.classifier import Classifier, with_classes
from unpool.networks.layers.evaluation import evaluating


def small_encoder() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2, return_indices=True)
    )


def test_the_users_pool_may_return_indices_and_stays_as_it_is() -> None:
    encoder = small_encoder()
    autoencoder = Autoencoder(encoder)
    x_BCHW = torch.rand(2, 2, 9, 12)
    assert autoencoder(x_BCHW).shape == x_BCHW.shape
    assert autoencoder.encode(x_BCHW).shape == (2, 4, 3, 5)
    assert autoencoder.encoder is encoder
    assert encoder[3].return_indices is True
    assert autoencoder.channels == 2


def test_switches_leak_and_fixed_positions_do_not() -> None:
    """From a code with nothing in it the indices still draw the image; without them nothing is left."""
    encoder = nn.Sequential(nn.Conv2d(1, 1, 1), nn.MaxPool2d(2))
    autoencoder = Autoencoder(encoder)
    one, other = torch.rand(1, 1, 8, 8), torch.rand(1, 1, 8, 8)
    empty = torch.ones(1, 1, 4, 4)
    (_, pools_one), (_, pools_other) = (autoencoder.encode(x, return_pools=True) for x in (one, other))
    assert not torch.equal(autoencoder.decode(empty, pools_one), autoencoder.decode(empty, pools_other))
    drawn = autoencoder.decode(empty, size=(8, 8))
    assert torch.equal(drawn, autoencoder.decode(empty, size=8))
    assert torch.equal(drawn, autoencoder.decode(empty))


def test_forward_without_indices_decodes_the_code_alone() -> None:
    autoencoder = Autoencoder(nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(2)), use_indices=False)
    x_BCHW = torch.rand(1, 1, 11, 10)
    expected = autoencoder.decode(autoencoder.encode(x_BCHW), size=(11, 10))
    assert torch.equal(autoencoder(x_BCHW), expected)
    autoencoder.use_indices = True
    assert not torch.equal(autoencoder(x_BCHW), expected)


def test_merging() -> None:
    code = torch.arange(12.0).reshape(1, 2, 2, 3)
    assert merge_code(code, "mean").tolist() == [[2.5, 8.5]]
    assert merge_code(code, "flatten").tolist() == [list(range(12))]
    assert merge_code(torch.ones(2, 5), "mean").shape == (2, 5)
    with pytest.raises(UsageError, match="unknown merge 'max'"):
        Autoencoder(small_encoder(), merge="max")


def test_images_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UnpoolError, match=r"of 20×31 pixels are too small for vgg11-bn; .* are 32×32"):
        build_network("vgg11-bn").encode(torch.rand(1, 3, 20, 31))
    with pytest.raises(UnpoolError, match="conv-small takes images of 1 channels, got 3"):
        build_network("conv-small")(torch.rand(1, 3, 28, 28))
    with pytest.raises(UnpoolError, match="dense takes images of 28×28 pixels, got 28×30"):
        build_network("dense")(torch.rand(1, 1, 28, 30))


@pytest.mark.parametrize("name", ["conv-small", "vgg11-bn", "lenet", "conv"])
def test_the_smallest_input_is_the_smallest(name) -> None:
    encoder = build_network(name, decoder="none").encoder.eval()
    channels = next(encoder.parameters()).shape[1]
    smallest = smallest_input(encoder)
    assert smallest is not None
    with torch.no_grad():
        assert encoder(torch.zeros(1, channels, *smallest)).shape[2:] == (1, 1)
        with pytest.raises(RuntimeError):
            encoder(torch.zeros(1, channels, smallest[0] - 1, smallest[1]))


def test_measuring_leaves_every_mode_as_it_was() -> None:
    autoencoder = Autoencoder(small_encoder(), preprocessing=Preprocessing(size=12, channels=2))
    autoencoder.encoder[1].eval()
    running = autoencoder.encoder[1].running_mean.clone()
    before = [module.training for module in autoencoder.modules()]
    assert autoencoder.dimension() == 100
    with pytest.raises(KeyError), evaluating(autoencoder):
        raise KeyError
    assert [module.training for module in autoencoder.modules()] == before
    assert torch.equal(autoencoder.encoder[1].running_mean, running)


def test_any_network_becomes_a_classifier_of_its_own_encoder() -> None:
    network = build_network("conv", size=16, channels=1)
    classifier = with_classes(network, 7)
    assert isinstance(classifier, Classifier)
    assert classifier.encoder is network.encoder
    x_BCHW = torch.rand(2, 1, 16, 16)
    classifier.eval()
    assert torch.equal(classifier(x_BCHW), classifier.head(classifier.embed(x_BCHW)))
    assert classifier(x_BCHW).shape == (2, 7)
