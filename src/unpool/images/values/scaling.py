"""Scale the deep values of one file to 8 bits."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from unpool.images.reading.bit_depth import (
    MAX_NEGATIVE_SHARE,
    Extent,
    Range,
    choose_range,
    measure,
    scale_range,
)
from unpool.images.reading.notes import Note
from unpool.images.values.rules import Found, ValueRules
from unpool.images.values.statements import NOTHING, Statement

MAX_SPREAD_SAMPLE = 100_000  # values in which 8 bits spread over 16 are recognised
MIN_SPREAD_VALUES = 3  # different ones, that this is no coincidence


@dataclass
class Scaling:
    """Scales the values of one file.

    Afterwards `notes` say what was assumed, `found` what the values are like, `range` which of them are black and
    white, and `nodata` which mean "no data".

    Args:
        rules: Of the collection.
        image_format: Of the file, by Pillow's name.
    """

    rules: ValueRules = ValueRules()  # noqa: RUF009 - frozen
    image_format: str = ""
    notes: list[Note] = field(default_factory=list)
    found: Found | None = None
    range: Range | None = None
    nodata: tuple[float, ...] = ()

    @property
    def is_own(self) -> bool:
        """Whether the range rests on this picture alone."""
        found = self.found
        if found is None or found.is_certain or found.stated is not None or self.rules.range is not None:
            return False
        return self.rules.find_assumed(found.kind, found.extent.high) is None

    def take(self, other: Scaling) -> None:
        """Take over what another one found, of the same rules."""
        self.notes[:], self.found, self.range, self.nodata = (
            other.notes,
            other.found,
            other.range,
            other.nodata,
        )

    def to_8_bits(self, values: np.ndarray, stated: Statement = NOTHING) -> np.ndarray:
        """Scale samples to uint8 by the first rule that applies.

        The rules are, in this order: the user's range; what the file states; the collection's range for pictures of
        this kind; the extent of the picture's values.

        Args:
            values: (H, W) grey or (H, W, 3) colour, of any type.
            stated: What the file says of them.

        Returns:
            uint8 of the same shape.
        """
        if values.dtype == np.uint8:
            return values
        return scale_range(values, *self.find_range(values, stated), self.nodata)

    def alpha_to_8_bits(self, alpha: np.ndarray) -> np.ndarray:
        """Scale the opacity that belongs to scaled samples.

        It has the whole type as its scale; or that of the colours, where it never goes beyond.
        """
        if alpha.dtype == np.uint8:
            return alpha
        full = 1.0 if alpha.dtype.kind == "f" else float(np.iinfo(alpha.dtype).max)
        white = self.range[1] if self.range is not None else full
        return scale_range(alpha, 0, white if 0 < float(alpha.max(initial=0)) <= white else full)

    def find_range(
        self, values: np.ndarray, stated: Statement = NOTHING, *, is_colour: bool | None = None
    ) -> Range:
        """Find black and white for samples.

        Args:
            values: As for `to_8_bits`.
            stated: What the file says of them.
            is_colour: Whether they are colours, where their shape does not show it.

        Returns:
            The values of black and white.
        """
        self.nodata = (*stated.nodata, *(each * stated.unit for each in self.rules.nodata))
        extent = measure(values, self.nodata)
        if extent is None:
            self.range = (0.0, 1.0)
            return self.range
        self._note_nodata(extent)
        if is_colour is None:
            is_colour = values.ndim == 3 and values.shape[2] >= 3
        dtype = np.dtype(values.dtype.newbyteorder("="))
        kind = f"{self.image_format} {dtype.name} {'colour' if is_colour else 'grey'}"
        certain = certain_range(values, extent, stated)
        own = stated.range if stated.is_extent and _holds(stated.range, extent) else None
        self.found = Found(kind, dtype, extent, own, certain is not None)
        if self.rules.range is not None:
            self.range = self.rules.range[0] * stated.unit, self.rules.range[1] * stated.unit
        else:
            self.range = certain or self._assumed(self.found)
        return self.range

    def _note_nodata(self, extent: Extent) -> None:
        if extent.has_nodata:
            self.notes.append(Note("no-data", ", ".join(f"{each:g}" for each in self.nodata)))
        if extent.fill is not None:
            self.notes.append(Note("no-data", f"{extent.fill:g}, taken for no data"))
            self.nodata = (*self.nodata, extent.fill)

    def _assumed(self, found: Found) -> Range:
        extent = found.extent
        assumed = self.rules.find_assumed(found.kind, extent.high)
        if assumed is None:
            own = found.stated or choose_range(extent.low, extent.high, found.dtype)
            detail = f"{extent.low:g} to {extent.high:g}, read as {own[0]:g} to {own[1]:g}"
            self.notes.append(Note("own-range", detail))
            return own
        margin = MAX_NEGATIVE_SHARE * (assumed[1] - assumed[0])
        if extent.high > assumed[1] or extent.low < assumed[0] - margin:
            detail = f"{extent.low:g} to {extent.high:g}, read as {assumed[0]:g} to {assumed[1]:g}"
            self.notes.append(Note("clipped", detail))
        return assumed


def certain_range(values: np.ndarray, extent: Extent, stated: Statement) -> Range | None:
    """Find the full scale that a file itself makes certain.

    Args:
        values: Its samples.
        extent: Theirs.
        stated: What the file says; nothing that its values contradict is believed.

    Returns:
        Black and white; None where the file does not say them.
    """
    if stated.is_scaled:
        return stated.range
    if (spread := _spread_of_8_bits(values)) is not None:
        return spread
    if stated.range is None or stated.is_extent:
        return None
    if _holds(stated.range, extent):
        return stated.range
    # Significant bits may be the upper ones, as PNG has them: then the whole type is the scale.
    return (0.0, float(np.iinfo(values.dtype).max)) if _has_upper_bits(values, stated.range[1]) else None


def _holds(stated: Range | None, extent: Extent) -> bool:
    return stated is not None and stated[0] <= extent.low and extent.high <= stated[1]


def _has_upper_bits(values: np.ndarray, white: float) -> bool:
    """Whether values of n bits were moved to the upper end, the lower bits zero or a repetition."""
    if values.dtype.kind != "u":
        return False
    sample = values.reshape(-1)[:: max(1, values.size // MAX_SPREAD_SAMPLE)]
    spare = values.dtype.itemsize * 8 - int(np.log2(white + 1))
    low = sample & values.dtype.type((1 << spare) - 1)
    bits = values.dtype.itemsize * 8
    repeated = (sample >> values.dtype.type(bits - spare)) if spare * 2 <= bits else low
    scaled = np.rint((sample >> values.dtype.type(spare)) * (float(np.iinfo(values.dtype).max) / white))
    return bool((low == 0).all() or (low == repeated).all() or (np.abs(scaled - sample) <= 1).all())


def _spread_of_8_bits(values: np.ndarray) -> Range | None:
    """The scale of a picture of 8 bits stored in 16: each byte twice, or with zeros below."""
    if values.dtype.kind != "u" or values.dtype.itemsize != 2:
        return None
    sample = values.reshape(-1)[:: max(1, values.size // MAX_SPREAD_SAMPLE)]
    for factor in (257, 256):
        if not (sample[:64] % factor).any() and not (values % factor).any():
            return (0.0, 255.0 * factor) if len(np.unique(sample)) >= MIN_SPREAD_VALUES else None
    return None
