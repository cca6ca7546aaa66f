"""A head on a network's code: saved and loaded with it, and trained over codes that are known already."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torch import nn

from unpool.errors import UsageError
from unpool.networks.autoencoder import Autoencoder
from unpool.networks.catalogue import build_network
from unpool.networks.classifier import Classifier
from unpool.networks.decoders.base import NoDecoder
from unpool.networks.description import network_from_description
from unpool.networks.head import Head, NetworkWithHead, with_head
from unpool.training.model_file import load_model, save_model

DESCRIBED = {"size": 8, "channels": 1, "encoder": [{"Conv2d": [1, 4, 3]}, "ReLU"], "decoder": "transpose"}


def networks() -> dict[str, Autoencoder]:
    return {
        "catalogue": build_network("conv", size=8, channels=1, width=4),
        "classes": build_network("conv", size=8, channels=1, width=4, num_classes=3),
        "described": network_from_description(DESCRIBED),
    }


@pytest.mark.parametrize("name", ["catalogue", "classes", "described"])
def test_what_is_saved_embeds_the_same(name: str, tmp_path: Path) -> None:
    network = networks()[name].eval()
    adapted = with_head(network, 5).eval()
    save_model(tmp_path, adapted)
    again = load_model(tmp_path)
    x_BCHW = torch.rand(3, 1, 8, 8)
    assert isinstance(again, NetworkWithHead)
    assert again.dimension() == 5
    torch.testing.assert_close(again.embed(x_BCHW), adapted.embed(x_BCHW))
    torch.testing.assert_close(again.encode(x_BCHW), network.encode(x_BCHW))


def test_the_decoder_stays_and_a_classifier_has_none() -> None:
    made = networks()
    assert with_head(made["catalogue"], 5)(torch.rand(2, 1, 8, 8)).shape == (2, 1, 8, 8)
    assert isinstance(made["classes"], Classifier)
    assert isinstance(with_head(made["classes"], 5).decoder, NoDecoder)


def test_a_head_is_put_on_once_and_has_two_numbers_at_least() -> None:
    adapted = with_head(networks()["catalogue"], 5)
    assert with_head(adapted, 7) is adapted
    with pytest.raises(UsageError, match="head 1 leaves vectors that all lie on a line; give at least 2"):
        with_head(networks()["catalogue"], 1)


def test_a_head_begins_with_the_principal_directions() -> None:
    """All directions kept: the angles between centred codes are those between vectors."""
    network = Autoencoder(nn.Conv2d(3, 6, 3), merge="mean")
    head = Head(with_head(network, 6))
    code_ND = torch.from_numpy(np.random.default_rng(0).normal(size=(50, 6)).astype(np.float32))
    before_NE = head.embed(code_ND)
    head.start(code_ND)
    vector_NE = head.embed(code_ND)
    unit_ND = code_ND / code_ND.norm(dim=1, keepdim=True)
    wanted_NN = _cosines(unit_ND - unit_ND.mean(dim=0))
    torch.testing.assert_close(_cosines(vector_NE), wanted_NN, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(_cosines(before_NE), wanted_NN, atol=0.1)


def test_a_smaller_head_begins_with_the_first_of_them() -> None:
    """Against scikit-learn, whose directions may point the other way."""
    chance = np.random.default_rng(0)
    code_ND = (chance.normal(size=(200, 6)) * [5, 3, 1, 0.5, 0.2, 0.1] + 4).astype(np.float32)
    head = Head(with_head(Autoencoder(nn.Conv2d(3, 6, 3), merge="mean"), 2))
    head.start(torch.from_numpy(code_ND))
    vector_N2 = head.embed(torch.from_numpy(code_ND)).detach().numpy()
    wanted_N2 = PCA(2).fit_transform(code_ND / np.linalg.norm(code_ND, axis=1, keepdims=True))
    for own_N, wanted_N in zip(vector_N2.T, wanted_N2.T, strict=True):
        assert abs(np.corrcoef(own_N, wanted_N)[0, 1]) > 0.999


def test_training_the_head_trains_the_network() -> None:
    adapted = with_head(networks()["catalogue"], 5)
    with torch.no_grad():
        Head(adapted).head.weight.fill_(2.0)
    assert bool((adapted.head.weight == 2).all())


def _cosines(vector_NE: torch.Tensor) -> torch.Tensor:
    unit_NE = vector_NE / vector_NE.norm(dim=1, keepdim=True)
    return unit_NE @ unit_NE.T
