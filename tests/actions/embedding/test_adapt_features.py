"""A head on pretrained features: neighbours, and how many images it is trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unpool.actions.embedding.adapt_features import adapt, embed_codes, train_head
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.images.source import FolderSource
from unpool.networks.catalogue import build_network
from unpool.networks.head import Head
from unpool.training.model_file import save_model


def contrast_of(vector_ND: np.ndarray, kind_N: np.ndarray) -> float:
    """How much nearer images of one kind are than images of two, as a difference of cosines."""
    unit_ND = vector_ND / np.linalg.norm(vector_ND, axis=1, keepdims=True)
    cosine_NN, same_NN = unit_ND @ unit_ND.T, kind_N[:, None] == kind_N
    return float(cosine_NN[same_NN].mean() - cosine_NN[~same_NN].mean())


def test_the_head_draws_neighbours_together() -> None:
    network = build_network("conv", size=8, width=4, decoder="none", seed=0)
    rng, kind_N = np.random.default_rng(0), np.arange(44) % 4
    centre_KD = rng.normal(size=(4, network.dimension()))
    image_ND = centre_KD[kind_N] + rng.normal(size=(44, centre_KD.shape[1]))
    feature_NVD = (image_ND[:, None] + 0.3 * rng.normal(size=(44, 4, image_ND.shape[1]))).astype(np.float32)
    feature_NVD /= np.linalg.norm(feature_NVD, axis=2, keepdims=True)
    adapted, record = train_head(network, feature_NVD, seed=0, progress=Progress())
    assert record["frozen"]
    assert record["steps"] == record["epochs"][-1]["epoch"]  # one batch an epoch
    after = contrast_of(embed_codes(Head(adapted), feature_NVD[:, 0]), kind_N)
    assert after > contrast_of(feature_NVD[:, 0], kind_N) + 0.1


def test_too_few_images_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for number in range(3):
        Image.new("RGB", (16, 16), (number, 0, 0)).save(tmp_path / "photos" / f"{number}.png")
    save_model(tmp_path / "m", build_network("conv", size=16, channels=3, width=4, decoder="none", seed=0))
    source = FolderSource(tmp_path / "photos")
    with pytest.raises(UnpoolError, match="only 3 of 3 images can be read"):
        adapt(
            tmp_path / "out",
            tmp_path / "m",
            source,
            source.scan().files,
            seed=0,
            workers=1,
            progress=Progress(),
        )
