"""Image formats, by a file's first bytes and its ending."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import BinaryIO

HEAD = 64  # bytes that `sniff` needs

# Names are Pillow's. The endings serve two ends: a file named like an image is reported when it cannot be
# used, and the last three formats have no signature that could be trusted without the ending.
ENDINGS = {
    ".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".jfif": "JPEG", ".png": "PNG", ".apng": "PNG",
    ".gif": "GIF", ".bmp": "BMP", ".dib": "BMP", ".tif": "TIFF", ".tiff": "TIFF", ".webp": "WEBP",
    ".heic": "HEIF", ".heif": "HEIF", ".hif": "HEIF", ".avif": "AVIF", ".jp2": "JPEG2000", ".j2k": "JPEG2000",
    ".pbm": "PPM", ".pgm": "PPM", ".ppm": "PPM", ".pnm": "PPM", ".pfm": "PPM", ".qoi": "QOI", ".psd": "PSD",
    ".pam": "PAM", ".tga": "TGA", ".pcx": "PCX", ".ico": "ICO",
}  # fmt: skip
UNSIGNED = frozenset({"TGA", "PCX", "ICO"})
RAW_ENDINGS = frozenset(
    {
        ".3fr", ".ari", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".fff", ".gpr", ".iiq", ".k25", ".kdc",
        ".mef", ".mos", ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw",
        ".x3f",
    }
)  # fmt: skip
RAW_DETAIL = "it is a raw file of a camera, which is not developed; export it as JPEG, PNG or TIFF"
UNSUPPORTED_ENDINGS = RAW_ENDINGS | {".svg", ".eps", ".exr", ".hdr", ".xcf", ".jxl"}

# Files that hold others, by their endings; what is in them decides (`images/archives/containers.py`).
ARCHIVE_ENDINGS = (
    ".zip", ".tar", ".parquet", ".arrow", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz",
)  # fmt: skip

RAW = "RAW"  # what `sniff` calls raw files; they are recognised, but no reader is there for them

_SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"), (b"GIF87a", "GIF"), (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"), (b"MM\0*", "TIFF"), (b"II+\0", "TIFF"), (b"MM\0+", "TIFF"), (b"8BPS\0\1", "PSD"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG2000"), (b"\xff\x4f\xff\x51", "JPEG2000"), (b"qoif", "QOI"),
    # Raw files of cameras that are no TIFFs: Olympus, Panasonic and Leica, Fujifilm, Sigma, Canon's CRW, Minolta.
    (b"IIRO", RAW), (b"IIRS", RAW), (b"MMOR", RAW), (b"IIU\0", RAW), (b"FUJIFILMCCD-RAW", RAW), (b"FOVb", RAW),
    (b"II\x1a\0\0\0HEAPCCDR", RAW), (b"\0MRM", RAW), (b"ARRI", RAW),
)  # fmt: skip
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIF_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
)
_BMP_HEADERS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
_PAM = re.compile(rb"P7\n(?:#[^\n]*\n|\s)*(?:#|WIDTH|HEIGHT|DEPTH|MAXVAL|TUPLTYPE)")
_PNM = re.compile(rb"P[1-6f]\s(?:\s|#[^\n]*\n)*\d+\s(?:\s|#[^\n]*\n)*\d+\s")


def ending(name: str) -> str:
    """Return a file name's ending, lower-case, with its dot.

    >>> ending("Holiday.JPG")
    '.jpg'
    """
    return PurePath(name).suffix.lower()


def has_image_name(name: str) -> bool:
    """Return whether a file is named like an image.

    >>> has_image_name("a.TIFF"), has_image_name("b.cr2"), has_image_name("notes.txt")
    (True, True, False)
    """
    return ending(name) in ENDINGS or ending(name) in UNSUPPORTED_ENDINGS


def has_archive_name(name: str) -> bool:
    """Whether a file is called like one that holds others.

    >>> has_archive_name("photos.TAR.GZ"), has_archive_name("photos.jpg")
    (True, False)
    """
    return name.lower().endswith(ARCHIVE_ENDINGS)


def sniff(head: bytes) -> str | None:
    """Recognise the format by the first `HEAD` bytes, else None.

    >>> sniff(b"GIF89a....")
    'GIF'
    """
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp":
        return _container(head)
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    if _PAM.match(head):
        return "PAM"
    return "PPM" if _PNM.match(head) else None


def _container(head: bytes) -> str | None:
    """AVIF or HEIF among the files that begin like an MP4; both may call themselves mif1 first."""
    end = min(len(head), int.from_bytes(head[:4], "big"))
    brands = {head[8:12], *(head[i : i + 4] for i in range(16, end, 4))}
    if brands & _AVIF_BRANDS:
        return "AVIF"
    if b"crx " in brands:  # Canon's CR3
        return RAW
    return "HEIF" if brands & _HEIF_BRANDS else None


def is_truncated(stream: BinaryIO, image_format: str) -> bool:
    """Return whether a file ends before its image does.

    For files that would not decode, where the reader did not say why; Pillow does for TIFF.
    """
    length = stream.seek(0, 2)
    stream.seek(0)
    head = stream.read(HEAD)
    stream.seek(max(0, length - 1024))
    tail = stream.read()
    match image_format:
        case "JPEG" | "JPEG2000":
            return b"\xff\xd9" not in tail
        case "PNG":
            return b"IEND" not in tail
        case "GIF":
            return not tail.rstrip(b"\0").endswith(b";")
        case "WEBP":
            return int.from_bytes(head[4:8], "little") + 8 > length
        case "BMP":
            return int.from_bytes(head[2:6], "little") > length
        case "HEIF" | "AVIF":
            return _boxes_overrun(stream, length)
    return False


def _boxes_overrun(stream: BinaryIO, length: int) -> bool:
    """Whether the last box of an MP4-like container reaches past the end of the file."""
    position = 0
    while position + 8 <= length:
        stream.seek(position)
        size = int.from_bytes(stream.read(4), "big")
        if size < 8:  # 0: to the end of the file; 1: a 64-bit size, which no picture needs
            return False
        position += size
    return position > length
