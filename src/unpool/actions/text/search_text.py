"""`unpool search --text`: images by words read in them."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import NamedTuple

from unpool.actions.text.text_index import TextIndex
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.store.columns import OK
from unpool.store.lance_rows import Files
from unpool.store.search.open_table import OpenTable

READ = ("path", "status", "id", "text", "text_id")  # columns: an edit of others leaves the texts as they are

_lock = threading.Lock()
_kept: list[_Kept] = []  # those searched last


class FoundText(NamedTuple):
    """An image that has all words of a query."""

    path: str
    distance: float  # 0 word for word and in order, up to 1 where words were read with errors
    text: str


class ReadTexts:
    """The texts of all images of a table.

    As one version of it has them.

    Attributes:
        num_unread: Images whose text has not been read.
    """

    def __init__(self, opened: OpenTable) -> None:
        table = opened.table
        rows = None
        if "text" in table.stored_columns:  # those of older versions lack it until text is read
            rows = table.arrow(["path", "text"], where=f"status = '{OK}' AND text_id = id")
        self._paths: list[str] = [] if rows is None else rows["path"].to_pylist()
        self._texts: list[str] = [] if rows is None else [text or "" for text in rows["text"].to_pylist()]
        self.num_unread = table.count(OK) - len(self._paths)
        self._index = TextIndex(self._texts)

    def __len__(self) -> int:
        return len(self._paths)

    def find(self, query: str, k: int) -> list[FoundText]:
        """Find images that have all words of a query.

        The best come first.

        Args:
            query: Words.
            k: How many images at most.

        Raises:
            UsageError: It has neither a letter nor a digit.
        """
        return [
            FoundText(self._paths[row], round(cost, 4), self._texts[row])
            for row, cost in self._index.find(query)[:k]
        ]


class _Kept(NamedTuple):
    """Texts, and where they are from."""

    work: str
    version: int
    files: dict[str, Files]
    texts: ReadTexts


def has_text(opened: OpenTable) -> bool:
    """Whether the text of any image has been read.

    Images in which none was found count.
    """
    table = opened.table
    return "text_id" in table.stored_columns and table.has_rows(f"status = '{OK}' AND text_id = id")


def search_text(
    opened: OpenTable, query: str, k: int, *, progress: Progress | None = None
) -> list[FoundText]:
    """Find images by words that were read in them.

    Case, width and accents do not count, and some misread letters neither.

    Args:
        opened: The table of the workspace.
        query: Words, all of which an image must have; a run of Chinese is found at any place.
        k: How many images at most.
        progress: Where it is said that images have not been read, or that none has the words.

    Returns:
        The images, the best first.

    Raises:
        UnpoolError: No text has been read.
        UsageError: The query has neither a letter nor a digit.
    """
    progress = progress or Progress()
    texts = _read_texts(opened)
    if not len(texts):
        raise nothing_read(opened.table.work)
    found = texts.find(query, k)
    if texts.num_unread:
        progress.message(
            f"the text of {texts.num_unread} images has not been read; run `unpool read-text --work "
            f"{opened.table.work}` again"
        )
    if not found:
        progress.message(f"no image has all words of {query!r}")
    return found


def nothing_read(work: Path) -> UnpoolError:
    """Build the error of a workspace whose images are unread."""
    return UnpoolError(f"no text of {work} has been read yet; run `unpool read-text --work {work}` first")


def _read_texts(opened: OpenTable) -> ReadTexts:
    work, version = str(opened.table.work.absolute()), opened.table.version
    with _lock:
        if _kept and _kept[0][:2] == (work, version):
            return _kept[0].texts
        files = opened.table.stamp_columns(READ)
        is_same = bool(_kept) and (_kept[0].work, _kept[0].files) == (work, files)
        texts = _kept[0].texts if is_same else ReadTexts(opened)
        _kept[:] = [_Kept(work, version, files, texts)]
    return texts
