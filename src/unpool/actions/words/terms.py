"""The texts of a search: words and negatives."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from unpool.core.calls.signatures import shorten
from unpool.errors import UsageError

MINUS = "-−－–"  # also those that other keyboards have
TOKENS = re.compile(rf'[{MINUS}]?"[^"]*"?|\S+')
CONNECTIVES = {"and", "but", "or"}


class Terms(NamedTuple):
    """Texts that images must fit, and must not fit."""

    words: list[str]
    without: list[str]


def read_terms(words: object, without: object) -> Terms:
    """Read options: a text, several, or None.

    Raises:
        UsageError: one is empty, or no text.

    >>> read_terms("a red shoe", None)
    Terms(words=['a red shoe'], without=[])
    """
    return Terms(_texts("--words", words), _texts("--not", without))


def _texts(name: str, value: object) -> list[str]:
    texts = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(texts, Iterable):
        raise UsageError(f"{name} is {shorten(value)}, but must be text or a list of texts")
    return [_text(name, text) for text in texts]


def _text(name: str, text: object) -> str:
    if not isinstance(text, str):
        raise UsageError(f"{name} is {shorten(text)}, but must be text")
    if not text.strip():
        raise UsageError(f"{name} is empty; give words, such as {name} 'a red shoe'")
    return text.strip().encode("utf-8", "replace").decode()


def parse_terms(text: str) -> Terms:
    """Read what is typed into the page's search box.

    A word after a minus, or a phrase in quotes after one, must not fit; nor must what follows "not", up to a comma, a
    plus or another "not". A plus between blanks divides terms that weigh the same. A hyphen inside a word is its own.

    >>> parse_terms('red shoe -grass -"a person"')
    Terms(words=['red shoe'], without=['grass', 'a person'])
    >>> parse_terms("t-shirt + beach, not dark blue")
    Terms(words=['t-shirt', 'beach'], without=['dark blue'])
    """
    words: list[list[str]] = [[]]
    without: list[list[str]] = []
    current = words[-1]
    for token in TOKENS.findall(text):
        if token in "+＋":
            words.append([])
            current = words[-1]
        elif token.lower() == "not":
            without.append([])
            current = without[-1]
        elif token[0] in MINUS:
            without.append([token.lstrip(MINUS)])
        else:
            current.append(token)
            if token.endswith(",") and current is not words[-1]:
                current = words[-1]
    return Terms(_join(words), _join(without))


def _join(terms: list[list[str]]) -> list[str]:
    joined = []
    for term in terms:
        while term and term[-1].lower() in CONNECTIVES:  # "red and not blue"
            term = term[:-1]
        joined.append(" ".join(each.strip('"') for each in term).strip(" ,"))
    return [term for term in joined if term]
