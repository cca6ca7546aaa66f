"""Text in the form in which it is compared.

Case, width and accents do not count.

Words of Latin, Cyrillic and other spaced scripts are compared whole. Chinese and Japanese have no blanks between
words: a run of their signs is compared at any place, and blanks inside it, which are lines of the picture, do not
count.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

# Han, kana, Hangul syllables are spaced but inflected by endings, so parts of words must be found there too.
UNSPACED = (
    "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_PARTS = re.compile(rf"[{UNSPACED}](?:\s*[{UNSPACED}])*|[^\W{UNSPACED}]+")
_IS_UNSPACED = re.compile(rf"[{UNSPACED}]")


class Parts(NamedTuple):
    """The parts of a text.

    They are words, and runs of signs without blanks between words.
    """

    words: tuple[str, ...]
    runs: tuple[str, ...]


def fold(text: str) -> str:
    """Fold case, width and accents.

    >>> fold("Café ＡＢＣ STRASSE ﬁn")
    'cafe abc strasse fin'
    """
    spread = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(sign for sign in spread if not unicodedata.combining(sign))
    return unicodedata.normalize("NFC", kept)  # Hangul in syllables again


def split_parts(text: str) -> Parts:
    r"""Split a text into what is compared.

    >>> split_parts("No Parking, 禁止\n停车 24h")
    Parts(words=('no', 'parking', '24h'), runs=('禁止停车',))
    """
    found = ["".join(part.split()) for part in _PARTS.findall(fold(text))]
    return Parts(
        tuple(part for part in found if not is_run(part)), tuple(part for part in found if is_run(part))
    )


def is_run(part: str) -> bool:
    """Whether a part has no blanks between its words."""
    return _IS_UNSPACED.match(part) is not None
