"""Zeros in place of coded pixels, in formats without checksums.

An interrupted copy leaves zeros to the end, a recovered card zeros where a cluster is lost, or 255 if it was erased.
Decoders read them as pixels.
"""

from __future__ import annotations

import io

from PIL import Image
from PIL.WebPImagePlugin import WebPImageFile

from unpool.errors import UnreadableImageError
from unpool.images.damage.content import Content
from unpool.images.damage.item_boxes import find_coded_parts, read_boxes

# Zeros in a row, in bytes. Of whole files, flat ones among them, AVIF was seen with 16 and JPEG 2000 with 250; H.265
# allows two. Precincts of JPEG 2000 are a zero byte each where nothing is in them.
MIN_ZEROS = {"AVIF": 64, "HEIF": 16, "JPEG2000": 512, "WEBP": 32}
MIN_PRECINCT_ZEROS = 4096
MIN_SURPLUS = 16  # bytes that a WebP decoder can do without, where pieces are lost


def check_lost_pieces(content: Content, image_format: str) -> None:
    """Check that no piece of the coded pixels is lost.

    Args:
        content: The file.
        image_format: By Pillow's name.

    Raises:
        UnreadableImageError: `corrupt`.
    """
    if image_format not in MIN_ZEROS:
        return
    for value in (0, 255):
        fill = bytes([value]) * MIN_ZEROS[image_format]
        if content.find(fill) < 0:
            continue
        for start, end in _find_coded(content, image_format):
            at = content.find(fill, start, end)
            if at >= 0 and (image_format != "WEBP" or _has_surplus(content, start, end)):
                detail = f"the {image_format} content is damaged (bytes of {value} from byte {at} on)"
                raise UnreadableImageError("corrupt", detail)


def _find_coded(content: Content, image_format: str) -> list[tuple[int, int]]:
    if image_format == "WEBP":
        return _find_webp_chunks(content)
    if image_format == "JPEG2000":
        return _find_code_streams(content)
    return find_coded_parts(content)


def _find_code_streams(content: Content) -> list[tuple[int, int]]:
    """The code stream, unless its packets are of parts so small that empty ones are zeros for long."""
    parts = [(0, len(content))]
    if content[:4] != b"\xff\x4f\xff\x51":
        boxes = read_boxes(content, 0, len(content))
        parts = [(box.start, box.end) for box in boxes if box.kind == b"jp2c"]
    parts = [(start, _find_end(content, start, end)) for start, end in parts]
    for start, end in parts:
        style = content.find(b"\xff\x52", start, min(end, start + 2**16))
        has_precincts = style >= 0 and content[style + 4 : style + 5] > b"" and content[style + 4] & 1
        if has_precincts and content.find(bytes(MIN_PRECINCT_ZEROS), start, end) < 0:
            return []
    return parts


def _find_end(content: Content, start: int, end: int) -> int:
    """The marker that ends a code stream: within it, no such bytes can be."""
    found = content.rfind(b"\xff\xd9", start, end)
    return found if found >= 0 else end


def _find_webp_chunks(content: Content) -> list[tuple[int, int]]:
    """The pixels of a still."""
    at, found = 12, []
    while at + 8 <= len(content):
        size = int.from_bytes(content[at + 4 : at + 8], "little")
        if content[at : at + 4] in (b"VP8 ", b"VP8L"):
            found.append((at + 8, min(at + 8 + size, len(content))))
        at += 8 + size + (size & 1)
    return found


def _has_surplus(content: Content, start: int, end: int) -> bool:
    """Whether pixels are all the same without the last bytes of a WebP: flat pictures are zeros for long, too.

    Where pieces are lost, the decoder is out of step, and is done before the end or not at all.
    """
    cut = (end - MIN_SURPLUS) & ~1
    if cut <= start:
        return False
    rest = content[end + ((end - start) & 1) :]
    body = b"WEBP" + content[12 : start - 4] + (cut - start).to_bytes(4, "little") + content[start:cut]
    body += b"\0" * ((cut - start) & 1) + rest
    try:
        whole, shorter = (
            _decode(each) for each in (content[:], b"RIFF" + len(body).to_bytes(4, "little") + body)
        )
    except (OSError, SyntaxError, ValueError):
        return False
    return whole.tobytes() == shorter.tobytes()


def _decode(content: bytes) -> Image.Image:
    image = WebPImageFile(io.BytesIO(content))
    image.load()
    return image
