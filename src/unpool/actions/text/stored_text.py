"""The text of images in the table.

How many have some, and which is out of date.
"""

from __future__ import annotations

from unpool.store.columns import OK
from unpool.store.table import ImageTable


def count_with_text(table: ImageTable) -> int:
    """Count the images in which text was found."""
    if "text" not in table.stored_columns:
        return 0
    return len(table.arrow(["path"], where=f"status = '{OK}' AND text <> '' AND text_id = id"))


def forget_old_text(table: ImageTable) -> int:
    """Clear the text of files that have changed since. Returns how many there were."""
    if "text" not in table.stored_columns:
        return 0
    where = "text_id IS NOT NULL AND (id IS NULL OR text_id <> id)"
    paths: list[str] = table.arrow(["path"], where=where)["path"].to_pylist()
    table.update(paths, {"text": [None] * len(paths), "text_id": [None] * len(paths)})
    return len(paths)
