"""A workspace whose vectors have a number for each word, and a text side that knows these words alone.

Real text sides are those of `support.two_towers`; this one needs no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from unpool.store.state import write_state
from unpool.store.table import ImageTable

WORDS = ("red", "blue", "circle", "square")
PATHS = ("blue circle.png", "blue square.png", "red circle.png", "red square.png")
MAX_WORDS = 5


class PlainText:
    """A text is the sum of its words; the longest that is read has `MAX_WORDS` of them."""

    dimension = len(WORDS)

    def __init__(self) -> None:
        self.embedded: list[str] = []

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        self.embedded += texts
        return np.array([embed_words(text) for text in texts])

    def find_cut(self, texts: Sequence[str]) -> list[int]:
        return [place for place, text in enumerate(texts) if len(text.split()) > MAX_WORDS]


def embed_words(text: str) -> np.ndarray:
    """A unit vector; 0.1 for each word that is not there keeps texts of unknown words from being zero."""
    vector = np.array([0.1 + (word in text.split()) for word in WORDS], np.float32)
    unit: np.ndarray = vector / np.linalg.norm(vector)
    return unit


def make_workspace(work: Path) -> Path:
    """Make a workspace of the images in `PATHS`, without a model."""
    table = ImageTable.create(work)
    table.upsert([{"path": path, "status": "ok"} for path in PATHS])
    table.reset_vectors(len(WORDS))
    vectors = [embed_words(path.removesuffix(".png")) for path in PATHS]
    table.update(PATHS, {"vector": np.array(vectors)})
    write_state(work, images=str(work.parent / "images"))
    return work


def give_text_side(monkeypatch: pytest.MonkeyPatch, folder: Path) -> PlainText:
    """Let the vectors of a workspace or space have this text side."""
    side = PlainText()
    monkeypatch.setattr("unpool.inference.words.text.find_text_space", lambda work, space: folder)
    monkeypatch.setattr("unpool.inference.words.text.load_text", lambda folder: side)
    return side
