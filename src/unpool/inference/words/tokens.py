"""Texts to tokens, as a two-tower model takes them.

K texts, L tokens of each.
"""

from __future__ import annotations

import html
import string
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unpool.errors import UnpoolError, shorten_reason

if TYPE_CHECKING:
    from tokenizers import Encoding
    from tokenizers import Tokenizer as Vocabulary

CLEANINGS = ("lower", "whitespace", "canonicalize")  # OpenCLIP's names
EXTRA = "pip install 'unpool[words]'"
_WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)


@dataclass(frozen=True)
class TokenSettings:
    """What model.json keeps of a tokenizer, beside its file.

    Args:
        length: Number of tokens that a text has at most; the others are left out.
        clean: What is done to a text first, one of `CLEANINGS`.
        pad: The token that fills up short texts.
        zeroed: A token that is replaced by 0, None for none.
        is_short: Whether texts may have fewer than `length` tokens; else they are filled up.
    """

    length: int
    clean: str = "lower"
    pad: int = 0
    zeroed: int | None = None
    is_short: bool = False

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> TokenSettings:
        """Read what model.json holds under `tokens`."""
        return cls(**stored)

    def to_dict(self) -> dict[str, int | str | bool | None]:
        """Return what model.json keeps."""
        return asdict(self)


class Tokenizer:
    """Texts → tokens (K, L), by the file of the `tokenizers` library.

    Args:
        file: The vocabulary, tokenizer.json.
        settings: What goes with it.

    Raises:
        UnpoolError: the file is damaged, or a library is missing.
    """

    def __init__(self, file: Path, settings: TokenSettings) -> None:
        self.settings = settings
        self._vocabulary = _read_vocabulary(file)
        self._vocabulary.enable_truncation(settings.length)
        self._vocabulary.no_padding()

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        rows = [encoding.ids for encoding in self._encode(texts)]
        length = self.settings.length
        if self.settings.is_short:
            length = max([2, *map(len, rows)])
        tokens_KL = np.full((len(rows), length), self.settings.pad, np.int64)
        for row, ids in zip(tokens_KL, rows, strict=True):
            row[: len(ids)] = ids
        if self.settings.zeroed is not None:
            tokens_KL[tokens_KL == self.settings.zeroed] = 0
        return tokens_KL

    def find_cut(self, texts: Sequence[str]) -> list[int]:
        """Return the positions of texts whose end does not fit."""
        return [number for number, encoding in enumerate(self._encode(texts)) if encoding.overflowing]

    def _encode(self, texts: Sequence[str]) -> list[Encoding]:
        cleaned = [clean_text(text, self.settings.clean) for text in texts]
        return list(self._vocabulary.encode_batch(cleaned))


def clean_text(text: str, clean: str) -> str:
    """Mend and normalise a text, as OpenCLIP does before tokens.

    Args:
        text: As a user typed it.
        clean: One of `CLEANINGS`.

    Returns:
        Text in one line, with single spaces.

    Raises:
        UnpoolError: the library that mends wrongly decoded text is missing.
    """
    try:
        import ftfy
    except ImportError as error:
        raise UnpoolError(f"words need the package ftfy, which is not installed; {EXTRA}") from error
    mended = html.unescape(html.unescape(ftfy.fix_text(text))).strip()
    if clean == "canonicalize":
        mended = mended.replace("_", " ").translate(_WITHOUT_PUNCTUATION)
    line = " ".join(mended.split())
    return line if clean == "whitespace" else line.lower()


def _read_vocabulary(file: Path) -> Vocabulary:
    try:
        from tokenizers import Tokenizer as Vocabulary
    except ImportError as error:
        raise UnpoolError(f"words need the package tokenizers, which is not installed; {EXTRA}") from error
    try:
        return Vocabulary.from_file(str(file))
    except Exception as error:  # the library raises this class itself
        raise UnpoolError(
            f"{file} is no tokenizer that can be read ({shorten_reason(error)}); embed again"
        ) from error
