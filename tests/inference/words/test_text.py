"""The text side of a two-tower model: found, opened, and in one space with the images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from support.two_towers import CAPTIONS, TwoTowers
from unpool.errors import UnpoolError
from unpool.inference.words.text import find_text_space, has_text, load_text

pytest.importorskip("open_clip")


def test_a_caption_finds_its_picture(two_towers: TwoTowers) -> None:
    from PIL import Image

    from unpool.core.progress import Progress
    from unpool.images.reading.in_memory import read_any
    from unpool.inference.model import load_encoder

    loaded = load_encoder(two_towers.model, "cpu", Progress())
    pixels = [
        loaded.preprocessing.fit(read_any(Image.open(two_towers.images / each.file))) for each in CAPTIONS
    ]
    vectors_ND = loaded.encoder(np.stack(pixels))
    texts_ND = load_text(two_towers.model).embed([str(each) for each in CAPTIONS])
    np.testing.assert_allclose(np.linalg.norm(texts_ND, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(vectors_ND, axis=1), 1, atol=1e-5)
    found = (texts_ND @ vectors_ND.T).argmax(axis=1)
    assert (found == np.arange(len(CAPTIONS))).mean() >= 0.9


def test_a_model_of_images_alone_has_no_text(tmp_path: Path) -> None:
    from unpool.networks.catalogue import build_network
    from unpool.training.model_file import save_model

    save_model(tmp_path / "model", build_network("conv", size=8, channels=1, width=4, decoder="none", seed=0))
    assert not has_text(tmp_path)
    assert not has_text(tmp_path / "model")
    assert not has_text(tmp_path / "nothing")
    with pytest.raises(
        UnpoolError, match=r"holds conv, which has no text side; embed with a model that has one: .*"
    ):
        load_text(tmp_path)
    with pytest.raises(
        UnpoolError, match=r"no text side; embed with .* --space words --model open_clip:ViT-B-32/"
    ):
        find_text_space(tmp_path, None)
