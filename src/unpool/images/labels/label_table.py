"""Rows of path and label from text with columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from unpool.core.text.csv_cells import restore_text
from unpool.errors import UnpoolError
from unpool.images.labels.headings import EXPECTED, Knows, Layout, find_layout

DELIMITERS = (",", ";", "\t", "|")
BLANKS = " "  # stands for any run of blanks between two columns
COMMENT = "#"
DELIMITER_LINE = "sep="  # a first line by which spreadsheets know the sign between cells

Record = tuple[int, list[str]]  # number of the line it begins on, from 1, and its cells


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One line of a label file.

    `label` is empty where the line has none.
    """

    line: int
    path: str
    label: str


@dataclass(frozen=True)
class LabelTable:
    """The rows of a label file, and what was assumed.

    `unit` is what `line` of a row counts.
    """

    rows: list[LabelRow]
    remarks: list[str] = field(default_factory=list)
    unit: str = "line"


def read_table(text: str, knows: Knows) -> LabelTable:
    """Read rows of path and label from text with columns.

    Cells are divided by commas, semicolons, tabs, bars or blanks: whichever the heading, or the paths, fit.

    Args:
        text: The file.
        knows: Whether a text names an image of the collection.

    Raises:
        UnpoolError: The columns are not known, or a line does not fit them.
    """
    delimiters, text, first_line = _take_delimiter_line(text)
    found: list[tuple[Layout, list[Record], int]] = []
    problems: list[str] = []
    for delimiter in delimiters:
        if found and delimiter == BLANKS:
            continue
        try:
            records, num_comments = _drop_comments(list(_records(text, delimiter, first_line)), knows)
            if records and (layout := find_layout([cells for _, cells in records], knows)):
                found.append((layout, records, num_comments))
        except csv.Error as error:
            problems.append(str(error))
        except UnpoolError as error:
            if delimiter != BLANKS:
                problems.append(str(error))
    if not found:
        raise UnpoolError(_describe_failure(text, problems))
    layout, records, num_comments = max(found, key=lambda each: (each[0].num_recognised, each[0].num_known))
    remarks = [layout.describe()]
    if num_comments:
        remarks.append(f"{num_comments} lines that begin with {COMMENT} were taken for comments")
    return LabelTable(_rows(records, layout), [remark for remark in remarks if remark])


def _take_delimiter_line(text: str) -> tuple[tuple[str, ...], str, int]:
    """The possible delimiters, the text without a line that names one, and the number of its first line."""
    first, _, rest = text.partition("\n")
    sign = first.rstrip("\r").strip('"')
    if sign.lower().startswith(DELIMITER_LINE) and len(sign) == len(DELIMITER_LINE) + 1:
        return (sign[-1],), rest, 2
    return (*DELIMITERS, BLANKS), text, 1


def _records(text: str, delimiter: str, first_line: int) -> Iterator[Record]:
    """The lines with cells that are not all blank; `csv.Error` names the line."""
    if delimiter == BLANKS:
        for number, line in enumerate(text.splitlines(), first_line):
            if line.strip():
                yield number, line.strip().rsplit(None, 1)
        return
    quoted_after_blank = f'{delimiter} "' in text
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=quoted_after_blank
    )
    while True:
        start = reader.line_num + first_line
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise csv.Error(f"line {start}: {error}; look at its quotes") from None
        if any(cell.strip() for cell in cells):
            yield start, cells


def _drop_comments(records: list[Record], knows: Knows) -> tuple[list[Record], int]:
    """The records without comments, and how many those were; a heading may begin with the sign."""
    kept: list[Record] = []
    for line, cells in records:
        if not cells[0].lstrip().startswith(COMMENT) or any(knows(cell) for cell in cells):
            kept.append((line, cells))
        elif not kept and len(cells) > 1 and (heading := _heading_behind_sign(cells)):
            kept.append((line, heading))
    return kept, len(records) - len(kept)


def _heading_behind_sign(cells: list[str]) -> list[str] | None:
    names = [cells[0].lstrip().lstrip(COMMENT), *cells[1:]]
    layout = None
    try:
        layout = find_layout([names], lambda text: False)
    except UnpoolError:
        return None
    return names if layout is not None and layout.num_recognised == 2 else None


def _rows(records: Sequence[Record], layout: Layout) -> list[LabelRow]:
    body = records[1:] if layout.names else records
    width = len(layout.names) or 2
    rows = []
    for line, cells in body:
        if extra := [cell for cell in cells[width:] if cell.strip()]:
            raise UnpoolError(
                f"line {line} has {width + len(extra)} cells, but the heading has {width}; "
                "put quotes around a cell that holds the sign between cells"
            )
        path, label = (cells[place] if place < len(cells) else "" for place in (layout.path, layout.label))
        rows.append(LabelRow(line, path, restore_text(label)))
    return rows


def _describe_failure(text: str, problems: Sequence[str]) -> str:
    if problems:
        return problems[0]
    first = next((line for line in text.splitlines() if line.strip()), "")
    if not first:
        return f"it is empty; {EXPECTED}"
    return f"its first line is {first[:80]!r}, which has no two columns; {EXPECTED}"
