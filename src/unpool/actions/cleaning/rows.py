"""Rows of files that are moved away."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from unpool.actions.cleaning.manifest import ROWS, Manifest
from unpool.actions.embedding.splits import forget_splits
from unpool.core.atomic_files import write_whole
from unpool.store.columns import SKIPPED
from unpool.store.csv_files import write_groups, write_problems
from unpool.store.spaces.paths import SIGN, space_folder, spaces_of
from unpool.store.spaces.view import own_columns
from unpool.store.state import groups_stamp, read_state
from unpool.store.sync import MISSING, remove_missing_rows
from unpool.store.table import ImageTable

# Void once images are grouped anew.
PLACES = ("group", "group_name", "leaf", "probability", "x", "y", "joined_distance")


def state_of(work: Path) -> dict[str, str]:
    """Say which model and which groups rows belong to."""
    return {"embedded_by": str(read_state(work).get("embedded_by", "")), "grouped": groups_stamp(work)}


def keep_rows(work: Path, manifest: Manifest) -> None:
    """Keep the rows of the files that will go."""
    table = ImageTable(work)
    rows = table.some(
        [move.what.path for move in manifest.moves], [name for name in table.stored_columns if name != "path"]
    )
    write_whole(manifest.folder / ROWS, lambda part: pq.write_table(rows, part))
    for name in spaces_of(work):
        _keep_of_space(space_folder(work, name), manifest, name)


def _keep_of_space(place: Path, manifest: Manifest, name: str) -> None:
    """Keep what a space has of these files, with the model and groups that it belongs to."""
    table = ImageTable(place)
    own = [column for column in own_columns() if column in table.stored_columns]
    rows = table.some([move.what.path for move in manifest.moves], own)
    rows = rows.replace_schema_metadata(state_of(place))
    write_whole(_file_of_space(manifest, name), lambda part: pq.write_table(rows, part))


def _file_of_space(manifest: Manifest, name: str) -> Path:
    return manifest.folder / f"{name}{SIGN}{ROWS}"


def remove_rows(work: Path, paths: Sequence[str]) -> None:
    """Remove the rows of files that are gone.

    Labels move to the same content elsewhere.
    """
    table = ImageTable(work)
    known = set(table.some(paths, [])["path"].to_pylist())
    forget_splits(table, set(table.arrow(["path"])["path"].to_pylist()) - known)
    remove_missing_rows(table, [path for path in paths if path in known])
    _write_lists(work, table)


def bring_rows_back(work: Path, manifest: Manifest, paths: Sequence[str]) -> int:
    """Bring rows back, as far as they still hold.

    Args:
        work: The workspace.
        manifest: The clean-up.
        paths: The images whose files are back.

    Returns:
        The number of rows.
    """
    file = manifest.folder / ROWS
    if not file.exists():
        return 0
    table, now = ImageTable(work), state_of(work)
    there = {
        row["path"] for row in table.some(paths, ["status", "problem"]).to_pylist() if not _is_missing(row)
    }
    returned = set(paths) - there
    rows = [row for row in pq.read_table(file).to_pylist() if row["path"] in returned]
    for row in rows:
        if now["embedded_by"] != manifest.state["embedded_by"]:
            row |= {"model": None, "vector": None}
        if now["grouped"] != manifest.state["grouped"]:
            row |= dict.fromkeys(PLACES)
    stored = set(table.stored_columns)
    table.upsert([{name: value for name, value in row.items() if name in stored} for row in rows])
    for name in spaces_of(work):
        _bring_back_of_space(space_folder(work, name), _file_of_space(manifest, name), returned)
    _write_lists(work, table)
    return len(rows)


def _bring_back_of_space(place: Path, file: Path, paths: Collection[str]) -> None:
    """Write what a space had of files that are back, as far as it still holds."""
    if not file.exists():  # it was made later
        return
    rows, now = pq.read_table(file), state_of(place)
    kept = {key.decode(): value.decode() for key, value in (rows.schema.metadata or {}).items()}
    if now["embedded_by"] != kept.get("embedded_by"):
        return
    void = {"path", *(PLACES if now["grouped"] != kept.get("grouped") else ())}
    rows = rows.filter([path in paths for path in rows["path"].to_pylist()])
    values = {name: rows[name].to_pylist() for name in rows.column_names if name not in void}
    ImageTable(place).update(rows["path"].to_pylist(), values)


def _is_missing(row: dict[str, Any]) -> bool:
    return bool(row["status"] == SKIPPED and row["problem"] == MISSING)


def _write_lists(work: Path, table: ImageTable) -> None:
    write_groups(work, table)
    write_problems(work, table)
