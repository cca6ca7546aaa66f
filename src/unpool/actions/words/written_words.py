"""Words that can be read in images.

Text is read once somebody asks for it, by `unpool read-text`.
"""

from __future__ import annotations

from pathlib import Path

from unpool.actions.text.folding import split_parts
from unpool.actions.text.search_text import FoundText, has_text, search_text
from unpool.actions.text.text_index import NEAR_COST
from unpool.actions.words.terms import Terms
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.store.search.open_table import OpenTable, open_table

SEARCHES_TEXT = "no model here reads words: they are searched in the text of the images"


def open_written(work: Path) -> OpenTable | None:
    """Open the table of a workspace.

    None where no text has been read.
    """
    try:
        opened = open_table(work)
    except UnpoolError:
        return None
    return opened if has_text(opened) else None


def find_written(
    opened: OpenTable, terms: Terms, k: int, *, exactly: bool, progress: Progress | None = None
) -> list[FoundText]:
    """Find the images in which all words are written.

    Args:
        opened: The table of the workspace.
        terms: Words that an image must have, and words that it must not have.
        k: How many images at most.
        exactly: Whether words that were read with errors do not count.
        progress: Where it is said what was not found, and how much has not been read.

    Returns:
        The images, the best first; none where there are no words but those that must not fit.
    """
    query = " ".join(terms.words)
    if not any(split_parts(query)):
        return []
    barred = {
        each.path
        for text in terms.without
        if any(split_parts(text))
        for each in search_text(opened, text, len(opened.table))
        if each.distance < NEAR_COST
    }
    found = search_text(opened, query, k + len(barred), progress=progress)
    fitting = [each for each in found if each.path not in barred]
    return [each for each in fitting if not exactly or each.distance < NEAR_COST][:k]
