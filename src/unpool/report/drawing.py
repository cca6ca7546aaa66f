"""Drawing that the pictures share: thumbnails, text, labels."""

from __future__ import annotations

import functools
import io
import zlib
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from unpool.report.palette import ink_on

PAPER = (255, 255, 255)
INK = (28, 30, 34)
FAINT_INK = (96, 100, 108)
MIN_SIDE = 4  # of a very wide or very high image, so that it can still be seen


def open_thumbnail(content: bytes | None) -> Image.Image | None:
    """Open a thumbnail as RGB on white.

    None where there is none or it cannot be read.
    """
    if not content:
        return None
    if (decoded := _decode_opaque_webp(content)) is not None:
        return decoded
    try:
        with Image.open(io.BytesIO(content)) as image:
            if image.mode == "RGB":
                image.load()
                return image.copy()
            upright = image.convert("RGBA")
    except (OSError, ValueError, SyntaxError):
        return None
    paper = Image.new("RGBA", upright.size, PAPER)
    return Image.alpha_composite(paper, upright).convert("RGB")


def _decode_opaque_webp(content: bytes) -> Image.Image | None:
    """Decode a WebP picture without transparency; None for all else.

    The same pixels as Pillow's, without its canvas of an animation, and other threads go on meanwhile.
    """
    import imagecodecs

    if content[:4] != b"RIFF":
        return None
    try:
        pixels = imagecodecs.webp_decode(content)
    except (RuntimeError, ValueError):  # which Pillow may name, or read
        return None
    return Image.fromarray(pixels) if pixels.ndim == 3 and pixels.shape[2] == 3 else None


def fit(image: Image.Image, side: int) -> Image.Image:
    """Scale an image to fit a square of `side` pixels.

    Small ones keep their pixels as squares when enlarged.
    """
    scale = side / max(image.size)
    width, height = (min(side, max(MIN_SIDE, round(length * scale))) for length in image.size)
    resampling = Image.Resampling.NEAREST if scale >= 2 else Image.Resampling.LANCZOS
    return image.resize((width, height), resampling)


def paste_centred(sheet: Image.Image, image: Image.Image, left: int, top: int, side: int) -> None:
    """Paste an image into the middle of a square cell.

    Args:
        sheet: the picture to paste into.
        image: no larger than the cell.
        left: x of the cell's corner, pixels.
        top: y of the cell's corner, pixels.
        side: side of the cell, pixels.
    """
    sheet.paste(image, (left + (side - image.width) // 2, top + (side - image.height) // 2))


@functools.cache
def font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Load DejaVu Sans, which matplotlib carries.

    So pictures are the same on every machine.
    """
    return ImageFont.truetype(str(_font_file(bold)), size)


def _font_file(bold: bool) -> Path:
    import matplotlib

    return Path(
        matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    )


def cut_end(text: str, most: int) -> str:
    """Cut a text to so many letters.

    >>> cut_end("a blue square", 8)
    'a blue …'
    """
    return text if len(text) <= most else f"{text[: most - 1]}…"


def can_draw(text: str) -> bool:
    """Return whether the font has all letters of a text.

    It has none of Chinese.

    >>> can_draw("Schürze"), can_draw("鞋")
    (True, False)
    """
    return {ord(letter) for letter in text} <= _drawn_letters()


@functools.cache
def _drawn_letters() -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(str(_font_file(bold=True))).get_charmap())


def draw_label(
    draw: ImageDraw.ImageDraw, centre: tuple[float, float], text: str, colour: str, size: int
) -> None:
    """Draw a rounded label with a white rim.

    Args:
        draw: where to draw.
        centre: x and y of the label's centre, pixels.
        text: what it says.
        colour: of the label, #rrggbb; the ink is black or white by its luminance.
        size: of the font, pixels.
    """
    left, top, right, bottom = label_box(centre, text, size)
    radius = (bottom - top) / 2
    rim = max(2, size // 9)
    draw.rounded_rectangle((left - rim, top - rim, right + rim, bottom + rim), radius + rim, fill=PAPER)
    draw.rounded_rectangle((left, top, right, bottom), radius, fill=colour)
    draw.text(centre, text, fill=ink_on(colour), font=font(size, bold=True), anchor="mm")


def label_box(centre: tuple[float, float], text: str, size: int) -> tuple[float, float, float, float]:
    """Measure what `draw_label` covers, without the rim.

    Args:
        centre: x and y of the label's centre, pixels.
        text: what it says.
        size: of the font, pixels.

    Returns:
        Left, top, right and bottom, pixels.
    """
    height = 1.5 * size
    width = max(height, font(size, bold=True).getlength(text) + 0.9 * size)
    return centre[0] - width / 2, centre[1] - height / 2, centre[0] + width / 2, centre[1] + height / 2


def png_bytes(image: Image.Image) -> bytes:
    """Encode a picture as PNG, lightly compressed for speed."""
    buffer = io.BytesIO()
    # Run lengths: a third quicker than looking for repeats, of which photographs have none.
    image.save(buffer, "PNG", compress_level=3, compress_type=zlib.Z_RLE)
    return buffer.getvalue()
