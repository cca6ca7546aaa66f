"""Raw files of cameras are known by what is in them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import tifffile

from support.tiff_files import page, tiff
from unpool.errors import UnreadableImageError
from unpool.images.tiff.camera_raw import check_not_raw, walk_pages

SMALL = np.full((6, 8, 3), 99, np.uint8)
PREVIEW: dict[int, tuple[str, Any]] = {254: ("I", 1)}
MAKER = {271: ("s", "NIKON CORPORATION"), 272: ("s", "NIKON D850")}


def check(stream: io.BytesIO) -> None:
    stream.seek(0)
    with tifffile.TiffFile(stream) as opened:
        check_not_raw(opened)


def nested(photometric: int) -> io.BytesIO:
    """A preview with the sensor's values inside, as most cameras write."""
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as file:
        file.write(SMALL, photometric="rgb", subfiletype=1, subifds=1)
        sensor = np.ones((30, 40, 3) if photometric == 34892 else (30, 40), np.uint16)
        file.write(sensor, photometric=photometric, subfiletype=0)
    return buffer


@pytest.mark.parametrize("photometric", [32803, 34892])
def test_the_sensors_values_inside_a_preview_are_found(photometric: int) -> None:
    with pytest.raises(UnreadableImageError, match="unsupported: it is a raw file of a camera"):
        check(nested(photometric))


@pytest.mark.parametrize(
    "more",
    [
        {262: ("H", 32803)},
        {259: ("H", 34713)},
        {50752: ("H", [1, 2, 3])},
        PREVIEW | {50706: ("B", [1, 4, 0, 0])},
    ],
    ids=["mosaic", "compression of Nikon", "slices of Canon", "preview of a DNG"],
)
def test_tags_of_cameras_alone_are_known(more: dict[int, tuple[str, Any]]) -> None:
    with pytest.raises(UnreadableImageError, match="export it as JPEG, PNG or TIFF"):
        check(tiff(page(SMALL.shape, [SMALL.tobytes()], 2, more=MAKER | more)))


@pytest.mark.parametrize("mark", [b"CR\x02\0\x08\0\0\0", b"IIIITwaR", b"MMMMRawT"])
def test_marks_behind_the_head_are_known(mark: bytes) -> None:
    content = tiff(page(SMALL.shape, [mark + SMALL.tobytes()[8:]], 2)).getvalue()
    assert content[8:16] == mark
    with pytest.raises(UnreadableImageError, match="raw file"):
        check(io.BytesIO(content))


def test_a_cameras_name_alone_is_no_raw_file() -> None:
    check(tiff(page(SMALL.shape, [SMALL.tobytes()], 2, more=MAKER)))
    check(tiff(page(SMALL.shape, [SMALL.tobytes()], 2, more=MAKER | {50706: ("B", [1, 4, 0, 0])})))
    check(nested(1))
    flat = np.full(SMALL.shape, 73, np.uint8)  # b"IIII…"
    check(tiff(page(flat.shape, [flat.tobytes()], 2)))


def test_pages_and_inner_pages_are_walked_up_to_a_limit() -> None:
    stream = nested(1)
    stream.seek(0)
    with tifffile.TiffFile(stream) as opened:
        assert [each.treeindex for each in walk_pages(opened.pages)] == [(0,), (0, 0)]
        assert len(list(walk_pages(opened.pages, max_pages=1))) == 1
