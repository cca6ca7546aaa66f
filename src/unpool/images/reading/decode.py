"""Decode image files to upright RGB.

Shapes: H, W height and width of the decoded picture, upright.
"""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unpool.core.file_identity import digest_of
from unpool.errors import UnreadableImageError
from unpool.images.colour.file_profiles import find_profile
from unpool.images.colour.transparency import with_true_alpha
from unpool.images.damage.content import content_of
from unpool.images.damage.ends import check_end
from unpool.images.damage.lost_pieces import check_lost_pieces
from unpool.images.damage.lost_rows import check_lost_rows
from unpool.images.isolation.messages import Head
from unpool.images.isolation.pool import NoProcessError, decode_apart, large_picture, needs_process
from unpool.images.isolation.trail import is_suspect, mark
from unpool.images.reading.capture import NOTHING, Capture, read_capture, read_tiff_capture
from unpool.images.reading.frames import choose_frame
from unpool.images.reading.notes import Note
from unpool.images.reading.opening import (
    IN_MEMORY_BYTES,
    MAX_PIXELS,
    Stream,
    check_size,
    find_reader,
    open_image,
    open_stream,
)
from unpool.images.reading.upright import averageable, read_orientation, upright_rgb
from unpool.images.tiff.reader import open_tiff, tiff_size
from unpool.images.values.deep_pixels import load_scaled
from unpool.images.values.rules import NO_RULES, Found, ValueRules
from unpool.images.values.scaling import Scaling

LARGE_PIXELS = 30_000_000  # pictures above this are decoded one at a time, however many threads there are
_GREY_MODES = frozenset({"1", "L", "LA", "La", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"})
# A decoding process asks the one that it works for.
one_large_picture: contextlib.AbstractContextManager[object] = large_picture


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded image.

    `pixels` is (H, W, 3) uint8 RGB, upright, the whole image, perhaps reduced; `width` and `height` are the
    original's, upright; `mode` is Pillow's name for what the file holds (`L`, `RGB`, `CMYK`, `I;16`);
    `grey` means that the file has no colour; `id` is a digest of the file, the same for identical files; `notes`
    say what was assumed or dropped; `capture` says when, with what and where the picture was taken.
    """

    pixels: np.ndarray
    width: int
    height: int
    mode: str
    grey: bool
    id: str
    notes: tuple[Note, ...] = ()
    capture: Capture = NOTHING


def read_picture(
    file: Path, *, min_side: int | None = None, max_pixels: int = MAX_PIXELS, rules: ValueRules = NO_RULES
) -> Picture:
    """Decode an image file to upright RGB.

    The frame of `frames.choose_frame`, or the first page, is read, turned as its EXIF data says, converted to sRGB
    by its profile, and laid on a ground where transparent. More than 8 bits per value are scaled by the first rule
    of `values.scaling` that applies. May be called from many threads.

    Args:
        file: The image file.
        min_side: Side in pixels that the picture will be resized to. It may then come reduced, its smaller
            side never below `2 * min_side`: enough for a faithful resize, and several times faster for
            photographs. None decodes the whole.
        max_pixels: Limit of width times height of the original.
        rules: Of the collection that the file belongs to, for more than 8 bits per value.

    Returns:
        The picture.

    Raises:
        UnreadableImageError: For whatever is wrong with the file, and nothing else is raised. Its `problem` is
            one of `missing broken-link no-permission not-a-file unreadable empty not-an-image unsupported
            needs-heic truncated corrupt too-large too-slow crash`.
    """
    with open_image(file, IN_MEMORY_BYTES) as (stream, image_format):
        if not _is_apart(file, image_format):
            return _decode_marked(file, stream, Scaling(rules, image_format), min_side, max_pixels)
    request = {"min_side": min_side, "max_pixels": max_pixels, "rules": rules.to_dict()}
    with contextlib.suppress(NoProcessError):
        return _picture_of(*decode_apart(_request("picture", file) | request, image_format))
    return read_picture_here(file, min_side, max_pixels, rules)


def read_picture_here(file: Path, min_side: int | None, max_pixels: int, rules: ValueRules) -> Picture:
    """Decode an image file in this process, whatever its format.

    Args:
        file: As for `read_picture`.
        min_side: As for `read_picture`.
        max_pixels: As for `read_picture`.
        rules: As for `read_picture`.

    Returns:
        The picture.

    Raises:
        UnreadableImageError: As `read_picture` does.
    """
    with open_image(file, IN_MEMORY_BYTES) as (stream, image_format):
        return _decode_marked(file, stream, Scaling(rules, image_format), min_side, max_pixels)


def _decode_marked(
    file: Path, stream: Stream, scaling: Scaling, min_side: int | None, max_pixels: int
) -> Picture:
    with mark(str(file)):
        return _decode(stream, scaling, digest_of(stream), min_side, max_pixels)


def _is_apart(file: Path, image_format: str) -> bool:
    return needs_process(image_format) or is_suspect(str(file))


def read_content(content: bytes, file: Path, min_side: int | None, rules: ValueRules) -> Picture | None:
    """Decode the content of an image file, as `read_picture` does.

    Args:
        content: All bytes of the file.
        file: Names the file, in the trail too; it need not be there.
        min_side: As for `read_picture`.
        rules: As for `read_picture`.

    Returns:
        The picture; None where another process must decode it, from a file.

    Raises:
        UnreadableImageError: As `read_picture` does.
    """
    if not content:
        raise UnreadableImageError("empty", "the file is empty")
    with open_stream(io.BytesIO(content), file.name) as (stream, image_format):
        if _is_apart(file, image_format):
            return None
        return _decode_marked(file, stream, Scaling(rules, image_format), min_side, MAX_PIXELS)


def format_apart(file: Path) -> str:
    """Name the format of a file that is decoded apart.

    Empty for all others.

    Raises:
        UnreadableImageError: There is no such file, or no image in it.
    """
    with open_image(file, in_memory=0) as (_, image_format):
        return image_format if _is_apart(file, image_format) else ""


def _request(verb: str, file: Path) -> Head:
    return {"verb": verb, "file": str(file.absolute())}


def _picture_of(head: Head, body: bytes) -> Picture:
    notes = tuple(Note(str(note["kind"]), str(note["detail"])) for note in head["notes"])
    pixels = np.frombuffer(body, np.uint8).reshape(head["shape"])
    facts = {name: head[name] for name in ("width", "height", "mode", "grey", "id")}
    return Picture(pixels, **facts, notes=notes, capture=Capture(**head["capture"]))


def decode_stream(
    stream: Stream, image_format: str, *, min_side: int | None = None, rules: ValueRules = NO_RULES
) -> Picture:
    """Decode the content of an image file, as `read_picture` does.

    Args:
        stream: The content.
        image_format: Its format, such as "PNG".
        min_side: As for `read_picture`.
        rules: As for `read_picture`.

    Returns:
        The picture.

    Raises:
        UnreadableImageError: For whatever is wrong with the content.
    """
    scaling = Scaling(rules, image_format)
    try:
        return _decode(stream, scaling, digest_of(stream), min_side, MAX_PIXELS)
    except UnreadableImageError:
        raise
    except Exception as error:
        raise UnreadableImageError("corrupt", f"it cannot be decoded: {error}") from error


def find_values(file: Path, nodata: tuple[float, ...] = ()) -> Found | None:
    """Decode a file to find what its values are like.

    Args:
        file: An image.
        nodata: Values that mean "no data".

    Returns:
        What was found; None where the file cannot be read, or has 8 bits.
    """
    try:
        if apart := format_apart(file):
            with contextlib.suppress(NoProcessError):
                return Found.from_dict(
                    decode_apart(_request("values", file) | {"nodata": nodata}, apart)[0]["found"]
                )
    except UnreadableImageError:
        return None
    return find_values_here(file, nodata)


def find_values_here(file: Path, nodata: tuple[float, ...]) -> Found | None:
    """Find what a file's values are, in this process."""
    try:
        with open_image(file, IN_MEMORY_BYTES) as (stream, image_format), mark(str(file)):
            scaling = Scaling(ValueRules(nodata=nodata), image_format)
            _decode(stream, scaling, "", None, MAX_PIXELS)
            return scaling.found
    except UnreadableImageError:
        return None


def read_size(file: Path) -> tuple[int, int]:
    """Read the upright width and height without decoding pixels.

    Raises:
        UnreadableImageError: Where the file does not say them.
    """
    if apart := format_apart(file).replace("TIFF", ""):  # whose tags are read by no native code
        with contextlib.suppress(NoProcessError):
            width, height = decode_apart(_request("size", file), apart)[0]["size"]
            return width, height
    return read_size_here(file)


def read_size_here(file: Path) -> tuple[int, int]:
    """Read the upright width and height, in this process."""
    with open_image(file, in_memory=0) as (stream, image_format):
        if image_format == "TIFF":
            return tiff_size(stream)
        stream.seek(0)
        image = find_reader(image_format)(stream)
        # Without EXIF in the head, a PNG would be decoded in search of some behind the pixels.
        turned = "exif" in image.info and read_orientation(image) >= 5
        return (image.height, image.width) if turned else (image.width, image.height)


def _decode(stream: Stream, scaling: Scaling, digest: str, min_side: int | None, max_pixels: int) -> Picture:
    image_format, notes = scaling.image_format, scaling.notes
    if image_format == "TIFF":
        return _decode_tiff(stream, scaling, digest, min_side, max_pixels)
    stream.seek(0)
    image = find_reader(image_format)(stream)
    check_size(image.width, image.height, max_pixels)
    width, height, mode = image.width, image.height, image.mode
    # A JPEG can be decoded at 1/2, 1/4 or 1/8 of its size. The box is where the picture then really ends: its
    # last pixels may be a part of one only, and to overlook that would stretch it.
    drafted = image.draft(None, (2 * min_side, 2 * min_side)) if min_side else None
    with one_large_picture if image.width * image.height > LARGE_PIXELS else contextlib.nullcontext():
        content = content_of(stream)
        notes.extend(check_end(content, image_format))
        check_lost_pieces(content, image_format)
        frame = choose_frame(image, image_format, notes)
        shown = averageable(load_scaled(frame, stream, scaling))
        check_lost_rows(image, image_format)
        orientation = read_orientation(image)
        box = drafted[1] if drafted else (0, 0, *image.size)
        if shown.mode == "RGBA":
            shown = with_true_alpha(shown, stream, image_format, notes)
        profile = find_profile(image, stream, image_format, notes)
        pixels = upright_rgb(shown, orientation, min_side, box, profile, notes)
    if orientation >= 5:
        width, height = height, width
    is_grey = (mode in _GREY_MODES and frame.mode in _GREY_MODES) or _has_no_colour(pixels)
    every = (*getattr(image, "notes", ()), *notes)
    return Picture(pixels, width, height, mode, is_grey, digest, every, read_capture(image))


def _decode_tiff(
    stream: Stream, scaling: Scaling, digest: str, min_side: int | None, max_pixels: int
) -> Picture:
    with open_tiff(stream) as tiff:
        width, height = tiff.width, tiff.height
        check_size(width, height, max_pixels)
        capture = read_tiff_capture(tiff.page)
        with one_large_picture if width * height > LARGE_PIXELS else contextlib.nullcontext():
            read = tiff.read(scaling)
            profile = find_profile(read.image, stream, "TIFF", scaling.notes)
            shown = averageable(read.image)
            if shown.mode == "RGBA":
                shown = with_true_alpha(shown, stream, "TIFF", scaling.notes)
            pixels = upright_rgb(shown, 1, min_side, (0, 0, width, height), profile, scaling.notes)
    is_grey, notes = read.is_grey or _has_no_colour(pixels), (*read.notes, *scaling.notes)
    return Picture(pixels, width, height, read.mode, is_grey, digest, notes, capture)


def _has_no_colour(pixels: np.ndarray) -> bool:
    sample = pixels[:: max(1, len(pixels) // 16)]  # enough to decide for almost every photograph
    return all(
        bool((part[..., 0] == part[..., channel]).all()) for part in (sample, pixels) for channel in (1, 2)
    )
