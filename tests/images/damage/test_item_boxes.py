"""Coded pictures of AVIF and HEIC are found, metadata beside them are none."""

from __future__ import annotations

import io

import pytest
from PIL import Image, features

from support.hostile_files import HEIC
from support.pictures import make_photograph
from unpool.images.damage.item_boxes import find_coded_parts, read_boxes


def test_the_picture_of_a_heic_is_found() -> None:
    boxes = {box.kind: box for box in read_boxes(HEIC, 0, len(HEIC))}
    parts = find_coded_parts(HEIC)
    assert parts
    assert all(boxes[b"mdat"].start <= start < end <= boxes[b"mdat"].end for start, end in parts)


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_exif_of_an_avif_is_no_picture() -> None:
    exif = Image.Exif()
    exif[0x010F] = "camera" * 200
    stream = io.BytesIO()
    make_photograph(0, 64, 48).save(stream, "AVIF", exif=exif)
    content = stream.getvalue()
    place = content.index(b"cameracamera")
    parts = find_coded_parts(content)
    assert sum(end - start for start, end in parts) > 100
    assert not any(start <= place < end for start, end in parts)
    moving = io.BytesIO()
    make_photograph(0, 64, 48).save(moving, "AVIF", save_all=True, append_images=[make_photograph(1, 64, 48)])
    assert len(find_coded_parts(moving.getvalue())) == 1


@pytest.mark.parametrize("content", [b"", b"\0\0\0\7ftyp", b"\xff" * 40, HEIC[:60], HEIC[:300], HEIC[60:]])
def test_damaged_boxes_end_the_search(content: bytes) -> None:
    assert all(0 <= start < end <= len(content) for start, end in find_coded_parts(content))
