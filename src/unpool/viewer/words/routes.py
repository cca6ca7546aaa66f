"""The route of the search by words."""

from __future__ import annotations

import numpy as np
from fastapi import APIRouter

from unpool.actions.text.search_text import FoundText
from unpool.actions.words.terms import Terms, parse_terms
from unpool.actions.words.text_side import open_text_side
from unpool.actions.words.word_query import BREADTH, CollectedMessages, embed_terms, find_searched
from unpool.actions.words.written_words import SEARCHES_TEXT, find_written, open_written
from unpool.errors import UnpoolError
from unpool.store.remote.mirror import with_addresses
from unpool.store.search.open_table import OpenTable, open_table
from unpool.viewer.messages.answers import Near
from unpool.viewer.session import Session
from unpool.viewer.words.messages import FoundByWords, SearchWords


def words_routes(session: Session) -> APIRouter:
    """The route to the images that fit a text."""
    router = APIRouter(prefix="/api")

    @router.post("/search/words")
    def by_words(request: SearchWords) -> FoundByWords:
        return find_by_words(session, request)

    return router


def find_by_words(session: Session, request: SearchWords) -> FoundByWords:
    """Find the images that fit a text.

    Those come first in which all its words are written, once their text has been read.

    Raises `UnpoolError` where neither vectors nor texts can be searched by words.
    """
    paths = session.paths(request.revision, [] if request.row is None else [request.row])
    messages: list[str] = []
    progress = CollectedMessages(messages)
    terms = parse_terms(request.text)
    written = open_written(session.work)
    try:
        opened = open_table(find_searched(session.work, progress))
    except UnpoolError:
        if written is None or paths:
            raise
        return _find_by_text(session, written, terms, request.k)
    if not any(terms):
        open_text_side(opened.table.work)
        return {"words": [], "without": [], "near": [], "note": ""}
    image_D = opened.vector_of(paths[0]) if paths else None
    if paths and image_D is None:
        raise UnpoolError(
            f"{paths[0]} is not embedded in {opened.table.work.name}; embed it, or search by words alone"
        )
    query_D = embed_terms(opened, terms, image_D, progress=progress)
    near = session.near(*opened.table.nearest(query_D, request.k + len(paths), breadth=BREADTH))
    others = [each for each in near if each["row"] != request.row]
    if written is not None and not paths:
        first = _rows_with_text(session, find_written(written, terms, request.k, exactly=True))
        if first:
            messages.append(f"{len(first)} with these words in the image come first")
        rows = {each["row"] for each in first}
        others = [*first, *(each for each in others if each["row"] not in rows)]
    return {
        "words": terms.words, "without": terms.without, "near": others[: request.k],
        "note": with_addresses("; ".join(messages)),
    }  # fmt: skip


def _find_by_text(session: Session, written: OpenTable, terms: Terms, k: int) -> FoundByWords:
    messages: list[str] = [SEARCHES_TEXT]
    found = find_written(written, terms, k, exactly=False, progress=CollectedMessages(messages))
    return {
        "words": terms.words, "without": terms.without, "near": _rows_with_text(session, found),
        "note": with_addresses("; ".join(messages)),
    }  # fmt: skip


def _rows_with_text(session: Session, found: list[FoundText]) -> list[Near]:
    return session.near([each.path for each in found], np.array([each.distance for each in found], float))
