"""Lay transparent pictures on a ground.

On it they can be seen.

H, W height and width.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from PIL import Image

from unpool.images.reading.notes import Note
from unpool.images.reading.opening import Stream

Ground: TypeAlias = Literal["white", "black"]

MIN_CONTRAST = 24  # grey levels that a colour channel differs from white by, to be seen on it
MIN_SEEN_SHARE = 0.05  # of what is drawn, that has to be seen on white
MAX_SAMPLED_SIDE = 512  # pixels a side at which that is looked at


def with_true_alpha(image: Image.Image, stream: Stream, image_format: str, notes: list[Note]) -> Image.Image:
    """Keep of an alpha channel what it means.

    A channel that is zero everywhere was never filled, unless all pixels are equal, and a TGA's that counts no
    attribute bits is none.

    Args:
        image: RGBA, loaded.
        stream: Its file.
        image_format: By Pillow's name.
        notes: Receives a channel that was passed over.

    Returns:
        RGB where the channel means nothing, otherwise RGBA, its colours not multiplied with alpha.
    """
    if image_format == "TGA":
        meaning = _tga_alpha(stream)
        if meaning == "none":
            return image.convert("RGB")
        if meaning == "multiplied":
            image = Image.frombytes("RGBa", image.size, image.tobytes()).convert("RGBA")
    kept = without_empty_alpha(image)
    if kept is not image:
        notes.append(Note("empty-alpha"))
    return kept


def _tga_alpha(stream: Stream) -> Literal["none", "straight", "multiplied"]:
    """What a TGA says of its fourth channel: number of attribute bits, and the type of its extension area."""
    stream.seek(17)
    descriptor = stream.read(1)
    if not descriptor or not descriptor[0] & 0x0F:
        return "none"
    stream.seek(max(0, stream.seek(0, 2) - 26))
    footer = stream.read(26)
    extension = int.from_bytes(footer[:4], "little")
    if not footer.endswith(b"TRUEVISION-XFILE.\0") or not extension:
        return "straight"
    stream.seek(extension + 494)
    kind = stream.read(1)
    return {b"\3": "straight", b"\4": "multiplied", b"": "straight"}.get(kind, "none")  # type: ignore[return-value]


def without_empty_alpha(image: Image.Image) -> Image.Image:
    """Remove an alpha channel that is zero everywhere.

    Such a channel was never filled. A picture whose pixels are all equal stays transparent, as it shows nothing.

    Args:
        image: RGBA or LA, loaded.

    Returns:
        RGB or L for such an image, others as they are.
    """
    if image.getchannel("A").getextrema() != (0, 0):
        return image
    colours = image.convert(image.mode[:-1])
    extrema = colours.getextrema()
    pairs = extrema if isinstance(extrema[0], tuple) else (extrema,)
    return image if all(low == high for low, high in pairs) else colours


def choose_ground(image: Image.Image) -> Ground:
    """Choose the ground for an image with transparent pixels.

    It is white, unless hardly anything of what is drawn could be seen on white; then it is black.

    Args:
        image: RGBA, the whole picture in its own size, so that the choice does not depend on a later one.
    """
    step = max(1, -(-max(image.size) // MAX_SAMPLED_SIDE))
    if step == 1:
        pixels_HW4 = np.asarray(image)
    else:  # row by row: as an array, a large picture would take its memory twice more
        rows = (image.crop((0, top, image.width, top + 1)) for top in range(0, image.height, step))
        pixels_HW4 = np.stack([np.asarray(row)[0, ::step] for row in rows])
    return ground_of(pixels_HW4[..., :3], pixels_HW4[..., 3])


def ground_of(colours: np.ndarray, alpha: np.ndarray) -> Ground:
    """Choose the ground from samples.

    Args:
        colours: (…, 3) or (…, 1) uint8, not multiplied with alpha.
        alpha: (…) uint8.

    >>> ground_of(np.full((4, 3), 255, np.uint8), np.array([0, 255, 255, 0], np.uint8))
    'black'
    """
    drawn = float(alpha.sum(dtype=np.float64))
    if drawn == 0 or int(alpha.min()) == 255:
        return "white"
    on_white = _seen_share(255 - colours.min(axis=-1), alpha, drawn)
    if on_white >= MIN_SEEN_SHARE:
        return "white"
    return "black" if _seen_share(colours.max(axis=-1), alpha, drawn) > on_white else "white"


def _seen_share(contrast: np.ndarray, alpha: np.ndarray, drawn: float) -> float:
    """The share of what is drawn that differs from a ground, each pixel as much as it is opaque."""
    is_seen = contrast.astype(np.uint16) * alpha >= MIN_CONTRAST * 255
    return float(alpha[is_seen].sum(dtype=np.float64)) / drawn


def flatten(image: Image.Image, ground: Ground) -> Image.Image:
    """Lay an RGBA image on a ground.

    Returns an RGB image.
    """
    flat = Image.new("RGB", image.size, ground)
    flat.paste(image, mask=image.getchannel("A"))
    return flat
