"""Label Studio's run lengths of a brush.

Their bits say how often each value of red, green, blue and opacity stands.

A head of 32 bits has the number of values, 5 the bits of a value, 4 times 4 the bits of four kinds of lengths. Then
come pieces: one bit, set where one value is repeated; two bits, the kind of its length; the length; the values. All
numbers but the first are one less than what they stand for.

Source: https://github.com/thi-ng/umbrella/tree/develop/packages/rle-pack and https://labelstud.io/guide/export

H, W height and width, R runs, P pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unpool.errors import UnreadableImageError

CHANNELS = 4
LENGTH_BITS = (3, 4, 8, 16)
FULL = 255


def encode_brush(start_R: np.ndarray, end_R: np.ndarray, num_pixels: int) -> list[int]:
    """Encode what a brush has painted.

    Args:
        start_R: Where runs of painted pixels begin, along the rows of the image, ascending.
        end_R: Where they end.
        num_pixels: Of the image.

    Returns:
        The bytes.

    >>> encode_brush(np.array([0]), np.array([1]), 1)
    [0, 0, 0, 4, 57, 27, 252, 127, 224]
    """
    bounds = np.stack([start_R, end_R], axis=1).reshape(-1)
    lengths = np.diff(bounds, prepend=0, append=num_pixels) * CHANNELS
    head = f"{num_pixels * CHANNELS:032b}{7:05b}" + "".join(f"{bits - 1:04b}" for bits in LENGTH_BITS)
    text = "".join([head, *(_repeat(int(length), place % 2) for place, length in enumerate(lengths))])
    bits = np.frombuffer(text.encode("ascii"), np.uint8) - ord("0")
    packed: list[int] = np.packbits(bits).tolist()
    return packed


def _repeat(length: int, is_painted: int) -> str:
    """The bits of one value so many times."""
    pieces = []
    while length > 0:
        kind = next(
            (kind for kind, bits in enumerate(LENGTH_BITS) if length <= 2**bits), len(LENGTH_BITS) - 1
        )
        part = min(length, 2 ** LENGTH_BITS[kind])
        pieces.append(f"1{kind:02b}{part - 1:0{LENGTH_BITS[kind]}b}{FULL * is_painted:08b}")
        length -= part
    return "".join(pieces)


def decode_brush(packed: Sequence[int], height: int, width: int) -> np.ndarray:
    """Decode the opacity of what a brush has painted.

    Args:
        packed: The bytes.
        height, width: Of the image.

    Returns:
        (H, W) bool, where there is any.

    Raises:
        UnreadableImageError: They are of an image of another size, or cut off.
    """
    try:
        bits_B = np.unpackbits(np.asarray(packed, np.uint8))
    except (OverflowError, TypeError, ValueError):
        raise UnreadableImageError("damaged", "a brush has values that are no bytes") from None
    text = (bits_B + ord("0")).tobytes().decode("ascii")
    size = height * width * CHANNELS
    if len(text) < 53 or int(text[:32], 2) != size:
        raise UnreadableImageError("damaged", f"a brush does not cover {width}×{height} pixels")
    word = int(text[32:37], 2) + 1
    lengths = [int(text[place : place + 4], 2) + 1 for place in range(37, 53, 4)]
    opacity_P = np.zeros(height * width, bool)
    place, done = 53, 0
    while done < size:
        if place + 3 > len(text):
            raise UnreadableImageError("damaged", "a brush is cut off")
        is_repeated, kind = text[place] == "1", int(text[place + 1 : place + 3], 2)
        place += 3
        count = int(text[place : place + lengths[kind]] or "0", 2) + 1
        place += lengths[kind]
        num_values = 1 if is_repeated else count
        values_NB = bits_B[place : place + num_values * word]
        if len(values_NB) < num_values * word or done + count > size:
            raise UnreadableImageError("damaged", "a brush is cut off")
        place += num_values * word
        is_set_N: np.ndarray = values_NB.reshape(num_values, word).max(axis=1) > 0
        _paint(opacity_P, done, count, is_set_N)
        done += count
    return opacity_P.reshape(height, width)


def _paint(opacity_P: np.ndarray, first: int, count: int, is_set_N: np.ndarray) -> None:
    """Enter some of the values, of which each pixel's last one is its opacity."""
    start, end = first // CHANNELS, (first + count) // CHANNELS
    if len(is_set_N) == 1:
        opacity_P[start:end] = is_set_N[0]
    else:
        opacity_P[start:end] = is_set_N[(CHANNELS - 1 - first) % CHANNELS :: CHANNELS]
