"""OpenCLIP's tokenizer as a file of the tokenizers library: the same tokens, on hard texts too."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import pytest

from unpool.inference.words.tokens import Tokenizer, TokenSettings
from unpool.inference.words.vocabulary import write_byte_pairs

open_clip = pytest.importorskip("open_clip")

HARD_TEXTS = (
    "a red shoe on grass",
    "",
    "   \t\n ",
    "A Photo Of THE Eiffel-Tower, 1889!!!",
    "it's we're I'VE they'll he'd I'm don't 'S 'T",
    "fish &amp; chips &lt;b&gt; &amp;amp;amp; &quot;",
    "cafÃ© naÃ¯ve — “quotes” … ½ ² ﬁne",
    "café naïve e\u0301 Ångström ÅÄÖ ß ẞ İ ı ſ 'ſ",
    "一双红色的鞋在草地上 犬と猫 고양이 Ελληνικά кошка قطة חתול แมว",
    "emoji 👟🏽👨‍👩‍👧‍👦 🇬🇧 ❤️ ☃",
    "numbers 12345 3.14 1,000 ⅔ Ⅷ ٣ ५ ①",
    "under_score e-mail@example.org https://example.org/a?b=c#d C++ #1 $5 50%",
    "soft\u00adhyphen zero\u200bwidth no\u00a0break \u3000 ideographic \u2028 line",
    "control \x00\x01\x1c\x1f\x7f\x85 ends",
    "supercalifragilisticexpialidocious pneumonoultramicroscopicsilicovolcanoconiosis",
    "word " * 200,
    "x" * 500,
    "!" * 100 + " a" * 100,
    "a\u0300\u0301\u0302\u0303 z̸̢͚a̷l̴g̵o̶",
    "<start_of_text> a <end_of_text> shoe",
    "</w> a</w> Ġ Ä Ģ",
    "\ud7ff \ue000 \uffff \U0001f600 \U000e0041",
)


def compare(clean: str, length: int, texts: list[str], folder: Path, **options: object) -> None:
    source = open_clip.SimpleTokenizer(context_length=length, clean=clean, **options)
    write_byte_pairs(source, folder / "tokenizer.json")
    tokenizer = Tokenizer(folder / "tokenizer.json", TokenSettings(length, clean))
    expected_KL = source(texts).numpy()
    found_KL = tokenizer(texts)
    differs = [texts[row] for row in range(len(texts)) if (found_KL[row] != expected_KL[row]).any()]
    assert (found_KL.shape, differs) == (expected_KL.shape, [])


@pytest.mark.parametrize("clean", ["lower", "whitespace", "canonicalize"])
@pytest.mark.parametrize("length", [77, 8])
def test_the_tokens_are_those_of_the_source(clean: str, length: int, tmp_path: Path) -> None:
    compare(clean, length, list(HARD_TEXTS), tmp_path)


def test_random_texts_have_the_same_tokens(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    ranges = [
        (32, 127),
        (0xA0, 0x250),
        (0x370, 0x530),
        (0x4E00, 0x9FFF),
        (0x2000, 0x2100),
        (0x1F300, 0x1F700),
    ]
    texts = []
    for _ in range(300):
        codes = [int(rng.integers(*ranges[rng.integers(len(ranges))])) for _ in range(rng.integers(1, 30))]
        signs = [chr(code) for code in codes]
        texts.append(
            "".join(sign for sign in signs if unicodedata.category(sign) != "Cn")
        )  # libraries differ there
    compare("lower", 77, texts, tmp_path)


def test_further_special_tokens_are_kept(tmp_path: Path) -> None:
    compare("lower", 20, ["a <class> b", "plain"], tmp_path, additional_special_tokens=["<class>"])
