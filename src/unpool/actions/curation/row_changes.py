"""Give images other values in one step of undo.

What `label`, `move` and all else that edits images come down to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from unpool.actions.curation.stale_suggestions import forget_stale
from unpool.actions.curation.undo import EditResult, apply
from unpool.errors import UnpoolError, nearest_name
from unpool.store.journal import Change
from unpool.store.origin import keys_of_typed
from unpool.store.state import groups_stamp
from unpool.store.table import ImageTable

if TYPE_CHECKING:
    import pyarrow as pa

Paths = Sequence[str] | str
Values = Mapping[str, object]  # column → one value for all rows, or a list with one a row
MessageFormat = Callable[[str], str]  # "3 images" → the message


def set_values(work: Path, paths: Paths, values: Values, message: MessageFormat) -> EditResult:
    """Give all of these images the same values.

    The workspace is held by the caller.

    Args:
        work: the workspace.
        paths: the images, relative to their folder.
        values: the value of each column.
        message: what is done, from "3 images".

    Returns:
        How many images were changed, and a message.
    """
    rows = read_rows(ImageTable(work), paths, list(values))
    return change_rows(work, rows, {name: [value] * rows.num_rows for name, value in values.items()}, message)


def change_rows(
    work: Path, rows: pa.Table, values: Values, message: MessageFormat, refresh: bool = True
) -> EditResult:
    """Give rows other values.

    Those that have them already are left out.

    Args:
        work: the workspace.
        rows: path and present values of the images, as `read_rows` gives them.
        values: of each column one value for all, or a list of one a row.
        message: what is done, from "3 images".
        refresh: rewrite the files of the groups and the report, where groups change.

    Returns:
        How many images were changed, and a message.
    """
    count = rows.num_rows
    before = {name: rows[name].to_pylist() for name in values}
    after = {name: value if isinstance(value, list) else [value] * count for name, value in values.items()}
    changed = [row for row in range(count) if any(before[name][row] != after[name][row] for name in values)]
    paths = rows["path"].to_pylist()
    change = Change(
        message(count_images(len(changed))) if changed else "nothing to change",
        [paths[row] for row in changed],
        {name: [column[row] for row in changed] for name, column in before.items()},
        {name: [column[row] for row in changed] for name, column in after.items()},
        groups_stamp(work) if "group" in values else None,
    )
    whole = forget_stale(work, change) if "label" in values else change
    return apply(work, whole, refresh=refresh) | {"changed": len(changed)}


def count_images(count: int) -> str:
    """Say how many images.

    >>> count_images(1), count_images(12)
    ('1 image', '12 images')
    """
    return f"{count} image" if count == 1 else f"{count} images"


def read_rows(table: ImageTable, paths: Paths, columns: Sequence[str]) -> pa.Table:
    """Read path and columns of these images, each once.

    Args:
        table: the table.
        paths: the images, relative to their folder or as files.
        columns: names of columns.

    Returns:
        The rows, in that order.

    Raises:
        UnpoolError: one is missing.
    """
    unique = list(dict.fromkeys([paths] if isinstance(paths, str) else paths))
    rows = table.some([path for path in unique if _is_valid_text(path)], columns)
    if rows.num_rows != len(unique):  # some are files, perhaps, and not paths of the table
        unique = list(dict.fromkeys(keys_of_typed(table.work, unique)))
        rows = table.some([path for path in unique if _is_valid_text(path)], columns)
    if rows.num_rows != len(unique):
        known = set(rows["path"].to_pylist())
        first = next(path for path in unique if path not in known)
        near = nearest_name(first, table.arrow(["path"])["path"].to_pylist())
        raise UnpoolError(
            f"{first!r} is no image of {table.work}; paths are relative to its folder, as in groups.csv{near}"
        )
    return rows


def _is_valid_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
