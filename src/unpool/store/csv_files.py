"""groups.csv, problems.csv and the table as CSV.

What the table holds, for people and spreadsheets. UTF-8 without a mark, lines that end in a line feed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from unpool.core.atomic_files import write_text
from unpool.core.text.csv_cells import format_row, protect_path, protect_text
from unpool.store.columns import OK
from unpool.store.fields.group_names import read_group_names
from unpool.store.findings import found_rows
from unpool.store.sync import problem_rows
from unpool.store.table import ImageTable

GROUPS, PROBLEMS = "groups.csv", "problems.csv"
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]*")  # neither a formula nor to be quoted
PATH_COLUMNS = frozenset({"path", "duplicate_of", "image"})


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Write a CSV file with a header.

    Whole or not at all. Texts that a spreadsheet would run are written as `core.text.csv_cells` says.

    Args:
        path: The file.
        header: Names of the columns.
        rows: Values of each row; None is an empty cell.

    Returns:
        The number of cells that begin as formulas do.
    """
    is_path = [name in PATH_COLUMNS for name in header]
    written, protected = [format_row(list(header))], 0
    for row in rows:
        cells = [_cell(value, here) for value, here in zip(row, is_path, strict=True)]
        protected += sum(
            isinstance(value, str) and cell != value for value, cell in zip(row, cells, strict=True)
        )
        written.append(format_row(cells))
    write_text(path, "".join(written))
    return protected


def write_frame(path: Path, frame: pd.DataFrame) -> int:
    """Write a table as CSV, numbers as pandas writes them.

    Args:
        path: The file.
        frame: The table; missing values are empty cells.

    Returns:
        The number of cells that begin as formulas do.
    """
    columns = [_values(frame[name]) for name in frame.columns]
    return write_csv(path, list(frame.columns), zip(*columns, strict=True))


def write_problems(work: Path, table: ImageTable, file: Path | None = None) -> None:
    """Write problems.csv: skipped files, then what `unpool check` found.

    Args:
        work: The workspace.
        table: Its table.
        file: Where to; problems.csv of the workspace where None.
    """
    rows = [*problem_rows(table), *found_rows(work)]
    write_csv(file or work / PROBLEMS, ("path", "problem", "detail"), rows)


def write_groups(work: Path, table: ImageTable, file: Path | None = None) -> None:
    """Write groups.csv: path, group and probability of every usable image.

    Where groups have names, a column has them too.

    Args:
        work: The workspace.
        table: Its table.
        file: Where to; groups.csv of the workspace where None.
    """
    names = ("path", "group", "probability")
    rows = table.arrow(names, where=f"status = '{OK}'")
    name_of = {group: protect_text(name) for group, name in read_group_names(table).items()}
    lines = [format_row((*names, "name") if name_of else names)]
    for path, group, probability in zip(*(rows[name].to_pylist() for name in names), strict=True):
        number = "" if group is None else group
        certain = "" if probability is None else f"{probability:.4f}"
        # Nearly all are plain, and 100,000 of them are written each time a level is chosen.
        if name_of:
            lines.append(format_row([protect_path(path), str(number), certain, name_of.get(group, "")]))
        elif _PLAIN_PATH.fullmatch(path):
            lines.append(f"{path},{number},{certain}\n")
        else:
            lines.append(format_row([protect_path(path), str(number), certain]))
    write_text(file or work / GROUPS, "".join(lines))


def _cell(value: object, is_path: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return protect_path(value) if is_path else protect_text(value)
    return str(value)


def _values(column: pd.Series) -> list[object]:
    """The values of a column, None where there is none; floats in the fewest digits of their own width."""
    missing = column.isna().to_numpy(bool)
    is_float = isinstance(column.dtype, np.dtype) and column.dtype.kind == "f"
    values = column.to_numpy().astype(str).tolist() if is_float else column.tolist()
    return [None if empty else value for value, empty in zip(values, missing, strict=True)]
