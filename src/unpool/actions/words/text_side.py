"""A text side that stays loaded between searches."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unpool.errors import UnpoolError
from unpool.store.state import MODEL
from unpool.training.model_file import JSON, TEXT

if TYPE_CHECKING:
    from unpool.inference.words.text import TextEncoder
    from unpool.store.table import ImageTable

NUM_KEPT = 512  # vectors of texts: whoever types gets back to some
Key = tuple[object, ...]

_lock = threading.Lock()
_opened: dict[Key, TextSide] = {}  # the last one


class TextSide:
    """Texts to vectors, those of the last texts kept.

    Attributes:
        encoder: What embeds.
    """

    def __init__(self, encoder: TextEncoder) -> None:
        self.encoder = encoder
        self._kept: OrderedDict[str, np.ndarray] = OrderedDict()
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return unit vectors (K, D) of some texts."""
        with self._lock:
            missing = [text for text in dict.fromkeys(texts) if text not in self._kept]
            if missing:
                self._kept.update(zip(missing, self.encoder.embed(missing), strict=True))
            for text in texts:
                self._kept.move_to_end(text)
            vectors = [self._kept[text] for text in texts]
            while len(self._kept) > NUM_KEPT:
                self._kept.popitem(last=False)
        return np.stack(vectors) if vectors else np.zeros((0, self.encoder.dimension), np.float32)


def open_text_side(folder: Path) -> TextSide:
    """Open a text side, or take the one opened last.

    Args:
        folder: A workspace or space whose model has one.

    Raises:
        UnpoolError: It has none, is damaged, or a library is missing.
    """
    from unpool.inference.words.text import load_text

    key = _key_of(folder)
    with _lock:
        opened = _opened.get(key)
        if opened is None:
            opened = TextSide(load_text(folder))
            _opened.clear()
            _opened[key] = opened
    return opened


def text_side_of(table: ImageTable) -> TextSide:
    """Open the text side of a table's vectors.

    Args:
        table: Of a workspace or space whose model has one.

    Raises:
        UnpoolError: It has none, is damaged, a library is missing, or its vectors have another length.
    """
    side = open_text_side(table.work)
    if table.dimension not in (None, side.encoder.dimension):
        raise UnpoolError(
            f"the model of {table.work} gives texts {side.encoder.dimension} numbers, its images have "
            f"{table.dimension}; embed them again"
        )
    return side


def _key_of(folder: Path) -> Key:
    """What differs once another model lies there."""
    stats = [file.stat() for name in (JSON, TEXT) if (file := folder / MODEL / name).is_file()]
    return str(folder.absolute()), *((each.st_ino, each.st_mtime_ns, each.st_size) for each in stats)
