"""groups.csv and problems.csv.

What the table holds, for people and spreadsheets.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from unpool.core.atomic_files import write_text
from unpool.store.columns import OK
from unpool.store.findings import found_rows
from unpool.store.sync import problem_rows
from unpool.store.table import ImageTable


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file with a header.

    Whole or not at all.

    Args:
        path: The file.
        header: Names of the columns.
        rows: Values of each row.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_text(path, text.getvalue())


def write_problems(work: Path, table: ImageTable) -> None:
    """Write problems.csv: skipped files, then what `unpool check` found."""
    rows = [*problem_rows(table), *found_rows(work)]
    write_csv(work / "problems.csv", ("path", "problem", "detail"), rows)


def write_groups(work: Path, table: ImageTable) -> None:
    """Write groups.csv: path, group and probability of every usable image."""
    names = ("path", "group", "probability")
    rows = table.arrow(names, where=f"status = '{OK}'")
    path_N, group_N, probability_N = (rows[name].to_pylist() for name in names)
    write_csv(work / "groups.csv", names, zip(path_N, group_N, map(_format, probability_N), strict=True))


def _format(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
