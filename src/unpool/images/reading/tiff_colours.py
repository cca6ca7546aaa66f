"""The values of a large TIFF as colours, by the rules that `decode.read_picture` has for small ones.

R rows, C columns, S samples of a pixel in the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from unpool.errors import UnreadableImageError
from unpool.images.reading.bit_depth import scaled

WHITE_IS_ZERO, GREYS, RGB, PALETTE, CMYK, YCBCR = 0, (0, 1), 2, 3, 5, 6  # photometric interpretations
JPEGS = (6, 7, 33007, 34892)  # compressions whose decoder gives RGB for YCbCr


@dataclass(frozen=True)
class TiffColours:
    """What the samples of a pixel mean: the first `inks` are grey (1), RGB (3) or CMYK (4), then perhaps `alpha`.

    `white` is the largest value, where the file's bits say it: 255, fewer bits' largest, 65535 of which the upper 8
    bits are kept; None where it has to be found in the values.
    """

    inks: int
    alpha: Literal["none", "straight", "multiplied"]
    white: int | None
    is_inverted: bool

    @property
    def samples(self) -> int:
        """How many samples of a pixel are looked at."""
        return self.inks + (self.alpha != "none")

    def rgb(self, values_RCS: np.ndarray, found: tuple[float, float] = (0, 1)) -> np.ndarray:
        """Values as they lie in the file → (R, C, 3), or (R, C, 1) for grey, uint8.

        `found` are black and white where the file does not say them.
        """
        eight_RCS = self._eight_bits(values_RCS[..., : self.samples], found)
        colours = eight_RCS[..., : self.inks]
        if self.is_inverted:
            colours = 255 - colours
        if self.inks == 4:
            colours = _from_cmyk(colours)
        if self.alpha != "none":
            colours = _on_white(colours, eight_RCS[..., self.inks :], self.alpha == "multiplied")
        return colours

    def _eight_bits(self, values_RCS: np.ndarray, found: tuple[float, float]) -> np.ndarray:
        if self.white == 255:
            return values_RCS
        if self.white == 65535:
            return (values_RCS >> 8).astype(np.uint8)
        return scaled(values_RCS, *(found if self.white is None else (0, self.white)))


def tiff_colours(page: Any) -> TiffColours:
    """What tifffile tells of a page's samples.

    Raises UnreadableImageError for palettes, Lab, YCbCr without JPEG, and values of unlike sizes.
    """
    photometric, bits = int(page.photometric), page.bitspersample
    if page.axes not in ("YX", "YXS", "SYX") or page.dtype is None or page.dtype.kind not in "uifb":
        raise UnreadableImageError("unsupported", f"a TIFF of axes {page.axes} and type {page.dtype}")
    if not isinstance(bits, int):
        raise UnreadableImageError(
            "unsupported", f"a TIFF whose values have {bits} bits; save it anew with 8"
        )
    inks = _inks(page, photometric)
    white = 2**bits - 1 if bits <= 8 and page.dtype.kind in "ub" else None
    if page.dtype == np.uint16 and bits == 16 and inks >= 3 and photometric in (RGB, CMYK):
        white = 65535
    alpha = _alpha(page, inks, photometric) if white in (255, 65535) else "none"
    return TiffColours(inks, alpha, white, photometric == WHITE_IS_ZERO)


def _inks(page: Any, photometric: int) -> int:
    samples = int(page.samplesperpixel)
    if photometric == CMYK and samples >= 4:
        return 4
    is_jpeg = photometric == YCBCR and (int(page.compression) in JPEGS or samples == 1)
    if photometric == RGB or photometric in GREYS or is_jpeg:
        return 3 if samples >= 3 else 1
    kinds = {PALETTE: "with a palette", YCBCR: "in YCbCr", CMYK: f"in CMYK of {samples} inks"}
    kind = kinds.get(photometric, f"of photometric interpretation {photometric}")
    raise UnreadableImageError("unsupported", f"a large TIFF {kind}; save it anew as RGB")


def _alpha(page: Any, inks: int, photometric: int) -> Literal["none", "straight", "multiplied"]:
    """What the first sample after the colours is; in RGB of four samples of which nothing is said, alpha too."""
    left = int(page.samplesperpixel) - inks
    if left < 1 or inks == 4 or (inks == 3 and photometric in GREYS):
        return "none"
    told = int(page.extrasamples[0]) if page.extrasamples else 2 if (inks, left) == (3, 1) else 0
    return "multiplied" if told == 1 else "straight" if told in (2, 999) else "none"


def _from_cmyk(inks_RC4: np.ndarray) -> np.ndarray:
    paper_RC4 = 255 - inks_RC4.astype(np.uint16)
    return _divided(paper_RC4[..., :3] * paper_RC4[..., 3:])


def _on_white(colours: np.ndarray, alpha_RC1: np.ndarray, is_multiplied: bool) -> np.ndarray:
    alpha = alpha_RC1.astype(np.uint16)
    if is_multiplied:
        laid: np.ndarray = np.minimum(colours + (255 - alpha), 255).astype(np.uint8)
        return laid
    return _divided(colours * alpha + 255 * (255 - alpha))


def _divided(products: np.ndarray) -> np.ndarray:
    """Products of two values of 0 to 255, uint16, divided by 255 and rounded, exactly."""
    products = products + 128
    divided: np.ndarray = ((products + (products >> 8)) >> 8).astype(np.uint8)
    return divided
