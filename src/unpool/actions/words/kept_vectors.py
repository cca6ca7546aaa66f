"""Vectors of word lists, kept once per user.

K texts, D numbers in a vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unpool.actions.words.word_list import WordList
from unpool.core.progress import Progress
from unpool.core.user_cache import kept_folder

if TYPE_CHECKING:
    from unpool.inference.words.text import TextEncoder

FILE = "vectors.npy"
MIN_KEPT = 200  # texts: fewer are embedded sooner than they are worth a folder
AT_A_TIME = 64


def embed_word_list(encoder: TextEncoder, words: WordList, progress: Progress) -> np.ndarray:
    """Embed the texts of a list, or find their vectors.

    Args:
        encoder: The text side of a model.
        words: The list.
        progress: Shows how far it is.

    Returns:
        (K, D) of length one.
    """
    if len(words.texts) < MIN_KEPT:
        return _embed(encoder, words.texts, progress)

    def fill(folder: Path) -> None:
        np.save(folder / FILE, _embed(encoder, words.texts, progress), allow_pickle=False)

    folder = kept_folder(f"words-{encoder.id}-{words.digest}", fill)
    try:
        vectors: np.ndarray = np.load(folder / FILE, allow_pickle=False)
    except (OSError, ValueError):  # damaged, or just cleared
        return _embed(encoder, words.texts, progress)
    if vectors.shape != (len(words.texts), encoder.dimension):
        return _embed(encoder, words.texts, progress)
    return vectors


def _embed(encoder: TextEncoder, texts: Sequence[str], progress: Progress) -> np.ndarray:
    parts = []
    with progress.stage("reading words", len(texts), "texts") as stage:
        for start in range(0, len(texts), AT_A_TIME):
            parts.append(encoder.embed(texts[start : start + AT_A_TIME]))
            stage.reach(min(start + AT_A_TIME, len(texts)), len(texts))
    return np.concatenate(parts)
