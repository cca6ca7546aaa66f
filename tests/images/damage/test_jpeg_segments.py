"""Segments, missing scans and odd headers, on JPEGs of Pillow taken apart."""

from __future__ import annotations

import io
from typing import Any

import pytest

from support.pictures import make_photograph
from unpool.images.damage.jpeg_segments import SCAN, Segment, count_incomplete, mend_headers, read_segments


def jpeg(mode: str = "RGB", **options: Any) -> bytes:
    stream = io.BytesIO()
    make_photograph(3, 64, 48).convert(mode).save(stream, "JPEG", **options)
    return stream.getvalue()


def scans(content: bytes) -> list[Segment]:
    return [each for each in read_segments(content) if each.marker == SCAN]


def test_segments_end_where_the_first_picture_ends() -> None:
    one, ten = jpeg(), jpeg(progressive=True)
    assert next(each.marker for each in read_segments(one)) == 0xE0
    assert len(scans(one)) == len(scans(one + ten)) == 1
    assert len(scans(ten)) == 10
    segment = scans(one)[0]
    assert one[segment.start - 4 : segment.start - 2] == b"\xff\xda"
    assert one[segment.start] == 3  # components


def test_thumbnails_in_headers_are_passed_over() -> None:
    inner = jpeg(progressive=True)
    content = jpeg(comment=inner[: 2**15])
    assert len(scans(content)) == 1
    assert count_incomplete(content) == 0


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_whole_files_lack_nothing(mode: str, progressive: bool) -> None:
    assert count_incomplete(jpeg(mode, progressive=progressive)) == 0


def test_every_missing_scan_is_missed() -> None:
    content = jpeg(progressive=True)
    starts = [each.start - 4 for each in scans(content)]
    for start in starts:
        assert count_incomplete(content[:start] + b"\xff\xd9") > 0
    assert count_incomplete(content[: starts[0]] + b"\xff\xd9") == 3


def test_odd_headers_become_usual_ones() -> None:
    content = bytearray(jpeg())
    assert mend_headers(bytes(content)) == bytes(content)
    version, scan = content.index(b"JFIF\0") + 5, scans(bytes(content))[0]
    content[version] = 7
    content[scan.end - 2] = 0
    assert mend_headers(bytes(content)) == jpeg()
