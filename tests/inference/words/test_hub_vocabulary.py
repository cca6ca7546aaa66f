"""Tokenizers that two-tower models bring: where they lie, and what goes with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unpool.errors import UnpoolError
from unpool.inference.words.hub_vocabulary import copy_vocabulary
from unpool.inference.words.tokens import Tokenizer, TokenSettings

pytest.importorskip("tokenizers")
pytest.importorskip("ftfy")
WORDS = ("[UNK]", "[END]", "[PAD]", "red", "shoe")
UNKNOWN, END, PAD, RED, SHOE = range(5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    from tokenizers import Tokenizer as Vocabulary
    from tokenizers import models, pre_tokenizers, processors

    vocabulary = Vocabulary(models.WordLevel({word: number for number, word in enumerate(WORDS)}, "[UNK]"))
    vocabulary.pre_tokenizer = pre_tokenizers.Whitespace()
    vocabulary.post_processor = processors.TemplateProcessing(
        single="$A [END]", special_tokens=[("[END]", END)]
    )
    source = tmp_path / "source"
    source.mkdir()
    vocabulary.save(str(source / "tokenizer.json"))
    stated = {"pad_token": {"content": "[PAD]"}, "sep_token": "[END]"}
    (source / "tokenizer_config.json").write_text(json.dumps(stated))
    return source


def take(folder: Path, **config: Any) -> TokenSettings:
    stated = {"hf_tokenizer_name": "somebody/model", **config}
    return copy_vocabulary(stated, 4, folder, folder / "copy.json")


def test_a_local_tokenizer_is_copied_with_its_padding_and_cleaning(folder: Path) -> None:
    settings = take(folder, tokenizer_kwargs={"clean": "canonicalize"})
    assert settings == TokenSettings(4, "canonicalize", pad=PAD)
    tokens = Tokenizer(folder / "copy.json", settings)(["Red_shoe!"])
    np.testing.assert_array_equal(tokens, [[RED, SHOE, END, PAD]])


def test_words_keep_their_case_where_nothing_else_is_stated(folder: Path) -> None:
    settings = take(folder)
    assert settings == TokenSettings(4, "whitespace", pad=PAD)
    np.testing.assert_array_equal(
        Tokenizer(folder / "copy.json", settings)(["Red shoe"]), [[UNKNOWN, SHOE, END, PAD]]
    )


def test_a_separator_can_be_stripped(folder: Path) -> None:
    settings = take(folder, tokenizer_kwargs={"strip_sep_token": True})
    np.testing.assert_array_equal(Tokenizer(folder / "copy.json", settings)(["red"]), [[RED, 0, PAD, PAD]])


def test_what_is_not_supported_is_named(folder: Path) -> None:
    with pytest.raises(UnpoolError, match="tokenizers of mode 'clips' are not supported"):
        take(folder, tokenizer_mode="clips")
    with pytest.raises(UnpoolError, match="texts cleaned by 'upper' are not supported; known are lower"):
        take(folder, tokenizer_kwargs={"clean": "upper"})
    (folder / "tokenizer_config.json").write_text('{"padding_side": "left"}')
    with pytest.raises(UnpoolError, match="filled up on the left are not supported"):
        take(folder)
    (folder / "tokenizer_config.json").write_text('{"pad_token": "<none>"}')
    with pytest.raises(UnpoolError, match="has no token '<none>', its pad_token"):
        take(folder)
    (folder / "tokenizer_config.json").write_text("{")
    with pytest.raises(UnpoolError, match=r"tokenizer_config\.json is damaged"):
        take(folder)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(
        UnpoolError, match=r"put tokenizer.json of somebody/model into .*source, and embed again"
    ):
        take(folder)


def test_without_a_network_the_missing_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(
        UnpoolError, match=r"could not be fetched \(.*\): put tokenizer.json of https://huggingface.co/nobody"
    ):
        copy_vocabulary({"hf_tokenizer_name": "nobody/nothing"}, 4, None, tmp_path / "tokenizer.json")
