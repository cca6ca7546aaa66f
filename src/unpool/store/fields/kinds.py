"""Kinds of fields, and values read from cells.

A date is the time that a clock on the wall showed, as seconds since 1970: photographs and tables rarely say a zone.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal, TypeAlias, get_args

Kind: TypeAlias = Literal["choice", "tags", "number", "date", "text"]
Value: TypeAlias = str | float | list[str]
KINDS: tuple[Kind, ...] = get_args(Kind)
DESCRIPTIONS: dict[Kind, str] = {
    "choice": "one of a list", "tags": "several of a list", "number": "a number",
    "date": "a date, with or without time", "text": "any text",
}  # fmt: skip
EPOCH = datetime(1970, 1, 1)
MAX_CHOICE_LENGTH = 200
SHORT_LENGTH, NUM_CHOICES = 60, 50  # so few short texts are choices, though none is there twice
MAX_NEW_SHARE = 0.5  # of texts that are there for the first time, where they are choices
MAX_CHOICES = 1000
MIN_TAGGED_SHARE = 0.05  # of cells that hold several tags
MAX_TAGS = 300
TAG_SEPARATORS = ("|", ";")
TAG_JOINT = "; "  # between tags in a CSV file
MISSING_WORDS = frozenset({"na", "n/a", "nan", "null", "none", "-", "--", "?", "unknown"})
_CODE = re.compile(r"[+-]?0\d")  # 007 is a name, not the number 7
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f")
_DAYS = ("%Y:%m:%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y")


@dataclass(frozen=True)
class ReadValues:
    """The values of a column of a file.

    Args:
        kind: What they are.
        values: One for each cell, None for an empty one and for one that does not fit.
        invalid: Cells that do not fit the kind.
        remarks: What was assumed, a sentence each.
    """

    kind: Kind
    values: list[Value | None]
    invalid: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def read_values(cells: Sequence[object], kind: Kind | None = None) -> ReadValues:
    """Read the values of a column of a file.

    Args:
        cells: Texts of a CSV file, or values of Parquet and JSON.
        kind: What they are; None guesses it.

    Returns:
        The values, with what did not fit.

    >>> read_values(["1", "2.5", ""]).values
    [1.0, 2.5, None]
    >>> read_values(["a|b", "a", "b"]).values
    [['a', 'b'], ['a'], ['b']]
    """
    chosen = kind or guess_kind(cells)
    convert, remarks = _converter(cells, chosen)
    values: list[Value | None] = []
    invalid = []
    known: dict[str, Value | None] = {}  # of texts, most of which come again
    for cell in cells:
        if isinstance(cell, str) and cell in known:
            values.append(known[cell])
            continue
        try:
            value = None if is_empty(cell) else convert(cell)
        except (ValueError, OverflowError, TypeError):
            values.append(None)
            if not _is_missing(cell):
                invalid.append(to_text(cell))
            continue
        values.append(value)
        if isinstance(cell, str):
            known[cell] = value
    return ReadValues(chosen, values, invalid, remarks)


def guess_kind(cells: Sequence[object]) -> Kind:
    """Guess what the values of a column are.

    >>> guess_kind(["3", "4.5"]), guess_kind(["2024-01-31", ""]), guess_kind(["cat", "dog", "cat"])
    ('number', 'date', 'choice')
    """
    known = [cell for cell in cells if not is_empty(cell)]
    if any(isinstance(cell, list | tuple) for cell in known):
        return "tags"
    different: list[object] = (
        list(dict.fromkeys(known)) if all(isinstance(cell, str) for cell in known) else known
    )
    surely = [cell for cell in different if not _is_missing(cell)]
    if surely and all(_is_number(cell) for cell in surely):
        return "number"
    if surely and _date_reader(surely)[0] is not None:
        return "date"
    texts = [to_text(cell) for cell in known]
    if _find_separator(texts) is not None:
        return "tags"
    return "choice" if _are_choices(texts) else "text"


def is_empty(cell: object) -> bool:
    """Whether a cell holds nothing."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return True
    return isinstance(cell, str) and not cell.strip()


def to_text(cell: object) -> str:
    """Write a value of a file as text.

    >>> to_text(3.0), to_text(True), to_text(["a", "b"])
    ('3', 'true', 'a; b')
    """
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, list | tuple):
        return join_tags([to_text(each) for each in cell])
    return str(cell).strip()


def join_tags(tags: Sequence[str]) -> str:
    """Write tags as one text, which `split_tags` reads.

    >>> join_tags(["a", "b"]), join_tags(["a; b", "c"])
    ('a; b', '["a; b", "c"]')
    """
    if any(sign in tag for tag in tags for sign in TAG_SEPARATORS) or any(tag[:1] == "[" for tag in tags):
        return json.dumps(list(tags), ensure_ascii=False)
    return TAG_JOINT.join(tags)


def split_tags(text: str, separator: str | None) -> list[str]:
    """Read the tags of a text.

    Args:
        text: Tags with a separator between them, or a list in JSON.
        separator: The sign between tags; None for a text that is one tag.

    >>> split_tags("b|a|b", "|"), split_tags('["x"]', None)
    (['b', 'a'], ['x'])
    """
    held: object = None
    if text.strip()[:1] == "[":
        try:
            held = json.loads(text)
        except ValueError:
            held = None
    parts = (
        [to_text(each) for each in held if each is not None]
        if isinstance(held, list)
        else _split(text, separator)
    )
    return [_check_length(part) for part in dict.fromkeys(parts) if part]


def parse_date(text: str) -> float:
    """Read a date in ISO 8601.

    Returns:
        Seconds since 1970 by the clock that was read; a zone is left out.

    Raises:
        ValueError: It is none.

    >>> parse_date("1970-01-02"), parse_date("1970-01-01T00:00:05Z")
    (86400.0, 5.0)
    """
    if "-" not in text:
        raise ValueError(text)
    return to_seconds(datetime.fromisoformat(text.strip()))


def to_seconds(moment: date) -> float:
    """Turn a date into seconds since 1970, without zone."""
    whole = moment if isinstance(moment, datetime) else datetime(moment.year, moment.month, moment.day)
    return (whole.replace(tzinfo=None) - EPOCH).total_seconds()


def format_date(seconds: float) -> str:
    """Write a date in ISO 8601, without a midnight.

    >>> format_date(0.0), format_date(3661.0)
    ('1970-01-01', '1970-01-01 01:01:01')
    """
    moment = EPOCH + timedelta(seconds=seconds)
    is_midnight = (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0)
    return moment.date().isoformat() if is_midnight else moment.isoformat(" ")


def format_value(value: Value, kind: Kind) -> str:
    """Write a value as text, which `read_values` reads back."""
    return format_date(value) if kind == "date" and isinstance(value, float) else to_text(value)


def _converter(cells: Sequence[object], kind: Kind) -> tuple[Callable[[object], Value], list[str]]:
    if kind == "number":
        return _to_number, []
    if kind == "date":
        reader, remark = _date_reader(
            [cell for cell in cells if not is_empty(cell) and not _is_missing(cell)]
        )
        return reader or _to_iso_date, [remark] if remark else []
    if kind == "tags":
        separator = _find_separator([to_text(cell) for cell in cells if isinstance(cell, str)])
        return lambda cell: _to_tags(cell, separator or TAG_SEPARATORS[1]), []
    return (_to_choice if kind == "choice" else _to_any_text), []


def _to_number(cell: object) -> float:
    if isinstance(cell, date | list | tuple):
        raise TypeError(cell)
    text = to_text(cell)
    if _DECIMAL_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    value = float(text)
    if not math.isfinite(value) or "_" in text:
        raise ValueError(cell)
    return value


def _is_number(cell: object) -> bool:
    if isinstance(cell, bool):
        return False
    if isinstance(cell, int | float | Decimal):
        return True
    try:
        return isinstance(cell, str) and not _CODE.match(cell.strip()) and math.isfinite(_to_number(cell))
    except ValueError:
        return False


def _date_reader(cells: Sequence[object]) -> tuple[Callable[[object], float] | None, str]:
    """What reads all of these as dates, None where nothing does; and what was assumed."""
    if all(isinstance(cell, date) for cell in cells):
        return _to_iso_date, ""
    if not all(isinstance(cell, str) for cell in cells):
        return None, ""
    texts = [str(cell).strip() for cell in cells]
    if _all_fit(texts, parse_date):
        return _to_iso_date, ""
    fitting = [days for days in _DAYS if _all_fit(texts, _reader_of(days))]
    if not fitting:
        return None, ""
    if len(fitting) > 1 and _differ(texts, *fitting[:2]):
        return None, ""  # the second of March, or the third of February
    return lambda cell: _reader_of(fitting[0])(str(cell).strip()), f"dates were read as {_spell(fitting[0])}"


def _spell(days: str) -> str:
    return days.replace("%Y", "YYYY").replace("%m", "MM").replace("%d", "DD")


def _differ(texts: Sequence[str], first: str, second: str) -> bool:
    return any(_reader_of(first)(text) != _reader_of(second)(text) for text in texts)


def _reader_of(days: str) -> Callable[[str], float]:
    def parse(text: str) -> float:
        plain = text.replace("T", " ", 1)
        for time in _TIMES:
            try:
                return to_seconds(datetime.strptime(plain, days + time))
            except ValueError:
                continue
        raise ValueError(text)

    return parse


def _all_fit(texts: Sequence[str], parse: Callable[[str], float]) -> bool:
    try:
        for text in texts:
            parse(text)
    except ValueError:
        return False
    return bool(texts)


def _to_iso_date(cell: object) -> float:
    if isinstance(cell, float):  # as the table holds it
        format_date(cell)
        return cell
    return to_seconds(cell) if isinstance(cell, date) else parse_date(to_text(cell))


def _to_any_text(cell: object) -> str:
    text = to_text(cell)
    text.encode()  # ValueError for half a sign, which no table takes
    return text


def _to_choice(cell: object) -> str:
    if isinstance(cell, list | tuple):
        (cell,) = cell  # of several none is the choice
    return _check_length(to_text(cell))


def _to_tags(cell: object, separator: str) -> list[str]:
    if isinstance(cell, list | tuple):
        tags = dict.fromkeys(to_text(each) for each in cell if not is_empty(each))
        return [_check_length(tag) for tag in tags]
    return split_tags(to_text(cell), separator)


def _split(text: str, separator: str | None) -> list[str]:
    return [part.strip() for part in (text.split(separator) if separator else [text])]


def _check_length(text: str) -> str:
    if len(text) > MAX_CHOICE_LENGTH or not text.isprintable():
        raise ValueError(text)
    return text


def _find_separator(texts: Sequence[str]) -> str | None:
    """The sign between tags, where cells hold several that come again."""
    num_all = len(texts)
    texts = [text for text in texts if text[:1] != "[" or text[-1:] != "]"]  # lists need no sign
    if num_all and not texts:
        return TAG_SEPARATORS[0]
    for separator in TAG_SEPARATORS:
        several = sum(separator in text for text in texts)
        if several < max(1, MIN_TAGGED_SHARE * len(texts)):
            continue
        counts = Counter(part for text in texts for part in _split(text, separator) if part)
        is_short = all(len(part) <= SHORT_LENGTH for part in counts)
        if is_short and len(counts) <= MAX_TAGS and counts.total() > len(counts):
            return separator
    return None


def _are_choices(texts: Sequence[str]) -> bool:
    distinct = set(texts)
    if any(len(text) > MAX_CHOICE_LENGTH or not text.isprintable() for text in distinct):
        return False
    if len(distinct) <= NUM_CHOICES and all(len(text) <= SHORT_LENGTH for text in distinct):
        return True
    return len(distinct) <= min(MAX_CHOICES, MAX_NEW_SHARE * len(texts))


def _is_missing(cell: object) -> bool:
    return isinstance(cell, str) and cell.strip().lower() in MISSING_WORDS
