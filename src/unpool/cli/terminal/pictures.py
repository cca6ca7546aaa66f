"""Pictures on terminals that show them.

By the codes of kitty, of iTerm2, or sixels.

Source: https://sw.kovidgoyal.net/kitty/graphics-protocol, https://iterm2.com/documentation-images.html, and DEC STD 070
for sixels.

Shapes: H rows, W columns, B bands of six rows.
"""

from __future__ import annotations

import base64
import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
from PIL import Image

Protocol = Literal["kitty", "iterm", "sixel", "none"]
PROTOCOLS: tuple[Protocol, ...] = ("kitty", "iterm", "sixel", "none")
SIDE, GAP, MAX_WIDTH = 96, 4, 1200  # pixels of a cell, between cells, and of a row
NUM_COLOURS = 64  # of sixels
CHUNK = 4096  # bytes of one code, the most that kitty takes
KITTY_PROGRAMS = frozenset({"ghostty"})
ITERM_PROGRAMS = frozenset({"iTerm.app", "WezTerm", "mintty", "vscode"})
SIXEL_TERMS = ("foot", "mlterm", "contour", "yaft")


def find_protocol(environment: Mapping[str, str]) -> Protocol:
    """Find the codes by which a terminal shows pictures.

    By what it says of itself in the environment; inside tmux and screen, which pass no pictures on, there are none.

    >>> find_protocol({"TERM": "xterm-kitty"}), find_protocol({"TERM": "xterm-256color"})
    ('kitty', 'none')
    """
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if environment.get("TMUX") or term.startswith(("screen", "tmux", "dumb")):
        return "none"
    if (
        environment.get("KITTY_WINDOW_ID")
        or "kitty" in term
        or program in KITTY_PROGRAMS
        or "ghostty" in term
    ):
        return "kitty"
    if program in ITERM_PROGRAMS or environment.get("LC_TERMINAL") == "iTerm2":
        return "iterm"
    return "sixel" if term.startswith(SIXEL_TERMS) or "sixel" in term else "none"


def terminal_protocol() -> Protocol:
    """Find the codes of the terminal of standard output."""
    return find_protocol(os.environ) if sys.stdout.isatty() else "none"


def draw_strip(thumbnails: Sequence[Image.Image | None], max_width: int = MAX_WIDTH) -> Image.Image:
    """Lay pictures side by side, in rows.

    Args:
        thumbnails: in their order; None leaves a cell empty.
        max_width: of a row, in pixels.
    """
    per_row = max(1, min(len(thumbnails), (max_width + GAP) // (SIDE + GAP)))
    num_rows = -(-len(thumbnails) // per_row)
    step = SIDE + GAP
    strip = Image.new("RGB", (per_row * step - GAP, max(1, num_rows) * step - GAP))
    for place, picture in enumerate(thumbnails):
        if picture is not None:
            small = picture.convert("RGB")
            small.thumbnail((SIDE, SIDE))
            left, top = place % per_row * step, place // per_row * step
            strip.paste(small, (left + (SIDE - small.width) // 2, top + (SIDE - small.height) // 2))
    return strip


def encode_picture(picture: Image.Image, protocol: Protocol) -> str:
    """Write a picture as the codes of a terminal."""
    return ENCODERS[protocol](picture.convert("RGB"))


def _encode_kitty(picture: Image.Image) -> str:
    text = _png(picture)
    parts = [text[start : start + CHUNK] for start in range(0, len(text), CHUNK)]
    codes = []
    for number, part in enumerate(parts):
        head = "a=T,f=100,q=2," if number == 0 else ""
        codes.append(f"\x1b_G{head}m={int(number < len(parts) - 1)};{part}\x1b\\")
    return "".join(codes)


def _encode_iterm(picture: Image.Image) -> str:
    text = _png(picture)
    size = len(base64.b64decode(text))
    return f"\x1b]1337;File=inline=1;size={size};width={picture.width}px;height={picture.height}px:{text}\x07"


def _png(picture: Image.Image) -> str:
    content = io.BytesIO()
    picture.save(content, "PNG")
    return base64.b64encode(content.getvalue()).decode("ascii")


def _encode_sixel(picture: Image.Image) -> str:
    """Six rows at a time, and of these a line for each colour."""
    few = picture.quantize(NUM_COLOURS)
    index_HW = np.asarray(few)
    palette = few.getpalette() or []
    parts = [f'\x1bPq"1;1;{picture.width};{picture.height}']
    for colour in np.unique(index_HW).tolist():
        red, green, blue = (round(value * 100 / 255) for value in palette[3 * colour : 3 * colour + 3])
        parts.append(f"#{colour};2;{red};{green};{blue}")
    for top in range(0, len(index_HW), 6):
        band_BW = index_HW[top : top + 6]
        weight_B1 = (1 << np.arange(len(band_BW)))[:, None]
        lines = [
            f"#{colour}{_join_runs(((band_BW == colour) * weight_B1).sum(axis=0))}"
            for colour in np.unique(band_BW).tolist()
        ]
        parts.append("$".join(lines) + "-")
    return "".join(parts) + "\x1b\\"


def _join_runs(bits_W: np.ndarray) -> str:
    """Columns of six bits as signs, equal ones as a count and a sign."""
    starts = np.flatnonzero(np.diff(bits_W, prepend=-1))
    lengths = np.diff([*starts.tolist(), len(bits_W)])
    signs = (chr(63 + int(bits_W[start])) for start in starts)
    return "".join(
        f"!{length}{sign}" if length > 3 else sign * int(length)
        for sign, length in zip(signs, lengths, strict=True)
    )


def _encode_nothing(picture: Image.Image) -> str:
    return ""


ENCODERS: Mapping[Protocol, Callable[[Image.Image], str]] = {
    "kitty": _encode_kitty, "iterm": _encode_iterm, "sixel": _encode_sixel, "none": _encode_nothing,
}  # fmt: skip
