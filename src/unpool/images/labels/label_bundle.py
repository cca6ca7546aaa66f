"""Folders and zip files that hold a file of labels.

Annotation tools pack their exports into zip files; Hugging Face has a file of metadata for each split.
"""

from __future__ import annotations

import os
import posixpath
import zipfile
from collections.abc import Sequence
from pathlib import Path

from unpool.errors import UnpoolError
from unpool.images.labels.field_table import FieldTable, Value

METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
ENDINGS = frozenset({".xml", ".json", ".jsonl", ".ndjson", ".csv", ".tsv"})
SPREADSHEETS = frozenset({"[Content_Types].xml", "content.xml"})  # of Excel and of LibreOffice
SYSTEM_FOLDER = "__MACOSX/"
MAX_BYTES = 1 << 30  # of a file that is unpacked
NUM_NAMED = 3


def read_member(file: Path) -> tuple[str, bytes]:
    """Read the one file of labels in a zip file.

    Returns:
        Its name, and what it holds.

    Raises:
        UnpoolError: There is none, or several; or it cannot be unpacked.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            names = [name for name in archive.namelist() if not name.startswith(SYSTEM_FOLDER)]
            if not SPREADSHEETS.isdisjoint(names):
                raise UnpoolError("it is a spreadsheet; save the table as CSV")
            name = _choose([name for name in names if posixpath.splitext(name)[1].lower() in ENDINGS])
            with archive.open(name) as member:
                content = member.read(MAX_BYTES + 1)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError) as error:
        raise UnpoolError(f"it is a zip file that cannot be unpacked: {error}") from None
    if len(content) > MAX_BYTES:
        raise UnpoolError(
            f"{name} in it has more than {MAX_BYTES:,} bytes; unpack it first, and name that file"
        )
    return name, content


def list_label_files(place: Path) -> list[Path]:
    """List the files that a file or folder stands for.

    Nothing where there is neither.
    """
    if place.is_dir():
        return list_metadata(place)
    return [place] if place.is_file() else []


def list_metadata(folder: Path) -> list[Path]:
    """List the files of labels in a folder.

    Files of metadata anywhere in it; else all of Parquet; else its one file of another kind.

    Raises:
        UnpoolError: There is none, or several that are not parts of a whole.
    """
    found = []
    for here, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(here) / name for name in names if not name.startswith(".")]
    found.sort()
    metadata = [file for file in found if file.name in METADATA]
    parts = metadata or [file for file in found if file.suffix.lower() == ".parquet"]
    if parts:
        return parts
    top = [file.name for file in found if file.parent == folder and file.suffix.lower() in ENDINGS]
    return [folder / _choose(top)]


def unite_tables(tables: Sequence[tuple[str, FieldTable]]) -> FieldTable:
    """Unite the tables of a folder.

    Args:
        tables: Each with the folder that its paths are relative to; empty for the whole.

    Returns:
        One table, whose paths are relative to the whole.
    """
    names = list(dict.fromkeys(name for _, table in tables for name in table.columns))
    columns: dict[str, list[Value]] = {name: [] for name in names}
    whole = FieldTable([], columns, [], unit=tables[0][1].unit)
    for folder, table in tables:
        whole.paths += [_join(folder, path) for path in table.paths]
        whole.numbers += table.numbers
        for name in names:
            columns[name] += table.columns.get(name, [None] * len(table.paths))
    labels = {table.label for _, table in tables}
    whole.label = labels.pop() if len(labels) == 1 else ""
    whole.no_label = tables[0][1].no_label or "its files have labels in columns of different names"
    whole.layout, whole.path_layout = tables[0][1].layout, tables[0][1].path_layout
    whole.remarks = list(dict.fromkeys(remark for _, table in tables for remark in table.remarks))
    whole.left_out = list(dict.fromkeys(name for _, table in tables for name in table.left_out))
    return whole


def _choose(names: Sequence[str]) -> str:
    """The one name; of several the annotations of CVAT, which lie beside images."""
    preferred = [name for name in names if posixpath.basename(name) == "annotations.xml"]
    candidates = preferred if len(preferred) == 1 else list(names)
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise UnpoolError(
            "no file in it has labels: metadata.csv, CSV, JSON, XML or Parquet; name such a file"
        )
    more = ", …" if len(candidates) > NUM_NAMED else ""
    raise UnpoolError(
        f"{len(candidates)} files in it may have labels: {', '.join(candidates[:NUM_NAMED])}{more}; name one of them"
    )


def _join(folder: str, path: str) -> str:
    is_whole = not path.strip() or "://" in path or path.startswith(("/", "\\")) or path[1:2] == ":"
    return path if is_whole or not folder else f"{folder}/{path}"
