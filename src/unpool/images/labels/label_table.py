"""The rows of text with columns, such as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from unpool.core.text.csv_cells import restore_text
from unpool.errors import UnpoolError
from unpool.images.labels.field_table import FieldTable, read_cell, unite_names
from unpool.images.labels.headings import EXPECTED, Knows, Layout, describe_missing, find_layout

DELIMITERS = (",", ";", "\t", "|")
BLANKS = " "  # stands for any run of blanks between two columns
COMMENT = "#"
DELIMITER_LINE = "sep="  # a first line by which spreadsheets know the sign between cells

Record = tuple[int, list[str]]  # number of the line it begins on, from 1, and its cells


def read_table(text: str, knows: Knows) -> FieldTable:
    """Read rows of paths and fields from text with columns.

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
    table = _to_columns(records, layout)
    if num_comments:
        table.remarks.append(f"{num_comments} lines that begin with {COMMENT} were taken for comments")
    return table


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


def _to_columns(records: Sequence[Record], layout: Layout) -> FieldTable:
    """The cells by column; columns without heading and value are none."""
    body = records[1:] if layout.names else records
    names = [name.strip() for name in layout.names] or ["", ""]
    if not layout.names and layout.label is not None:
        names[layout.label] = "label"
    _check_width(body, len(names))
    cells = [[row[place] if place < len(row) else "" for _, row in body] for place in range(len(names))]
    unique = unite_names(names)
    columns = {
        unique[place]: [read_cell(restore_text(cell)) for cell in column]
        for place, column in enumerate(cells)
        if place != layout.path and names[place]
    }
    num_nameless = sum(
        any(map(str.strip, column))
        for place, column in enumerate(cells)
        if place != layout.path and not names[place]
    )
    label = "" if layout.label is None else unique[layout.label]
    no_label = "" if label else describe_missing(names, "labels")
    numbers = [line for line, _ in body]
    table = FieldTable(cells[layout.path], columns, numbers, label, no_label, layout.describe())
    table.path_layout = layout.describe_path()
    table.left_out += ["a column without a heading"] * num_nameless
    return table


def _check_width(body: Sequence[Record], width: int) -> None:
    """Raise `UnpoolError` for a line that has more cells than the heading."""
    for line, cells in body:
        if extra := [cell for cell in cells[width:] if cell.strip()]:
            raise UnpoolError(
                f"line {line} has {width + len(extra)} cells, but the heading has {width}; "
                "put quotes around a cell that holds the sign between cells"
            )


def _describe_failure(text: str, problems: Sequence[str]) -> str:
    if problems:
        return problems[0]
    first = next((line for line in text.splitlines() if line.strip()), "")
    if not first:
        return f"it is empty; {EXPECTED}"
    return f"its first line is {first[:80]!r}, which has no two columns; {EXPECTED}"
