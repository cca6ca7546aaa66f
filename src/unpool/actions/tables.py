"""groups.csv and problems.csv: the table's answers for people and spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from unpool.actions.collection import problem_rows
from unpool.files import write_text
from unpool.workspace import OK, ImageTable


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a CSV with a header, whole or not at all."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_text(path, text.getvalue())


def write_problems(work: Path, table: ImageTable) -> None:
    """WORK/problems.csv: path, problem and detail of everything that was skipped."""
    write_csv(work / "problems.csv", ("path", "problem", "detail"), problem_rows(table))


def write_groups(work: Path, table: ImageTable) -> None:
    """WORK/groups.csv: path, group and probability of every usable image."""
    rows = table.arrow(["path", "group", "probability"], where=f"status = '{OK}'").to_pylist()
    told = ((row["path"], row["group"], _short(row["probability"])) for row in rows)
    write_csv(work / "groups.csv", ("path", "group", "probability"), told)


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
