"""The text side of a two-tower model: found, opened, and in one space with the images."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from support.two_towers import CAPTIONS, TwoTowers
from unpool.errors import UnpoolError, UsageError
from unpool.inference.words.text import find_text_space, has_text, load_text
from unpool.training.foreign_model import change_description
from unpool.training.model_file import describe_model

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


def test_another_text_side_has_another_id(two_towers: TwoTowers, tmp_path: Path) -> None:
    shutil.copytree(two_towers.model, tmp_path / "model")
    before = load_text(tmp_path / "model").id
    assert before == load_text(two_towers.model).id
    stored = describe_model(tmp_path / "model")["text"]
    change_description(tmp_path / "model", text=stored | {"weights": "0123456789abc"})
    assert (
        load_text(tmp_path / "model").id != before
    )  # or vectors of words that are kept would be of the old one


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


def test_the_only_space_with_words_is_found(two_towers: TwoTowers, tmp_path: Path) -> None:
    work = tmp_path / "a.unpool"
    (work / "images.lance").mkdir(parents=True)
    (work / "spaces" / "look").mkdir(parents=True)
    shutil.copytree(two_towers.model, work / "spaces" / "words" / "model")
    assert find_text_space(work, None) == work / "spaces" / "words"
    assert find_text_space(work / "spaces" / "look", None) == work / "spaces" / "words"
    assert find_text_space(work, "words") == work / "spaces" / "words"
    with pytest.raises(UnpoolError, match=r"the vectors of space 'look' in .* have no text side; embed with"):
        find_text_space(work, "look")
    with pytest.raises(UsageError, match="has no space 'others'"):
        find_text_space(work, "others")
    shutil.copytree(two_towers.model, work / "spaces" / "more" / "model")
    with pytest.raises(UnpoolError, match="have a text side: more, words; name one with --space"):
        find_text_space(work, None)
    shutil.copytree(two_towers.model, work / "model")
    assert find_text_space(work, None) == work


def test_a_damaged_text_side_is_an_error_of_one_line(two_towers: TwoTowers, tmp_path: Path) -> None:
    folder = shutil.copytree(two_towers.model, tmp_path / "model")
    (folder / "text.onnx").write_bytes(b"no graph")
    with pytest.raises(UnpoolError, match=r"text\.onnx cannot be read as an ONNX text encoder"):
        load_text(folder)
    described = json.loads((folder / "model.json").read_text("utf-8"))
    del described["text"]["scale"]
    (folder / "model.json").write_text(json.dumps(described), "utf-8")
    with pytest.raises(UnpoolError, match=r"model\.json describes no text side \('scale'\); embed again"):
        load_text(folder)


def test_many_texts_come_in_their_order(two_towers: TwoTowers) -> None:
    text = load_text(two_towers.model)
    many = [f"{number} red circles" for number in range(130)]
    vectors_KD = text.embed(many)
    np.testing.assert_allclose(vectors_KD[129], text.embed([many[129]])[0], atol=1e-5)
    assert text.embed([]).shape == (0, text.dimension)
    assert text.id.startswith("open_clip:")
