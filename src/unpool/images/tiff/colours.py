"""Convert a large TIFF's samples to colours.

The rules are those that `decode.read_picture` has for small ones.

R rows, C columns, S samples of a pixel in the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from unpool.errors import UnreadableImageError
from unpool.images.reading.bit_depth import scale_range

if TYPE_CHECKING:
    import tifffile

WHITE_IS_ZERO, GREYS, RGB, PALETTE, CMYK, YCBCR = 0, (0, 1), 2, 3, 5, 6  # photometric interpretations
JPEGS = (6, 7, 33007, 34892)  # compressions whose decoder gives RGB for YCbCr


@dataclass(frozen=True)
class TiffColours:
    """The meaning of a pixel's samples.

    The first `num_colours` are grey (1), RGB (3) or CMYK (4), then perhaps `alpha`. `white` is the largest value,
    where the file's bits say it: 255, fewer bits' largest, 65535 of which the upper 8 bits are kept; None where it
    has to be found in the values.
    """

    num_colours: int
    alpha: Literal["none", "straight", "multiplied"]
    white: int | None
    is_inverted: bool

    @property
    def samples(self) -> int:
        """Number of samples of a pixel that are used."""
        return self.num_colours + (self.alpha != "none")

    def to_rgb(self, values_RCS: np.ndarray, black_white: tuple[float, float] = (0, 1)) -> np.ndarray:
        """Convert samples to RGB, or to one grey channel.

        Args:
            values_RCS: Samples as the file has them.
            black_white: The values of black and white, where the file does not say them.

        Returns:
            (R, C, 3), or (R, C, 1) for grey, uint8.
        """
        eight_RCS = self._to_8_bits(values_RCS[..., : self.samples], black_white)
        colours = eight_RCS[..., : self.num_colours]
        if self.is_inverted:
            colours = 255 - colours
        if self.num_colours == 4:
            colours = _cmyk_to_rgb(colours)
        if self.alpha != "none":
            colours = _composite_on_white(
                colours, eight_RCS[..., self.num_colours :], self.alpha == "multiplied"
            )
        return colours

    def _to_8_bits(self, values_RCS: np.ndarray, black_white: tuple[float, float]) -> np.ndarray:
        if self.white == 255:
            return values_RCS
        if self.white == 65535:
            return (values_RCS >> 8).astype(np.uint8)
        return scale_range(values_RCS, *(black_white if self.white is None else (0, self.white)))


def tiff_colours(page: tifffile.TiffPage) -> TiffColours:
    """Read the meaning of the samples of a tifffile page.

    Raises:
        UnreadableImageError: For palettes, Lab, YCbCr without JPEG, and values of different sizes.
    """
    photometric, bits = int(page.photometric), page.bitspersample
    if page.axes not in ("YX", "YXS", "SYX") or page.dtype is None or page.dtype.kind not in "uifb":
        raise UnreadableImageError("unsupported", f"a TIFF of axes {page.axes} and type {page.dtype}")
    if not isinstance(bits, int):
        raise UnreadableImageError(
            "unsupported", f"a TIFF whose values have {bits} bits; save it again with 8"
        )
    num_colours = _count_colours(page, photometric)
    white = 2**bits - 1 if bits <= 8 and page.dtype.kind in "ub" else None
    if page.dtype == np.uint16 and bits == 16 and num_colours >= 3 and photometric in (RGB, CMYK):
        white = 65535
    alpha = _alpha(page, num_colours, photometric) if white in (255, 65535) else "none"
    return TiffColours(num_colours, alpha, white, photometric == WHITE_IS_ZERO)


def _count_colours(page: tifffile.TiffPage, photometric: int) -> int:
    samples = int(page.samplesperpixel)
    if photometric == CMYK and samples >= 4:
        return 4
    is_jpeg = photometric == YCBCR and (int(page.compression) in JPEGS or samples == 1)
    if photometric == RGB or photometric in GREYS or is_jpeg:
        return 3 if samples >= 3 else 1
    kinds = {PALETTE: "with a palette", YCBCR: "in YCbCr", CMYK: f"in CMYK of {samples} colours"}
    kind = kinds.get(photometric, f"of photometric interpretation {photometric}")
    raise UnreadableImageError("unsupported", f"a large TIFF {kind}; save it again as RGB")


def _alpha(
    page: tifffile.TiffPage, num_colours: int, photometric: int
) -> Literal["none", "straight", "multiplied"]:
    """What the first sample after the colours is; in RGB of four samples of which nothing is said, alpha too."""
    left = int(page.samplesperpixel) - num_colours
    if left < 1 or num_colours == 4 or (num_colours == 3 and photometric in GREYS):
        return "none"
    kind = int(page.extrasamples[0]) if page.extrasamples else 2 if (num_colours, left) == (3, 1) else 0
    return "multiplied" if kind == 1 else "straight" if kind in (2, 999) else "none"


def _cmyk_to_rgb(ink_RC4: np.ndarray) -> np.ndarray:
    paper_RC4 = 255 - ink_RC4.astype(np.uint16)
    return _divide_by_255(paper_RC4[..., :3] * paper_RC4[..., 3:])


def _composite_on_white(colours: np.ndarray, alpha_RC1: np.ndarray, is_multiplied: bool) -> np.ndarray:
    alpha = alpha_RC1.astype(np.uint16)
    if is_multiplied:
        composite: np.ndarray = np.minimum(colours + (255 - alpha), 255).astype(np.uint8)
        return composite
    return _divide_by_255(colours * alpha + 255 * (255 - alpha))


def _divide_by_255(products: np.ndarray) -> np.ndarray:
    """Products of two values of 0 to 255, uint16, divided by 255 and rounded, exactly."""
    products = products + 128
    divided: np.ndarray = ((products + (products >> 8)) >> 8).astype(np.uint8)
    return divided
