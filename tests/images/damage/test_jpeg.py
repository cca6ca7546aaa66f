"""Damage that libjpeg only warns of is an error, and nothing else is; the pixels are Pillow's."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from support.pictures import make_photograph
from unpool.errors import UnreadableImageError
from unpool.images.damage.jpeg import JpegFile
from unpool.images.damage.jpeg_segments import SCAN, read_segments
from unpool.images.reading.decode import read_picture

NOISE = np.random.default_rng(0).normal(0, 12, (180, 240, 3))


def photograph(mode: str = "RGB") -> Image.Image:
    noisy = np.asarray(make_photograph(1)) + NOISE
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).convert(mode)


def jpeg(image: Image.Image | None = None, **options: Any) -> bytes:
    stream = io.BytesIO()
    (image or photograph()).save(stream, "JPEG", **options)
    return stream.getvalue()


def pixels_of(content: bytes) -> np.ndarray:
    return np.asarray(JpegFile(io.BytesIO(content)))


KINDS: dict[str, dict[str, Any]] = {
    "baseline": {"quality": 90},
    "optimised": {"optimize": True},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_rows": 1},
    "full colour": {"subsampling": 0},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("scale", [1, 2, 4, 8])
def test_the_pixels_are_those_of_pillow(kind: str, mode: str, scale: int) -> None:
    content = jpeg(photograph(mode), **KINDS[kind])
    images = [reader(io.BytesIO(content)) for reader in (JpegFile, Image.open)]
    for image in images:
        image.draft(None, (240 // scale, 180 // scale))
    ours, theirs = images
    assert ours.size == theirs.size == (240 // scale, -(-180 // scale))
    assert np.array_equal(np.asarray(ours), np.asarray(theirs))
    assert np.array_equal(np.asarray(ours.resize((50, 40))), np.asarray(theirs.resize((50, 40))))
    assert np.array_equal(np.asarray(ours.transpose(2)), np.asarray(theirs.transpose(2)))


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (9, 30), (17, 1)])
@pytest.mark.parametrize("min_side", [None, 1, 2])
def test_tiny_pictures_are_those_of_pillow(size: tuple[int, int], min_side: int | None) -> None:
    content = jpeg(photograph().resize(size))
    images = [reader(io.BytesIO(content)) for reader in (JpegFile, Image.open)]
    for image in images:
        if min_side:
            image.draft(None, (2 * min_side, 2 * min_side))
    assert np.array_equal(*(np.asarray(image) for image in images))


def zeros_from(share: float) -> Callable[[bytes], bytes]:
    return lambda content: content[: int(share * len(content))].ljust(len(content), b"\0")


def cut_and_closed(content: bytes) -> bytes:
    return content[: len(content) // 3] + b"\xff\xd9"


def lost_cluster(content: bytes) -> bytes:
    third = len(content) // 3
    return content[:third] + bytes(512) + content[third + 512 :]


def lost_bytes(content: bytes) -> bytes:
    third = len(content) // 3
    return content[:third] + content[third + 512 :]


def text_inside(content: bytes) -> bytes:
    third = len(content) // 3
    return content[:third] + b"<html>504</html>" * 40 + content[third + 640 :]


DAMAGES = [zeros_from(0.3), zeros_from(0.95), cut_and_closed, lost_cluster, lost_bytes, text_inside]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_damage_is_an_error(kind: str, damage: Callable[[bytes], bytes], mode: str) -> None:
    content = damage(jpeg(photograph(mode), **KINDS[kind]))
    with pytest.raises(UnreadableImageError) as error:
        JpegFile(io.BytesIO(content)).load()
    assert error.value.problem in ("truncated", "corrupt")
    assert error.value.detail.startswith(("the file ends before", "the JPEG content is damaged ("))


def test_reduced_reading_sees_the_damage_too(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(cut_and_closed(jpeg()))
    with pytest.raises(UnreadableImageError, match="corrupt: the JPEG content is damaged"):
        read_picture(tmp_path / "a.jpg", min_side=16)


def test_a_progressive_picture_without_its_last_scans_is_truncated() -> None:
    content = jpeg(progressive=True)
    starts = [each.start - 4 for each in read_segments(content) if each.marker == SCAN]
    for start in (starts[1], starts[-1]):
        with pytest.raises(UnreadableImageError, match="colour components lack scans"):
            JpegFile(io.BytesIO(content[:start] + b"\xff\xd9")).load()


def test_wrong_restart_markers_are_damage() -> None:
    content = bytearray(jpeg(restart_marker_rows=1))
    content[content.index(b"\xff\xd2") + 1] = 0xD6
    with pytest.raises(UnreadableImageError, match="instead of RST"):
        JpegFile(io.BytesIO(bytes(content))).load()


@pytest.mark.parametrize(
    "image", [Image.new("RGB", (400, 300), c) for c in ("white", "black", (90, 130, 250))]
)
@pytest.mark.parametrize("kind", KINDS)
def test_flat_pictures_are_whole(kind: str, image: Image.Image) -> None:
    assert pixels_of(jpeg(image, **KINDS[kind])).shape == (300, 400, 3)


@pytest.mark.parametrize(
    "tail", [b"\0" * 5000, b"PK\3\4" * 300, jpeg(), b"\xff\xd9", b"SEFT trailer of a telephone"]
)
@pytest.mark.parametrize("kind", ["baseline", "progressive"])
def test_what_follows_the_end_is_of_no_account(kind: str, tail: bytes) -> None:
    content = jpeg(**KINDS[kind])
    assert np.array_equal(pixels_of(content + tail), pixels_of(content))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cut", [1, 2])
def test_only_the_mark_of_the_end_is_missing(kind: str, cut: int, tmp_path: Path) -> None:
    content = jpeg(**KINDS[kind])
    (tmp_path / "a.jpg").write_bytes(content[:-cut])
    read = read_picture(tmp_path / "a.jpg")
    assert np.array_equal(read.pixels, pixels_of(content))
    assert [note.kind for note in read.notes] == ["end-mark"]
    with pytest.raises(UnreadableImageError, match="truncated"):
        JpegFile(io.BytesIO(content[:-9])).load()


def test_padding_of_cameras_is_no_damage() -> None:
    content = jpeg()
    padded = content[:-2] + b"\0" * 4 + content[-2:]
    assert np.array_equal(pixels_of(padded), pixels_of(content))
    with pytest.raises(UnreadableImageError, match=r"3\d extraneous bytes"):
        JpegFile(io.BytesIO(content[:-2] + b"\0" * 40 + content[-2:])).load()


def test_odd_headers_hide_no_damage() -> None:
    content = bytearray(jpeg())
    version = content.index(b"JFIF\0") + 5
    content[version] = 7
    assert np.array_equal(pixels_of(bytes(content)), pixels_of(jpeg()))
    with pytest.raises(UnreadableImageError, match="premature end"):
        JpegFile(io.BytesIO(cut_and_closed(bytes(content)))).load()


def test_pillow_may_work_with_the_pixels() -> None:
    image = JpegFile(io.BytesIO(jpeg()))
    image.load()
    image.paste((1, 2, 3), (0, 0, 9, 9))
    assert np.asarray(image)[4, 4].tolist() == [1, 2, 3]
    assert image.copy().getpixel((4, 4)) == (1, 2, 3)


def test_a_lossless_jpeg_is_never_decoded_smaller(tmp_path: Path) -> None:
    """libjpeg knows no reduced sizes there, and wrote past the end of the memory for one."""
    imagecodecs = pytest.importorskip("imagecodecs")
    value_HW = np.random.default_rng(0).integers(0, 256, (320, 400), dtype=np.uint8)
    file = tmp_path / "a.jpg"
    file.write_bytes(imagecodecs.jpeg_encode(value_HW, lossless=True))
    with file.open("rb") as stream:
        image = JpegFile(stream)
        assert image.draft(None, (16, 16)) is None
        assert image.size == (400, 320)
    whole, reduced = read_picture(file), read_picture(file, min_side=8)
    np.testing.assert_array_equal(whole.pixels[..., 0], value_HW)
    assert min(reduced.pixels.shape[:2]) == 16
