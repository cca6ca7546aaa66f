"""The route of the search by words."""

from __future__ import annotations

from fastapi import APIRouter

from unpool.actions.words.terms import parse_terms
from unpool.actions.words.text_side import open_text_side
from unpool.actions.words.word_query import CollectedMessages, embed_terms, find_searched
from unpool.errors import UnpoolError
from unpool.store.remote.mirror import with_addresses
from unpool.store.search.open_table import open_table
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

    Raises `UnpoolError` where no vectors can be searched by words.
    """
    paths = session.paths(request.revision, [] if request.row is None else [request.row])
    messages: list[str] = []
    progress = CollectedMessages(messages)
    terms = parse_terms(request.text)
    opened = open_table(find_searched(session.work, progress))
    if not any(terms):
        open_text_side(opened.table.work)
        return {"words": [], "without": [], "near": [], "note": ""}
    image_D = opened.vector_of(paths[0]) if paths else None
    if paths and image_D is None:
        raise UnpoolError(
            f"{paths[0]} is not embedded in {opened.table.work.name}; embed it, or search by words alone"
        )
    query_D = embed_terms(opened, terms, image_D, progress=progress)
    near = session.near(*opened.table.nearest(query_D, request.k + len(paths)))
    others = [each for each in near if each["row"] != request.row]
    return {
        "words": terms.words, "without": terms.without, "near": others[: request.k],
        "note": with_addresses("; ".join(messages)),
    }  # fmt: skip
