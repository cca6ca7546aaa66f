"""Vectors of a long list are computed once per user and model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from support.plain_words import PlainText
from unpool.actions.words.kept_vectors import FILE, MIN_KEPT, embed_word_list
from unpool.actions.words.word_list import WordList
from unpool.core.progress import Progress
from unpool.core.user_cache import clear_entries, list_entries


def make_list(count: int) -> WordList:
    texts = tuple(f"red {number}" for number in range(count))
    return WordList("test", texts, texts)


@pytest.fixture
def encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PlainText:
    monkeypatch.setenv("UNPOOL_CACHE", str(tmp_path / "cache"))
    side = PlainText()
    side.id = "plain"  # type: ignore[attr-defined]
    return side


def embed(encoder: PlainText, words: WordList) -> np.ndarray:
    return embed_word_list(encoder, words, Progress())  # type: ignore[arg-type]


def test_a_long_list_is_embedded_once(encoder: PlainText) -> None:
    words = make_list(MIN_KEPT)
    first = embed(encoder, words)
    assert len(encoder.embedded) == MIN_KEPT
    assert np.array_equal(embed(encoder, words), first)
    assert len(encoder.embedded) == MIN_KEPT
    assert [entry["name"].startswith("words-plain-") for entry in list_entries()] == [True]
    assert clear_entries() > 0
    embed(encoder, words)
    assert len(encoder.embedded) == 2 * MIN_KEPT


def test_another_model_or_list_is_embedded_anew(encoder: PlainText) -> None:
    embed(encoder, make_list(MIN_KEPT))
    embed(encoder, make_list(MIN_KEPT + 1))
    encoder.id = "other"  # type: ignore[attr-defined]
    embed(encoder, make_list(MIN_KEPT))
    assert len(list_entries()) == 3


def test_a_short_list_is_not_kept(encoder: PlainText) -> None:
    embed(encoder, make_list(MIN_KEPT - 1))
    assert list_entries() == []


def test_a_damaged_file_is_not_used(encoder: PlainText, tmp_path: Path) -> None:
    words = make_list(MIN_KEPT)
    first = embed(encoder, words)
    (file,) = (tmp_path / "cache").glob(f"*/{FILE}")
    file.write_bytes(b"\x80\x04broken")
    assert np.array_equal(embed(encoder, words), first)


@pytest.mark.parametrize("shape", [(MIN_KEPT - 1, 9), (MIN_KEPT, 9), (MIN_KEPT,)])
def test_vectors_of_another_shape_are_not_used(
    encoder: PlainText, tmp_path: Path, shape: tuple[int, ...]
) -> None:
    words = make_list(MIN_KEPT)
    first = embed(encoder, words)
    assert first.shape not in (shape, shape[:1])
    (file,) = (tmp_path / "cache").glob(f"*/{FILE}")
    np.save(file, np.zeros(shape, np.float32))
    assert np.array_equal(embed(encoder, words), first)
    np.save(file, np.zeros((MIN_KEPT + 1, first.shape[1]), np.float32))
    assert np.array_equal(embed(encoder, words), first)
