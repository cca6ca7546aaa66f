"""Keep the search index of a workspace up to date."""

from __future__ import annotations

from unpool.core.progress import Progress
from unpool.store.table import ImageTable


def update_search_index(table: ImageTable, progress: Progress) -> None:
    """Make the search index where it pays, or again.

    One that a tenth of the images is not in is made again.

    Args:
        table: the table of a workspace that the caller holds.
        progress: where the stage goes, and a message that says what was made.
    """
    if not table.needs_index():
        return
    with progress.stage("indexing vectors"):
        message = table.make_index()
    if message is not None:
        progress.message(message)
