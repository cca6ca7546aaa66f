"""What the samples of a TIFF page mean.

Both ways of reading a TIFF, whole and by rows, get their colours here.

R rows, C columns, S samples of a pixel in the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from PIL import Image

from unpool.errors import UnreadableImageError
from unpool.images.reading.bit_depth import Extent, Range, choose_range, full_scales, is_nodata, scale_range
from unpool.images.reading.notes import Note
from unpool.images.values.scaling import Scaling
from unpool.images.values.statements import NOTHING, Statement, page_statement

if TYPE_CHECKING:
    import tifffile

# Photometric interpretations, and the tag that says one.
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, MASK, CMYK, YCBCR, CIELAB, ICCLAB = 0, 1, 2, 3, 4, 5, 6, 8, 9
GREYS = (WHITE_IS_ZERO, BLACK_IS_ZERO, MASK)
PHOTOMETRIC, INK_SET, GDAL_METADATA = 262, 332, 42112
CCITT = (2, 3, 4)
JPEGS = (6, 7, 33007, 34892)  # compressions whose decoder gives RGB for YCbCr
JPEG_2000_YCBCR = 33003
MULTIPLIED, STRAIGHT, COREL_DRAW = 1, 2, 999  # kinds of extra samples that are transparency
_BAND = re.compile(r'<Item name="COLORINTERP" sample="(\d+)" role="colorinterp">(\w+)</Item>', re.IGNORECASE)

Alpha: TypeAlias = Literal["none", "straight", "multiplied", "unsaid"]
Space: TypeAlias = Literal["grey", "palette", "rgb", "cmyk", "lab", "ycbcr"]


@dataclass(frozen=True, slots=True)
class Scale:
    """How samples become 8 bits.

    `black` is the lowest and `white` the highest value that is shown, `opaque` the highest value of transparency;
    `nodata` are values that mean "no data".
    """

    black: float
    white: float
    nodata: tuple[float, ...] = ()
    opaque: float = 1.0


@dataclass(frozen=True)
class TiffColours:
    """The meaning of a pixel's samples.

    `used` are the indices of the samples that make the colour, then perhaps that of `alpha`. `bits` are those of a
    sample. `white` is the largest value of up to 8 bits; None where it has to be found in the values.
    `table_N3` are a palette's colours, uint8.
    """

    space: Space
    used: tuple[int, ...]
    alpha: Alpha
    bits: int
    dtype: np.dtype
    white: int | None
    is_inverted: bool = False
    table_N3: np.ndarray | None = None
    is_icc_lab: bool = False
    notes: tuple[Note, ...] = field(default=())
    stated: Statement = NOTHING

    @property
    def num_colours(self) -> int:
        """Number of samples that make the colour."""
        return len(self.used) - (self.alpha != "none")

    @property
    def needs_sample(self) -> bool:
        """Whether the values have to be looked at first.

        In them black and white are found, or the kind of a channel.
        """
        return self.alpha == "unsaid" or (self.white is None and not self.is_exact)

    @property
    def is_exact(self) -> bool:
        """Whether the values say colours themselves, and nothing is scaled."""
        return self.space in ("palette", "lab", "ycbcr")

    def with_alpha(self, is_alpha: bool) -> TiffColours:
        """Decide on a fourth channel: transparency or nothing."""
        if is_alpha:
            note = Note("channels", "channel 4 of 4 as transparency")
            return replace(self, alpha="straight", notes=(*self.notes, note))
        note = Note("channels", "channels 1, 2, 3 of 4")
        return replace(self, alpha="none", used=self.used[:3], notes=(*self.notes, note))

    def find_scale(self, values_RCS: np.ndarray, scaling: Scaling) -> Scale:
        """Find black and white.

        Args:
            values_RCS: Samples of `used`, all or some.
            scaling: The rules that they are scaled by; receives what was assumed.
        """
        opaque = float(1 if self.dtype.kind == "f" else 2**self.bits - 1)
        if self.white is not None or self.is_exact or self.space == "cmyk":
            return Scale(0, self.white or opaque, opaque=opaque)
        colours = values_RCS[..., : self.num_colours]
        black, white = scaling.find_range(colours, self.stated, is_colour=self.space == "rgb")
        if self.is_inverted and scaling.is_own and scaling.found is not None:
            black, white = _mirrored_range(scaling.found.extent, self.dtype)
        if self.alpha != "none" and 0 < float(values_RCS[..., self.num_colours :].max(initial=0)) <= white:
            opaque = white
        return Scale(0 if self.alpha == "multiplied" else black, white, scaling.nodata, opaque)

    def to_image(self, values_RCS: np.ndarray, scale: Scale) -> Image.Image:
        """Convert samples to an image.

        Args:
            values_RCS: The samples of `used`.
            scale: What `find_scale` found.

        Returns:
            An image of mode L, LA, RGB, RGBA or CMYK.
        """
        if self.space == "palette":
            return self._with_table(values_RCS, scale)
        if self.space == "lab":
            return lab_to_rgb(values_RCS[..., :3], self.is_icc_lab)
        if self.space == "ycbcr":
            return Image.fromarray(np.ascontiguousarray(values_RCS), "YCbCr").convert("RGB")
        eight_RCS = self._to_8_bits(values_RCS[..., : self.num_colours], scale)
        if self.alpha == "none":
            return _image({"grey": "L", "rgb": "RGB", "cmyk": "CMYK"}[self.space], eight_RCS)
        alpha_RC1 = self._alpha_to_8_bits(values_RCS[..., self.num_colours :], scale)
        is_multiplied = self.alpha == "multiplied"
        both_RCS = np.concatenate([eight_RCS, alpha_RC1], axis=-1)
        if self.space == "grey":
            image = _image("La" if is_multiplied else "LA", both_RCS)
            return image.convert("LA") if is_multiplied else image
        image = _image("RGBa" if is_multiplied else "RGBA", both_RCS)
        return image.convert("RGBA") if is_multiplied else image

    def _to_8_bits(self, values_RCS: np.ndarray, scale: Scale) -> np.ndarray:
        if self.white is None:
            eight_RCS = scale_range(values_RCS, scale.black, scale.white, scale.nodata)
            return _invert(eight_RCS, values_RCS, scale.nodata) if self.is_inverted else eight_RCS
        table = np.rint(np.arange(self.white + 1) * (255 / self.white)).astype(np.uint8)
        eight_RCS = values_RCS if self.white == 255 else table[values_RCS.astype(np.uint8, copy=False)]
        return 255 - eight_RCS if self.is_inverted else eight_RCS

    def _alpha_to_8_bits(self, values_RC1: np.ndarray, scale: Scale) -> np.ndarray:
        if self.dtype == np.uint8 and self.bits == 8:
            return values_RC1
        return scale_range(values_RC1, 0, scale.opaque)

    def _with_table(self, values_RCS: np.ndarray, scale: Scale) -> Image.Image:
        assert self.table_N3 is not None
        index_RC = np.minimum(values_RCS[..., 0], len(self.table_N3) - 1)
        rgb_RC3 = self.table_N3[index_RC]
        if self.alpha == "none":
            return _image("RGB", rgb_RC3)
        return _image(
            "RGBA", np.concatenate([rgb_RC3, self._alpha_to_8_bits(values_RCS[..., 1:], scale)], axis=-1)
        )


def tiff_colours(page: tifffile.TiffPage) -> TiffColours:
    """Read the meaning of the samples of a tifffile page.

    Raises:
        UnreadableImageError: For values and colours that cannot be shown rightly.
    """
    bits = page.bitspersample
    if page.axes not in ("YX", "YXS", "SYX", "ZYX", "ZYXS", "SZYX") or page.dtype is None:
        raise UnreadableImageError("unsupported", f"a TIFF of axes {page.axes} and type {page.dtype}")
    if page.dtype.kind not in "uifb":
        raise UnreadableImageError("unsupported", f"a TIFF of values of type {page.dtype}")
    if not isinstance(bits, int):
        raise UnreadableImageError(
            "unsupported", f"a TIFF whose values have {bits} bits; save it again with 8"
        )
    photometric, assumed = _photometric(page)
    space, colours = _space(page, photometric)
    alpha, alpha_index = _alpha(page, space, len(colours))
    used = (*colours, *alpha_index)
    is_white_stated = bits <= 8 and page.dtype.kind in "ub"
    notes = (*assumed, *_channel_notes(page, photometric, space, used))
    return TiffColours(
        space, used, alpha, bits, page.dtype, 2**bits - 1 if is_white_stated else None,
        photometric == WHITE_IS_ZERO and space == "grey", _table(page) if space == "palette" else None,
        photometric == ICCLAB, notes, page_statement(page),
    )  # fmt: skip


def _photometric(page: tifffile.TiffPage) -> tuple[int, tuple[Note, ...]]:
    """What the values mean; where the file does not say it, what libtiff takes them for."""
    if PHOTOMETRIC in page.tags:
        return int(page.photometric), ()
    if page.colormap is not None:
        return PALETTE, (Note("assumed-colours", "a palette"),)
    if int(page.samplesperpixel) >= 3:
        return RGB, (Note("assumed-colours", "red, green, blue"),)
    if int(page.compression) in CCITT:
        return WHITE_IS_ZERO, (Note("assumed-colours", "white is 0"),)
    return BLACK_IS_ZERO, (Note("assumed-colours", "black is 0"),)


def _space(page: tifffile.TiffPage, photometric: int) -> tuple[Space, tuple[int, ...]]:
    """The colours that the samples make, and which of them do."""
    samples = int(page.samplesperpixel)
    if photometric in GREYS or (photometric in (RGB, YCBCR, CIELAB, ICCLAB) and samples < 3):
        # GDAL writes the bands of satellites so; of three or more, the first are red, green and blue.
        is_grey = samples < 3 or _has_alpha_second(page)
        return ("grey", (0,)) if is_grey else ("rgb", _band_order(page) or (0, 1, 2))
    if photometric == RGB or (photometric == YCBCR and int(page.compression) in JPEGS):
        return "rgb", _band_order(page) or (0, 1, 2)
    if photometric == YCBCR and page.dtype == np.uint8:
        return "ycbcr", (0, 1, 2)
    if photometric == PALETTE and page.colormap is not None and page.dtype.kind in "ub":
        return "palette", (0,)
    if photometric == CMYK and samples >= 4 and page.tags.valueof(INK_SET, 1) == 1:
        return "cmyk", (0, 1, 2, 3)
    if photometric in (CIELAB, ICCLAB) and page.bitspersample in (8, 16) and page.dtype.kind in "ui":
        return "lab", (0, 1, 2)
    kinds = {PALETTE: "with a palette", YCBCR: "in YCbCr", CMYK: f"of {samples} inks", CIELAB: "in Lab"}
    kind = kinds.get(photometric, f"of photometric interpretation {photometric}")
    raise UnreadableImageError(
        "unsupported", f"a TIFF {kind} of {page.bitspersample} bits; save it again as RGB"
    )


def _has_alpha_second(page: tifffile.TiffPage) -> bool:
    return bool(page.extrasamples) and int(page.extrasamples[0]) in (MULTIPLIED, STRAIGHT)


def _band_order(page: tifffile.TiffPage) -> tuple[int, ...] | None:
    """The samples that GDAL calls red, green and blue, where it names all three."""
    text = page.tags.valueof(GDAL_METADATA, "")
    if not isinstance(text, str):
        return None
    bands = {name.lower(): int(sample) for sample, name in _BAND.findall(text)}
    order = tuple(bands.get(name, -1) for name in ("red", "green", "blue"))
    return order if all(0 <= each < page.samplesperpixel for each in order) else None


def _alpha(page: tifffile.TiffPage, space: Space, num_colours: int) -> tuple[Alpha, tuple[int, ...]]:
    """The kind and the index of transparency.

    In RGB of four samples of which nothing is said it is "unsaid": often transparency, but not always.
    """
    samples, extras = int(page.samplesperpixel), [int(extra) for extra in page.extrasamples]
    if space not in ("grey", "rgb", "palette") or samples == num_colours:
        return "none", ()
    if not extras:
        return ("unsaid", (3,)) if (space, samples) == ("rgb", 4) else ("none", ())
    for index, kind in enumerate(extras, samples - len(extras)):
        if kind in (MULTIPLIED, STRAIGHT, COREL_DRAW) and index >= num_colours:
            return ("multiplied" if kind == MULTIPLIED else "straight"), (index,)
    return "none", ()


def _channel_notes(
    page: tifffile.TiffPage, photometric: int, space: Space, used: tuple[int, ...]
) -> tuple[Note, ...]:
    samples = int(page.samplesperpixel)
    is_assumed = photometric in GREYS and space == "rgb" and _band_order(page) is None
    if len(used) == samples and not is_assumed:
        return ()
    names = ", ".join(str(index + 1) for index in used)
    text = f"channel {names} of {samples}" if len(used) == 1 else f"channels {names} of {samples}"
    return (Note("channels", text + (" as red, green, blue" if is_assumed else "")),)


def _table(page: tifffile.TiffPage) -> np.ndarray:
    """The palette's colours; some writers fill its 16 bits with values of 8, as libtiff knows."""
    table_3N = np.asarray(page.colormap)
    return np.ascontiguousarray((table_3N >> 8 if table_3N.max() > 255 else table_3N).astype(np.uint8).T)


def _mirrored_range(extent: Extent, dtype: np.dtype) -> Range:
    """The range of a white-is-zero picture of which nothing else is known: that of the same one in black-is-zero."""
    full = next((scale for scale in full_scales(dtype) if extent.high <= scale), extent.high)
    if extent.low < 0:
        return choose_range(extent.low, extent.high, dtype)
    black, white = choose_range(full - extent.high, full - extent.low, dtype)
    return full - white, full - black


def _invert(eight: np.ndarray, values: np.ndarray, nodata: tuple[float, ...]) -> np.ndarray:
    """Exchange black and white; what is no data stays black."""
    is_empty = is_nodata(values, nodata)
    if values.dtype.kind == "f":
        is_empty |= np.isnan(values)
    return np.where(is_empty, np.uint8(0), 255 - eight)


def lab_to_rgb(values_RC3: np.ndarray, is_icc: bool) -> Image.Image:
    """Convert CIE L*a*b* to sRGB.

    Args:
        values_RC3: As TIFF has them, of 8 or 16 bits: a and b signed, or in ICC's way with an offset.
        is_icc: Whether in ICC's way, in which white of 16 bits is 65280.

    Returns:
        An image of mode RGB.
    """
    values = values_RC3
    if values.dtype.itemsize == 2:
        lightness = values[..., :1].astype(np.uint16) * (255 / (65280 if is_icc else 65535))
        colours = values[..., 1:].astype(np.uint16) if is_icc else values[..., 1:].astype(np.int16)
        values = np.concatenate([lightness, colours / 256 + (0 if is_icc else 128)], axis=-1)
        lab = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    else:
        lab = values.astype(np.uint8)
        if not is_icc:
            lab = np.concatenate([lab[..., :1], lab[..., 1:] ^ 128], axis=-1)
    bands = [Image.fromarray(np.ascontiguousarray(lab[..., band])) for band in range(3)]
    return Image.merge("LAB", bands).convert("RGB")


def _image(mode: str, values_RCS: np.ndarray) -> Image.Image:
    rows, columns = values_RCS.shape[:2]
    return Image.frombuffer(mode, (columns, rows), np.ascontiguousarray(values_RCS), "raw", mode, 0, 1)
