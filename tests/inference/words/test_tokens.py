"""Texts to tokens: cleaning, filling up, cutting."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from unpool.errors import UnpoolError
from unpool.inference.words.tokens import Tokenizer, TokenSettings, clean_text

pytest.importorskip("tokenizers")
pytest.importorskip("ftfy")

WORDS = ("[PAD]", "[UNK]", "[END]", "red", "shoe", "on", "grass")
PAD, UNKNOWN, END, RED, SHOE, ON, GRASS = range(7)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A vocabulary of whole words whose texts end with [END]."""
    from tokenizers import Tokenizer as Vocabulary
    from tokenizers import models, pre_tokenizers, processors

    vocabulary = Vocabulary(models.WordLevel({word: number for number, word in enumerate(WORDS)}, "[UNK]"))
    vocabulary.pre_tokenizer = pre_tokenizers.Whitespace()
    vocabulary.post_processor = processors.TemplateProcessing(
        single="$A [END]", special_tokens=[("[END]", END)]
    )
    vocabulary.save(str(tmp_path / "tokenizer.json"))
    return tmp_path / "tokenizer.json"


def test_short_texts_are_filled_up_and_long_ones_cut_before_their_end(file: Path) -> None:
    tokenizer = Tokenizer(file, TokenSettings(4, pad=PAD))
    texts = ["Red  shoe", "red shoe on grass", "", "a red"]
    expected = [[RED, SHOE, END, PAD], [RED, SHOE, ON, END], [END, PAD, PAD, PAD], [UNKNOWN, RED, END, PAD]]
    np.testing.assert_array_equal(tokenizer(texts), expected)
    assert tokenizer(texts).dtype == np.int64
    assert tokenizer.find_cut(texts) == [1]


def test_a_model_that_takes_short_texts_gets_no_more_than_the_longest_needs(file: Path) -> None:
    tokenizer = Tokenizer(file, TokenSettings(77, pad=PAD, is_short=True))
    np.testing.assert_array_equal(tokenizer(["red shoe", "on"]), [[RED, SHOE, END], [ON, END, PAD]])
    assert tokenizer([]).shape == (0, 2)
    assert tokenizer([""]).shape == (1, 2)


def test_a_token_can_be_zeroed(file: Path) -> None:
    tokenizer = Tokenizer(file, TokenSettings(3, pad=UNKNOWN, zeroed=END))
    np.testing.assert_array_equal(tokenizer(["red"]), [[RED, 0, UNKNOWN]])


@pytest.mark.parametrize(
    ("clean", "expected"),
    [
        ("lower", "fish & chips, café_a"),
        ("whitespace", "Fish & Chips, café_A"),
        ("canonicalize", "fish chips café a"),
    ],
)
def test_texts_are_cleaned(clean: str, expected: str) -> None:
    assert clean_text(" Fish &amp;amp;\n Chips,\tcafÃ©_A ", clean) == expected


def test_settings_survive_json() -> None:
    settings = TokenSettings(64, "canonicalize", 1, 102, True)
    assert TokenSettings.from_dict(settings.to_dict()) == settings


def test_a_damaged_file_is_an_error_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(
        UnpoolError, match=r"tokenizer\.json is no tokenizer that can be read \(.*\); embed again"
    ):
        Tokenizer(tmp_path / "tokenizer.json", TokenSettings(4))


@pytest.mark.parametrize("package", ["tokenizers", "ftfy"])
def test_a_missing_library_is_named(package: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        UnpoolError, match=rf"the package {package}, which is not installed; pip install 'unpool"
    ):
        Tokenizer(file, TokenSettings(4))(["red"])
