"""What the other spaces of a table hold. One of the files that know Lance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from unpool.store.columns import OK, VECTOR, Row
from unpool.store.lance_rows import rewrite_columns
from unpool.store.spaces.paths import SIGN
from unpool.store.spaces.view import own_columns, whole

if TYPE_CHECKING:
    import lance

FOUND_BY = ("model", VECTOR)  # without which an image is neither found nor embedded


def columns_of_spaces(dataset: lance.LanceDataset) -> list[str]:
    """Name the columns of all spaces but the workspace's own."""
    return [name for name in whole(dataset).schema.names if SIGN in name]


def clear_spaces(
    dataset: lance.LanceDataset, own: str | None, rows: Sequence[Row], former: Mapping[str, str | None]
) -> None:
    """Clear what other spaces hold of changed images.

    Of one that cannot be read today only the vector goes: its group stays for the day when it can be.

    Args:
        dataset: The table, at its newest version.
        own: The space that writes; None for the workspace's own.
        rows: What is about to be written.
        former: The content of each known image.
    """
    known = [row for row in rows if row["path"] in former]
    changed = [row["path"] for row in known if "id" in row and row["id"] != former[row["path"]]]
    shut = [row["path"] for row in known if "id" not in row and row.get("status", OK) != OK]
    _clear(dataset, changed, _columns_of_others(dataset, own, own_columns()))
    _clear(dataset, shut, _columns_of_others(dataset, own, FOUND_BY))


def _columns_of_others(dataset: lance.LanceDataset, own: str | None, names: Sequence[str]) -> list[str]:
    prefix = "" if own is None else f"{own}{SIGN}"
    every = whole(dataset).schema.names
    of_spaces = [name for name in every if SIGN in name and name.partition(SIGN)[2] in names]
    others = [name for name in of_spaces if not prefix or not name.startswith(prefix)]
    return [*others, *(name for name in names if own is not None and name in every)]


def _clear(dataset: lance.LanceDataset, paths: Sequence[str], columns: Sequence[str]) -> None:
    import pyarrow as pa

    if paths and columns:
        schema = whole(dataset).schema
        empty = {name: pa.nulls(len(paths), schema.field(name).type) for name in columns}
        rewrite_columns(whole(dataset), paths, pa.table(empty))
        dataset.checkout_latest()
