"""Cells of CSV files that no spreadsheet runs.

A text that begins as a formula does is written with a sign before it: a path with `./`, which means the same file, any
other text with an apostrophe, which `restore_text` takes away.

Source: https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import re
from collections.abc import Sequence

FORMULA_STARTS = "=+-@\t\r\n＝＋－＠"
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_FORMULA = re.compile(rf"'*\s*[{re.escape(FORMULA_STARTS)}]")  # blanks before it are passed over by some
_ROW_NEEDS_QUOTES = re.compile(r'[";|\x00-\x1f\x7f\x85\u2028\u2029]|^\s|\s$|,\s|\s,')
_NEEDS_QUOTES = re.compile(r'[",;|\x00-\x1f\x7f\x85\u2028\u2029]|^\s|\s$')


def protect_path(path: str) -> str:
    """Write a relative path so that it is no formula.

    >>> protect_path("=1+1.png"), protect_path("a=1.png")
    ('./=1+1.png', 'a=1.png')
    """
    return f"./{path}" if path[:1] != "'" and _FORMULA.match(path) else path


def protect_text(text: str) -> str:
    """Write a text so that it is no formula.

    Numbers stay; a text that looks protected gets one more apostrophe, so that it comes back.

    >>> protect_text("=A1"), protect_text("'=A1"), protect_text("-5"), protect_text("cat")
    ("'=A1", "''=A1", '-5', 'cat')
    """
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def restore_text(text: str) -> str:
    """Return what `protect_text` was given.

    >>> restore_text("'=A1"), restore_text("''=A1"), restore_text("'cat'")
    ('=A1', "'=A1", "'cat'")
    """
    return text[1:] if text[:1] == "'" and _FORMULA.match(text) else text


def format_row(cells: Sequence[str]) -> str:
    """Write one line, with its end.

    Whatever a reader could take for the end of a cell or a line is quoted, lone carriage returns too, which
    Python's own writer leaves bare before 3.11.9 and 3.12.3.

    >>> format_row(["a,b", "c", ""])
    '"a,b",c,\\n'
    """
    if len(cells) == 1 and not cells[0]:
        return '""\n'
    plain = ",".join(cells)
    if plain.count(",") < len(cells) and not _ROW_NEEDS_QUOTES.search(plain):
        return f"{plain}\n"
    return ",".join(_quote(cell) if _NEEDS_QUOTES.search(cell) else cell for cell in cells) + "\n"


def _quote(cell: str) -> str:
    doubled = cell.replace('"', '""')
    return f'"{doubled}"'
