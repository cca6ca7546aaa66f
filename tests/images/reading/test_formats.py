"""Formats are recognised by content, and cut files by their ends."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unpool.errors import UnreadableImageError
from unpool.images.reading.decode import read_picture, read_size
from unpool.images.reading.formats import (
    ENDINGS,
    HEAD,
    RAW,
    RAW_ENDINGS,
    has_image_name,
    is_truncated,
    sniff,
)

WRITTEN = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF", "JPEG2000", "PPM")
PIXELS = np.random.default_rng(0).integers(0, 255, (40, 50, 3), np.uint8)


def encoded(image_format: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, image_format)
    return buffer.getvalue()


@pytest.mark.parametrize("image_format", WRITTEN)
def test_what_pillow_writes_is_recognised(image_format: str) -> None:
    assert sniff(encoded(image_format)[:HEAD]) == image_format


@pytest.mark.parametrize(
    "head",
    [
        b"", b"\xff\xd8", b"BM" + b"\0" * 60, b"RIFF\0\0\0\0WAVE", b"\0\0\0\x18ftypisom\0\0\0\0mp42isom", 
        b"P9 1 1 ",         b"P6", b"%PDF-1.7",
    ],
)  # fmt: skip
def test_other_content_is_none(head: bytes) -> None:
    assert sniff(head) is None


def test_containers_are_reported_by_all_their_brands() -> None:
    head = b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif"
    assert sniff(head) == "AVIF"
    assert sniff(head.replace(b"avif", b"heic")) == "HEIF"
    assert sniff(b"\0\0\0\x10ftypmp42\0\0\0\0avif") is None, "brands after the box do not count"


def test_a_comment_in_a_portable_map() -> None:
    assert sniff(b"P5 # made by hand\n3 # wide\n 2\n255\n") == "PPM"


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "GIF", "BMP", "WEBP", "AVIF", "JPEG2000"])
def test_a_file_without_its_end_is_truncated(image_format: str) -> None:
    content = encoded(image_format)
    assert not is_truncated(io.BytesIO(content), image_format)
    assert is_truncated(io.BytesIO(content[: len(content) // 2]), image_format)


def test_names() -> None:
    assert all(has_image_name(f"a{each.upper()}") for each in (*ENDINGS, *RAW_ENDINGS, ".svg"))
    assert not any(has_image_name(name) for name in ("jpg", "a.jpg.txt", ".png", "a"))


@pytest.mark.parametrize(
    "head",
    [
        b"IIRO\x08\0\0\0", b"IIRS\x08\0\0\0", b"MMOR\0\0\0\x08", b"IIU\0\x18\0\0\0", b"FUJIFILMCCD-RAW 0201",
        b"FOVb\0\0\3\0", b"II\x1a\0\0\0HEAPCCDR\2\0", b"\0MRM\0\1", b"\0\0\0\x18ftypcrx \0\0\0\1crx isom",
    ],
    ids=["ORF", "ORF of 2004", "ORF, big-endian", "RW2", "RAF", "X3F", "CRW", "MRW", "CR3"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["photo", "photo.tif", "photo.jpg", "photo.orf"])
def test_raw_files_are_recognised_whatever_their_name(head: bytes, name: str, tmp_path: Path) -> None:
    assert sniff(head.ljust(HEAD, b"\0")) == RAW
    (tmp_path / name).write_bytes(head.ljust(200, b"\1"))
    with pytest.raises(UnreadableImageError, match=r"unsupported: .*export (it|them) as JPEG, PNG or TIFF"):
        read_picture(tmp_path / name)


def test_raw_files_that_are_tiffs_are_refused_under_any_name(tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    for name in ("a.tif", "b.nef", "c.dat"):
        with tifffile.TiffWriter(tmp_path / name) as file:
            file.write(PIXELS, photometric="rgb", subfiletype=1, subifds=1)
            file.write(np.ones((90, 70), np.uint16), photometric=32803, subfiletype=0)
        with pytest.raises(UnreadableImageError, match="unsupported: "):
            read_picture(tmp_path / name)
        with pytest.raises(UnreadableImageError, match="unsupported: "):
            read_size(tmp_path / name)
