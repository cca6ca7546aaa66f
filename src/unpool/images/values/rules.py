"""Rules for values of more than 8 bits.

Black and white are set by the user, or found in the collection.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from unpool.errors import UsageError
from unpool.images.reading.bit_depth import Extent, Range, choose_range

VALUES = "values"  # the key of rules in unpool.yaml and in the record of a training
MIN_FILL_SHARE = 0.5  # of its full scale that each picture has to use, where depths are distinguished
MIN_NUMBER = 64  # from which on floats are numbers of 8 bits and more, where others are shares of 1
MIN_DEPTH_RATIO = 3.0  # between the highest values of two depths
MIN_LEVELS = 8  # of 255, that a picture has to show in its collection's range
TOP_PERCENTILE = 99  # of the pictures' highest values: below a hundred pictures, the highest


@dataclass(frozen=True, slots=True)
class Found:
    """The values of a picture with more than 8 bits.

    Args:
        kind: Such as `TIFF uint16 grey`: pictures of one kind share a range.
        dtype: Of its values.
        extent: Their lowest and highest value.
        stated: The range that the file states where that may be the extent of its own values.
        is_certain: Whether the file itself says its full scale, so that it needs none from others.
    """

    kind: str
    dtype: np.dtype
    extent: Extent
    stated: Range | None = None
    is_certain: bool = False

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any] | None) -> Found | None:
        """Read what another process found, as `asdict` gives it."""
        if stored is None:
            return None
        stated = None if stored["stated"] is None else _pair(stored["stated"])
        extent, dtype = Extent(**stored["extent"]), np.dtype(stored["dtype"])
        return cls(stored["kind"], dtype, extent, stated, stored["is_certain"])


@dataclass(frozen=True)
class ValueRules:
    """Black and white of the deep pictures of a collection.

    Args:
        range: Set by the user: values of black and white.
        nodata: Set by the user: values that mean "no data".
        assumed: By kind, ranges found in the collection; a picture gets the smallest that holds its values. Where a
            kind has none, its pictures are scaled by their own.
    """

    range: Range | None = None
    nodata: tuple[float, ...] = ()
    assumed: Mapping[str, Sequence[Range]] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, stored: object) -> ValueRules:
        """Read what a workspace or model folder keeps.

        >>> ValueRules.from_dict({"range": [0, 4095], "nodata": [-1]}).range
        (0.0, 4095.0)
        """
        if not isinstance(stored, Mapping):
            return cls()
        assumed = {
            str(kind): [_pair(each) for each in ranges]
            for kind, ranges in (stored.get("assumed") or {}).items()
        }
        chosen = stored.get("range")
        nodata = tuple(each for each in map(float, stored.get("nodata") or ()) if np.isfinite(each))
        return cls(None if chosen is None else _pair(chosen), nodata, assumed)

    def to_dict(self) -> dict[str, Any]:
        """Return what a workspace or model folder keeps."""
        return {
            "range": None if self.range is None else list(self.range),
            "nodata": list(self.nodata),
            "assumed": {kind: [list(each) for each in ranges] for kind, ranges in self.assumed.items()},
        }

    def __bool__(self) -> bool:
        return bool(self.range or self.nodata or self.assumed)

    def find_assumed(self, kind: str, high: float) -> Range | None:
        """Find the range of the collection for a picture.

        Args:
            kind: Of the picture; without one of its own, that of the same values in another format serves.
            high: Its highest value.

        Returns:
            The smallest range that holds the value, or the largest; None where the collection has none.
        """
        ranges = self.assumed.get(kind)
        if ranges is None:
            values = kind.partition(" ")[2]
            ranges = next(
                (found for other, found in self.assumed.items() if other.endswith(f" {values}")), None
            )
        if not ranges:
            return None
        return next((each for each in ranges if high <= each[1]), ranges[-1])


NO_RULES = ValueRules()


def parse_range(text: str) -> Range | None:
    """Parse the value of `--range`.

    Args:
        text: LOW,HIGH, or auto.

    Returns:
        The range, None for auto.

    Raises:
        UsageError: For anything else.

    >>> parse_range("0,4095"), parse_range("auto")
    ((0.0, 4095.0), None)
    """
    if text.strip() == "auto":
        return None
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        low = high = 0.0
    if not (low < high and np.isfinite([low, high]).all()):
        raise UsageError(
            f"--range is {text!r}, but must be LOW,HIGH with LOW below HIGH, such as 0,4095, or auto"
        )
    return low, high


def parse_nodata(text: str) -> tuple[float, ...]:
    """Parse the value of `--nodata`.

    Args:
        text: A number, several with commas, or auto.

    Returns:
        The values, without NaN, which never is data; none for auto.

    Raises:
        UsageError: For anything else.

    >>> parse_nodata("-9999,0")
    (-9999.0, 0.0)
    """
    if text.strip() in ("auto", "none"):
        return ()
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = [np.inf]
    if np.isinf(numbers).any():
        raise UsageError(
            f"--nodata is {text!r}, but must be a number such as -9999, several with commas, or auto"
        )
    return tuple(number for number in numbers if not np.isnan(number))


def find_ranges(found: Iterable[Found]) -> dict[str, list[Range]]:
    """Find the ranges of a collection.

    Args:
        found: What was found in its pictures.

    Returns:
        By kind, the ranges of black and white, the smallest first. Most kinds have one. Colour pictures have several
        where they are plainly of several depths: each fills its own, with a wide gap between; and floats two, where
        some are shares of 1 and the others numbers of 64 and more. Where one range would show most of them flat, as
        maps of heights are at different altitudes, there is none.
    """
    kinds: dict[str, list[Found]] = {}
    for each in found:
        if not each.is_certain:
            kinds.setdefault(each.kind, []).append(each)
    return {kind: _ranges_of_kind(pictures) for kind, pictures in sorted(kinds.items())}


def _ranges_of_kind(pictures: Sequence[Found]) -> list[Range]:
    stated = {each.stated for each in pictures}
    if len(stated) == 1 and (only := next(iter(stated))) is not None and len(pictures) > 1:
        return [only]
    if pictures[0].dtype.kind == "f" and (split := _split_shares(pictures)) is not None:
        return [(0.0, 1.0), _range_of(split)]
    if _are_flat(pictures, _range_of(pictures)):
        return []
    if not pictures[0].kind.endswith("colour"):
        return [_range_of(pictures)]
    by_white: dict[float, list[Found]] = {}
    for each in pictures:
        by_white.setdefault(_range_of([each])[1], []).append(each)
    groups = [by_white[white] for white in sorted(by_white)]
    if not all(_differ_in_depth(low, high) for low, high in pairwise(groups)):
        return [_range_of(pictures)]
    return [_range_of(group) for group in groups]


def _are_flat(pictures: Sequence[Found], shared: Range) -> bool:
    """Whether most pictures, of floats or signed numbers, are far from zero and hardly vary in a shared range."""
    if pictures[0].dtype.kind == "u":  # of cameras, whose dark frames are to stay dark
        return False
    min_width = MIN_LEVELS / 255 * (shared[1] - shared[0])
    flat = [
        each
        for each in pictures
        if 0 < each.extent.high - each.extent.low < min_width
        and abs(each.extent.low + each.extent.high) > 3 * (each.extent.high - each.extent.low)
    ]
    return len(flat) > len(pictures) / 2


def _split_shares(pictures: Sequence[Found]) -> list[Found] | None:
    """Floats that are no shares of 1, where others plainly are: these fill 0 to 1, and those go far beyond."""
    shares = [each for each in pictures if each.extent.low >= 0 and each.extent.high <= 1]
    others = [each for each in pictures if each.extent.high > 1]
    is_plain = (
        len(shares) + len(others) == len(pictures)
        and any(each.extent.high >= MIN_FILL_SHARE for each in shares)
        and min((each.extent.high for each in others), default=0) >= MIN_NUMBER
    )
    return others if is_plain else None


def _differ_in_depth(lower: Sequence[Found], upper: Sequence[Found]) -> bool:
    """Whether two groups have full scales of their own, and not only other light."""
    for group in (lower, upper):
        white = _range_of(group)[1]
        if any(each.extent.high < MIN_FILL_SHARE * white for each in group):
            return False
    gap = min(each.extent.high for each in upper) / max(1.0, *(each.extent.high for each in lower))
    floors = [float(np.median([each.extent.low for each in group])) for group in (lower, upper)]
    # One camera has one dark level: where that is the same, the light differs and not the depth.
    is_dark = floors[0] <= 0.02 * _range_of(lower)[1]
    return gap >= MIN_DEPTH_RATIO and (is_dark or floors[1] >= MIN_DEPTH_RATIO * floors[0])


def _range_of(pictures: Sequence[Found]) -> Range:
    lows, highs = [each.extent.low for each in pictures], [each.extent.high for each in pictures]
    low = float(np.percentile(lows, 100 - TOP_PERCENTILE, method="lower"))
    high = float(np.percentile(highs, TOP_PERCENTILE, method="higher"))
    return choose_range(low, high, pictures[0].dtype)


def _pair(value: Any) -> Range:
    low, high = value
    return float(low), float(high)
