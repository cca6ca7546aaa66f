"""`unpool search`: find the images most like a query.

Shapes: N embedded images, D numbers a vector, K results.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from unpool.actions.curation.settings import SearchSettings
from unpool.actions.search_index import update_search_index
from unpool.actions.text.search_text import FoundText, search_text
from unpool.actions.words.terms import Terms, read_terms
from unpool.actions.words.word_query import BREADTH, embed_terms, find_searched
from unpool.actions.words.written_words import SEARCHES_TEXT, find_written, open_written
from unpool.core.file_names import find_typed
from unpool.core.progress import Progress
from unpool.core.settings import check_settings
from unpool.errors import UnpoolError, UsageError, nearest_name
from unpool.images.reading.in_memory import ImageLike, find_image, read_any
from unpool.inference.model import load_encoder
from unpool.inference.vectors.foreign_encoder import NoEncoder
from unpool.store.lock import working
from unpool.store.origin import folder_of, keys_of_typed, rules_of
from unpool.store.search.open_table import OpenTable, open_table
from unpool.store.search.vector_index import MIN_INDEXED
from unpool.store.spaces.paths import space_of
from unpool.store.state import MODEL

if TYPE_CHECKING:
    import pyarrow as pa

SAME = 1e-6  # difference up to which vectors are those of equal images
MAX_NAMES_COMPARED = 20_000  # paths among which one like a mistyped one is looked for


class Facts(NamedTuple):
    """What is known of a found image."""

    group: int | None
    label: str | None


class Found(NamedTuple):
    """The images nearest to a query, and their facts."""

    paths: list[str]
    distances: list[float]
    facts_of: dict[str, Facts]


def search(
    image: ImageLike | None = None,
    settings: SearchSettings = SearchSettings(),  # noqa: B008 - frozen
    *,
    work: Path,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Find the images nearest to a query by cosine distance.

    The query is an image, words, or both. Large tables are searched by an index, which is made where it is missing.

    Args:
        image: any image file, picture, array or tensor, as `read_any` takes it; a path of the workspace that is no
            file here is looked up in its table; None where there are words.
        settings: words, how many images to find, and the device.
        work: the workspace to search.
        progress: where stages go.

    Returns:
        The JSON object of `unpool search`, nearest first.

    Raises:
        UnpoolError: nothing is embedded yet, the query is missing, a folder or unreadable, or no vectors of the
            workspace can be searched by words.
        UsageError: there is neither an image nor a text.
    """
    check_settings(settings)
    progress = progress or Progress()
    if settings.text is not None:
        return _search_by_text(image, settings, work, progress)
    terms = read_terms(settings.words, settings.without)
    if image is None and not any(terms):
        raise UsageError("there is nothing to search for; give an IMAGE, --words TEXT or --text TEXT")
    if image is None and terms.words and (written := _only_written(work)) is not None:
        progress.message(SEARCHES_TEXT)
        texts = find_written(written, terms, settings.k, exactly=False, progress=progress)
        return _describe_texts(written, terms, texts)
    return _search_vectors(image, terms, settings, work, progress)


def _search_vectors(
    image: ImageLike | None, terms: Terms, settings: SearchSettings, work: Path, progress: Progress
) -> dict[str, Any]:
    opened = _open_searched(find_searched(work, progress) if any(terms) else work, progress)
    is_path = isinstance(image, str | os.PathLike)
    own = keys_of_typed(work, [str(image)], opened)[0] if is_path else None
    query_D = None if image is None else _query_vector(image, own, opened, settings.device, progress)
    if any(terms):
        query_D = embed_terms(opened, terms, query_D, progress=progress)
    assert query_D is not None
    found = _nearest(opened, query_D, settings.k, BREADTH if any(terms) else 1)
    _report_few(found, settings.k, progress)
    results = _list_found(found, None if any(terms) else own, opened)
    query = {"query": _name_query(image, terms), "words": terms.words, "not": terms.without}
    return {**query, "space": space_of(opened.table.work), "results": results}


def _open_searched(work: Path, progress: Progress) -> OpenTable:
    opened = open_table(work)
    if opened.table.dimension is None:
        raise _nothing_embedded(work)
    _ensure_index(opened, progress)
    return opened


def _report_few(found: Found, k: int, progress: Progress) -> None:
    if (num_found := len(found.paths)) < k:
        progress.message(f"-k is {k}, but {num_found} images are embedded: all of them are listed")


def _list_found(found: Found, own: str | None, opened: OpenTable) -> list[dict[str, Any]]:
    """The rows of the result; the image that is searched for comes before its copies."""
    paths = found.paths if own is None else _put_first(own, found.paths, opened)
    facts_of = found.facts_of | _facts_of(opened, [path for path in paths if path not in found.facts_of])
    return [
        {"path": path, "distance": round(distance, 6)} | facts_of.get(path, Facts(None, None))._asdict()
        for path, distance in zip(paths, found.distances, strict=True)
    ]


def _search_by_text(
    image: ImageLike | None, settings: SearchSettings, work: Path, progress: Progress
) -> dict[str, Any]:
    assert settings.text is not None
    if image is not None or settings.words or settings.without:
        raise UsageError(
            "--text searches what can be read in images; give it without an IMAGE, --words and --not"
        )
    opened = open_table(work)
    found = search_text(opened, settings.text, settings.k, progress=progress)
    return _describe_texts(opened, Terms([], []), found) | {"query": settings.text}


def _only_written(work: Path) -> OpenTable | None:
    """The table of a workspace in which words can only be read; None where a model reads them, or nothing does."""
    try:
        find_searched(work, Progress())
    except UnpoolError:
        return open_written(work)
    return None


def _describe_texts(opened: OpenTable, terms: Terms, found: Sequence[FoundText]) -> dict[str, Any]:
    facts_of = _facts_of(opened, [each.path for each in found])
    results = [
        {"path": path, "distance": distance} | facts_of[path]._asdict() | {"text": text}
        for path, distance, text in found
    ]
    return {
        "query": _name_query(None, terms),
        "words": terms.words,
        "not": terms.without,
        "space": space_of(opened.table.work),
        "results": results,
    }


def _name_query(image: ImageLike | None, terms: Terms) -> str:
    if image is None:
        return " + ".join([*terms.words, *(f"not {text}" for text in terms.without)])
    return str(image) if isinstance(image, str | os.PathLike) else type(image).__name__


def _nothing_embedded(work: Path) -> UnpoolError:
    return UnpoolError(f"nothing in {work} is embedded yet; run `unpool embed FOLDER --work {work}` first")


def _ensure_index(opened: OpenTable, progress: Progress) -> None:
    """Make a missing index of a large table: without one, every search reads all vectors."""
    table = opened.table
    if len(table) < MIN_INDEXED or table.has_index:  # one that others keep up to date
        return
    with contextlib.suppress(UnpoolError, OSError):  # another command is at work, or nothing can be written
        with working(table.work, "unpool search", "results", patience=0):
            update_search_index(table, progress)
        opened.refresh()


def _query_vector(
    image: ImageLike, own: str | None, opened: OpenTable, device: str, progress: Progress
) -> np.ndarray:
    work = opened.table.work
    if isinstance(image, str | os.PathLike) and not find_typed(Path(image)).is_file():
        vector_D = None if own is None else opened.vector_of(own)
        if vector_D is not None:
            return vector_D
        if own is not None and opened.table.some([own], ()).num_rows:
            raise UnpoolError(f"{own} has no vector in {work}; search by another image, or embed it first")
        if not Path(image).is_dir():
            hint = _hint(str(image), opened)
            raise UnpoolError(f"there is no file {image}, and {work} has no image of that path{hint}")
        find_image(Path(image))
    model = load_encoder(work / MODEL, device, progress)
    if (
        isinstance(model.encoder, NoEncoder)
        and (vector_D := _vector_of_original(image, own, opened)) is not None
    ):
        return vector_D
    picture = read_any(image, min_side=model.preprocessing.needed_side, rules=rules_of(work))
    query_D: np.ndarray = model.encoder(model.preprocessing.fit(picture)[None])[0]
    return query_D


def _vector_of_original(image: ImageLike, own: str | None, opened: OpenTable) -> np.ndarray | None:
    """The vector that the workspace has of a file, where it is an original and no other file of that name."""
    folder = folder_of(opened.table.work)
    if own is None or folder is None or not isinstance(image, str | os.PathLike):
        return None
    is_original = Path(image).resolve() == (folder / own).resolve()
    return opened.vector_of(own) if is_original else None


def _hint(typed: str, opened: OpenTable) -> str:
    if len(opened.table) > MAX_NAMES_COMPARED:
        return ""
    return nearest_name(typed, opened.table.vectors()[0])


def _nearest(opened: OpenTable, query_D: np.ndarray, k: int, breadth: int) -> Found:
    from unpool.analysis.neighbours import nearest

    rows = opened.table.nearest_by_index(query_D, k, columns=Facts._fields, breadth=breadth)
    if rows is not None:
        return Found(rows["path"].to_pylist(), rows["_distance"].to_pylist(), _read_facts(rows))
    every, vectors_ND = opened.table.vectors()
    if not every:
        raise _nothing_embedded(opened.table.work)
    distance_K, index_K = (row[0] for row in nearest(query_D[None], vectors_ND, k))
    paths = [every[i] for i in index_K]
    return Found(paths, distance_K.tolist(), _facts_of(opened, paths))


def _facts_of(opened: OpenTable, paths: list[str]) -> dict[str, Facts]:
    return _read_facts(opened.table.some(paths, Facts._fields)) if paths else {}


def _read_facts(rows: pa.Table) -> dict[str, Facts]:
    columns = (rows[name].to_pylist() for name in Facts._fields)
    return {path: Facts(*values) for path, *values in zip(rows["path"].to_pylist(), *columns, strict=True)}


def _put_first(own: str, paths: list[str], opened: OpenTable) -> list[str]:
    """Put the image that is searched for before those that are exactly like it."""
    if own == paths[0]:
        return paths
    own_D, first_D = (opened.vector_of(path) for path in (own, paths[0]))
    if own_D is None or first_D is None or not np.allclose(own_D, first_D, atol=SAME):
        return paths
    return [own, *(path for path in paths if path != own)][: len(paths)]
