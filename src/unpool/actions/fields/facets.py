"""The values of fields as arrays, counted and filtered.

N images; M pairs of an image and a name; V names or bins of a field.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypedDict

from unpool.actions.sharing.arrays import factorise, read_column
from unpool.report.palette import MAX_COLOURS, distinct_colours, shade
from unpool.store.fields.kinds import Kind, format_value, join_tags

if TYPE_CHECKING:
    import pyarrow as pa

MAX_VALUES = 200  # names that are listed, those of most images
NUM_BINS = 24  # of a histogram of numbers, at most
MAX_DATE_BINS = 60
TAIL_SHARE = 0.005  # share of the images at either end whose numbers widen the outermost bins only
MIN_RANGE, MAX_NUMBER = 1e-290, 1e290  # of numbers that are counted apart
UNITS = ("m", "h", "D", "M", "Y")  # of bins of dates, as NumPy names them: minutes to years
STEPS = (1.0, 2.0, 5.0, 10.0)

Mask = NDArray[np.bool_]


class FieldValue(TypedDict):
    """A value of a field, and its number of images."""

    name: str
    count: int
    colour: str


class FieldBin(TypedDict):
    """A range of a number or a date.

    The high end belongs to the next, that of the last to itself.
    """

    low: float
    high: float
    count: int
    colour: str


class FieldFacet(TypedDict):
    """What a field holds.

    Of choices and tags the values, most images first; of numbers and dates a histogram.
    """

    name: str
    kind: Kind
    images: int  # that have a value
    values: list[FieldValue]
    others: int  # values that are not listed
    bins: list[FieldBin]


@dataclass(frozen=True)
class NamedValues:
    """Names of images: choices, tags or texts.

    Args:
        kind: Of the field.
        names: The distinct names, sorted.
        code_M: The place of a name among them.
        row_M: The image that has it, ascending.
        count: N.
    """

    kind: Kind
    names: list[str]
    code_M: NDArray[np.int32]
    row_M: NDArray[np.int64]
    count: int

    @cached_property
    def listed_V(self) -> NDArray[np.int64]:
        """The names that are listed, those of most images first."""
        if self.kind == "text":
            return np.zeros(0, np.int64)
        count_K = np.bincount(self.code_M, minlength=len(self.names))
        order_K = np.argsort(-count_K, kind="stable")
        return order_K[count_K[order_K] > 0][:MAX_VALUES]

    def describe(self, name: str) -> FieldFacet:
        """Count the images of each name."""
        listed_V = self.listed_V
        count_K = np.bincount(self.code_M, minlength=len(self.names))
        colours = distinct_colours(min(MAX_COLOURS, len(listed_V)))
        values: list[FieldValue] = [
            {"name": self.names[code], "count": int(count_K[code]), "colour": colours[place % MAX_COLOURS]}
            for place, code in enumerate(listed_V.tolist())
        ]
        num_known = int(np.count_nonzero(count_K))
        return {
            "name": name, "kind": self.kind, "images": int(np.count_nonzero(self.is_known())), "values": values,
            "others": num_known - len(values), "bins": [],
        }  # fmt: skip

    def places(self) -> NDArray[np.int32]:
        """The place of each image's name among the listed ones.

        (N,), -1 for none. Of several the one of fewest images.
        """
        place_K = np.full(max(1, len(self.names)), -1, np.int32)
        place_K[self.listed_V] = np.arange(len(self.listed_V), dtype=np.int32)
        place_N = np.full(self.count, -1, np.int32)
        if len(self.code_M):
            np.maximum.at(place_N, self.row_M, place_K[self.code_M])
        return place_N

    def text_of(self, row: int) -> str:
        """Write the names of an image; empty for none."""
        first, end = np.searchsorted(self.row_M, [row, row + 1])
        return join_tags([self.names[code] for code in self.code_M[first:end]]) if end > first else ""

    def rows(self) -> list[float | list[int] | None]:
        """The places of each image's names among the listed ones.

        None where it has no name.
        """
        place_of = {code: place for place, code in enumerate(self.listed_V.tolist())}
        found: list[float | list[int] | None] = [None] * self.count
        for row, code in zip(self.row_M.tolist(), self.code_M.tolist(), strict=True):
            before = found[row]
            found[row] = [
                *(before if isinstance(before, list) else []),
                *([place_of[code]] if code in place_of else []),
            ]
        return found

    def has_any(self, names: Sequence[str]) -> Mask:
        """Which images have one of these names (N,)."""
        places = [place for place, name in enumerate(self.names) if name in set(names)]
        has_N = np.zeros(self.count, bool)
        has_N[self.row_M[np.isin(self.code_M, places)]] = True
        return has_N

    def is_between(self, low: float | None, high: float | None) -> Mask:
        """Names lie in no range."""
        return np.zeros(self.count, bool)

    def is_known(self) -> Mask:
        """Which images have a name (N,)."""
        known_N = np.zeros(self.count, bool)
        known_N[self.row_M] = True
        return known_N


@dataclass(frozen=True)
class NumberValues:
    """Numbers or dates of images.

    Args:
        kind: Of the field.
        value_N: The number of each image, or its date in seconds since 1970; NaN for none.
    """

    kind: Kind
    value_N: NDArray[np.float64]

    @cached_property
    def edges(self) -> NDArray[np.float64]:
        """Where the bins begin, and the last one ends.

        (V + 1,), empty where no image has a value.
        """
        known_M = self.value_N[np.isfinite(self.value_N)]
        if not len(known_M):
            return np.zeros(0)
        return date_edges(known_M) if self.kind == "date" else number_edges(known_M)

    def describe(self, name: str) -> FieldFacet:
        """Count the images of each range."""
        place_N, edges = self.places(), self.edges.tolist()
        num_bins = max(0, len(edges) - 1)
        count_V = np.bincount(place_N[place_N >= 0], minlength=num_bins)
        bins: list[FieldBin] = [
            {
                "low": edges[place], "high": edges[place + 1], "count": int(count_V[place]),
                "colour": shade(place / max(1, num_bins - 1)),
            }
            for place in range(num_bins)
        ]  # fmt: skip
        num_known = int(np.count_nonzero(self.is_known()))
        return {"name": name, "kind": self.kind, "images": num_known, "values": [], "others": 0, "bins": bins}

    def places(self) -> NDArray[np.int32]:
        """The place of each image's bin (N,), -1 for none."""
        place_N = np.full(len(self.value_N), -1, np.int32)
        known_N = self.is_known()
        if known_N.any():
            found = np.searchsorted(self.edges, self.value_N[known_N], side="right") - 1
            place_N[known_N] = np.clip(found, 0, len(self.edges) - 2)
        return place_N

    def text_of(self, row: int) -> str:
        """Write the value of an image; empty for none."""
        value = float(self.value_N[row])
        return format_value(value, self.kind) if math.isfinite(value) else ""

    def rows(self) -> list[float | list[int] | None]:
        """The value of each image; None where it has none."""
        return [None if value != value else value for value in self.value_N.tolist()]

    def has_any(self, names: Sequence[str]) -> Mask:
        """Which images have one of these numbers, as text (N,)."""
        numbers = [number for name in names if (number := _to_number(name)) is not None]
        return np.isin(self.value_N, numbers)

    def is_between(self, low: float | None, high: float | None) -> Mask:
        """Which images have a value between two, both included (N,)."""
        least, most = -np.inf if low is None else low, np.inf if high is None else high
        return np.asarray((self.value_N >= least) & (self.value_N <= most))

    def is_known(self) -> Mask:
        """Which images have a value (N,)."""
        return np.isfinite(self.value_N)


FieldValues = NamedValues | NumberValues


def read_values_of(rows: pa.Table, column: str, kind: Kind) -> FieldValues:
    """Read a column as the values of a field.

    Args:
        rows: The table, a row for each image.
        column: The column.
        kind: Of the field.

    Returns:
        Its values.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if kind in ("number", "date"):
        return NumberValues(kind, read_column(rows, column, np.float64, np.nan))
    if kind != "tags":
        names, code_N = factorise(rows, column)
        row_M = np.flatnonzero(code_N >= 0)
        return NamedValues(kind, names, code_N[row_M], row_M, rows.num_rows)
    lists = rows[column].combine_chunks()
    flat = pa.table({column: pc.list_flatten(lists)})
    names, code_M = factorise(flat, column)
    row_M = np.asarray(pc.list_parent_indices(lists).to_numpy(zero_copy_only=False), np.int64)
    known_M = code_M >= 0
    return NamedValues(kind, names, code_M[known_M], row_M[known_M], rows.num_rows)


def number_edges(value_M: NDArray[np.float64]) -> NDArray[np.float64]:
    """Choose round numbers between which values are counted.

    Whole numbers of which there are few get a bin each; the outermost bins reach to the last values.

    Args:
        value_M: The values, finite, one at least.

    >>> number_edges(np.array([0.0, 3.0])).tolist()
    [-0.5, 0.5, 1.5, 2.5, 3.5]
    """
    low, high = float(value_M.min()), float(value_M.max())
    if high - low <= MIN_RANGE or max(abs(low), abs(high)) > MAX_NUMBER:
        return np.array([low, high])
    if high - low < NUM_BINS and bool((value_M == np.round(value_M)).all()):
        return np.arange(low - 0.5, high + 1)
    first, last = np.quantile(value_M, (TAIL_SHARE, 1 - TAIL_SHARE)).tolist()
    if last - first <= MIN_RANGE:
        first, last = low, high
    step = _round_step((last - first) / (NUM_BINS - 2))
    edges = np.arange(math.floor(first / step), math.ceil(last / step) + 1) * step
    edges[0], edges[-1] = min(edges[0], low), max(edges[-1], high)
    return np.asarray(edges, np.float64)


def date_edges(value_M: NDArray[np.float64]) -> NDArray[np.float64]:
    """Choose the units of time in which dates are counted.

    Args:
        value_M: Seconds since 1970, finite, one at least.

    >>> number = len(date_edges(np.array([0.0, 86_400.0 * 365]))) - 1
    >>> number
    13
    """
    low, high = np.floor([value_M.min(), value_M.max()]).astype(np.int64).astype("datetime64[s]")
    for unit in UNITS:
        first, last = low.astype(f"datetime64[{unit}]"), high.astype(f"datetime64[{unit}]")
        num_bins = int((last - first).astype(np.int64)) + 1
        if num_bins <= MAX_DATE_BINS or unit == UNITS[-1]:
            break
    step = math.ceil(num_bins / MAX_DATE_BINS)
    starts = first + np.arange(0, num_bins + step, step).astype(f"timedelta64[{unit}]")
    return np.asarray(starts.astype("datetime64[s]"), np.float64)


def _round_step(width: float) -> float:
    """The least of 1, 2, 5, 10, 20, … times a power of ten that is not below a width."""
    power = 10.0 ** math.floor(math.log10(width))
    return next(factor * power for factor in STEPS if factor * power >= width * (1 - 1e-9))


def _to_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
