"""A text side stays open until another model lies there; the vectors of texts are kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from unpool.actions.words import text_side
from unpool.actions.words.text_side import open_text_side
from unpool.store.state import MODEL
from unpool.training.model_file import JSON, TEXT


class CountingEncoder:
    dimension = 2

    def __init__(self) -> None:
        self.embedded: list[str] = []

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        self.embedded += texts
        return np.array([[len(text), 1] for text in texts], np.float32)


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[CountingEncoder]:
    encoders: list[CountingEncoder] = []

    def load(folder: Path) -> CountingEncoder:
        encoders.append(CountingEncoder())
        return encoders[-1]

    monkeypatch.setattr("unpool.inference.words.text.load_text", load)
    (tmp_path / MODEL).mkdir()
    for name in (JSON, TEXT):
        (tmp_path / MODEL / name).write_text("one")
    return encoders


def test_each_text_is_embedded_once(loaded: list[CountingEncoder], tmp_path: Path) -> None:
    side = open_text_side(tmp_path)
    assert side.embed(["red", "shoe", "red"]).tolist() == [[3, 1], [4, 1], [3, 1]]
    assert open_text_side(tmp_path).embed(["shoe", "hat"]).tolist() == [[4, 1], [3, 1]]
    assert [each.embedded for each in loaded] == [["red", "shoe", "hat"]]
    assert side.embed([]).shape == (0, 2)


def test_another_model_is_loaded(loaded: list[CountingEncoder], tmp_path: Path) -> None:
    open_text_side(tmp_path).embed(["red"])
    (tmp_path / MODEL / TEXT).write_text("another")
    open_text_side(tmp_path).embed(["red"])
    assert [each.embedded for each in loaded] == [["red"], ["red"]]


def test_few_vectors_are_kept(
    loaded: list[CountingEncoder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_side, "NUM_KEPT", 2)
    side = open_text_side(tmp_path)
    assert len(side.embed(["a", "bb", "ccc"])) == 3
    side.embed(["a"])
    side.embed(["ccc"])
    assert loaded[0].embedded == ["a", "bb", "ccc", "a"]
