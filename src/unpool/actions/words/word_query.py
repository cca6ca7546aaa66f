"""Words as a query vector.

Shapes: D numbers in a vector.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from typing_extensions import TypedDict

from unpool.actions.words.terms import Terms
from unpool.actions.words.text_side import text_side_of
from unpool.actions.words.written_words import SEARCHES_TEXT, open_written
from unpool.analysis.words.mixture import mix_terms
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.store.search.open_table import OpenTable
from unpool.store.table import check_workspace

SHOWN = 80  # characters of a text in a message
BREADTH = 128
"""Texts lie apart from images, sums between kinds of them: by so many times more lists are read,
docs/decisions/0046-mixed-queries.md."""


class WordsState(TypedDict):
    """Whether words can search the images."""

    ready: bool
    message: str  # where they cannot, what to do; else which vectors they search, or nothing


def describe_words(work: Path) -> WordsState:
    """Say whether words can search a workspace.

    Its model is not loaded.
    """
    messages: list[str] = []
    try:
        find_searched(work, CollectedMessages(messages))
    except UnpoolError as error:
        if open_written(work) is not None:
            return {"ready": True, "message": SEARCHES_TEXT}
        return {"ready": False, "message": str(error)}
    return {"ready": True, "message": " ".join(messages)}


class CollectedMessages(Progress):
    """Appends messages to a list."""

    def __init__(self, messages: list[str]) -> None:
        self._messages = messages

    def message(self, text: str) -> None:
        self._messages.append(text)


def find_searched(work: Path, progress: Progress) -> Path:
    """Find the vectors that words can search.

    Args:
        work: A workspace, or a space of one.
        progress: Where a message goes that says which space that is, where it is not the one that was named.

    Returns:
        `work`, or else the only space of it with a text side.

    Raises:
        UnpoolError: There is no workspace, no text side, or several; it says what to do.
        UsageError: The workspace has no such space.
    """
    from unpool.inference.words.text import find_text_space

    check_workspace(work)
    folder = find_text_space(work, None)
    if folder != work:
        progress.message(f"words search the vectors of the space {folder.name}")
    return folder


def embed_terms(
    opened: OpenTable, terms: Terms, image_D: np.ndarray | None = None, *, progress: Progress | None = None
) -> np.ndarray:
    """Compute the query vector of words, negatives and an image.

    Args:
        opened: The table that is searched; its workspace or space has a text side.
        terms: The words.
        image_D: The vector of an image that is searched for as well.
        progress: Where messages go.

    Returns:
        (D,) of length one.

    Raises:
        UnpoolError: The text side does not belong to the vectors of the table.
    """
    side = text_side_of(opened.table)
    texts = [*terms.words, *terms.without]
    if progress is not None:
        for place in side.encoder.find_cut(texts):
            text = texts[place]
            shown = text if len(text) <= SHOWN else f"{text[:SHOWN]} …"
            progress.message(f"the model reads the first words of this text, its end is left out: {shown}")
    vector_TD = side.embed(texts)
    like_TD = vector_TD[: len(terms.words)]
    if image_D is not None:
        like_TD = np.concatenate([like_TD, image_D[None]])
    unlike_TD = vector_TD[len(terms.words) :]
    is_single = len(like_TD) + len(unlike_TD) == 1
    return mix_terms(like_TD, unlike_TD, () if is_single else opened.sample_vectors())
