"""Early ends of GIF and QOI."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from support.hostile_files import picture
from unpool.errors import UnreadableImageError
from unpool.images.damage.ends import check_end
from unpool.images.reading.decode import read_picture


def gif(num_frames: int = 3) -> bytes:
    stream = io.BytesIO()
    frames = [Image.fromarray(picture(seed=seed)) for seed in range(num_frames)]
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:], comment=b"made by a test")
    return stream.getvalue()


@pytest.mark.parametrize("num_frames", [1, 3])
def test_a_gif_ends_with_its_trailer(num_frames: int) -> None:
    content = gif(num_frames)
    for tail in (b"", b"\0" * 99, b"; and more"):
        assert check_end(content + tail, "GIF") == ()
    assert [note.kind for note in check_end(content[:-1], "GIF")] == ["end-mark"]
    for end in (-2, -40, len(content) // 2):
        with pytest.raises(UnreadableImageError, match="truncated: the file ends before its last frame does"):
            check_end(content[:end], "GIF")


def test_a_cut_animation_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.gif").write_bytes(gif()[:-300])
    with pytest.raises(UnreadableImageError, match="truncated"):
        read_picture(tmp_path / "a.gif")


def test_a_qoi_ends_with_its_marker() -> None:
    pixels = b"qoif" + (4).to_bytes(4, "big") * 2 + b"\3\0" + b"\xfe\1\2\3" * 16
    assert check_end(pixels + b"\0" * 7 + b"\1", "QOI") == ()
    with pytest.raises(UnreadableImageError, match="no end marker"):
        check_end(pixels + bytes(8), "QOI")
    assert check_end(b"", "BMP") == ()


def test_zeros_among_the_pixels_of_a_qoi_are_lost_ones(tmp_path: Path) -> None:
    pixels = picture(seed=3)
    pixels[10:20] = 0
    Image.fromarray(pixels).save(tmp_path / "a.qoi")
    content = (tmp_path / "a.qoi").read_bytes()
    assert check_end(content, "QOI") == ()
    assert check_end(content + bytes(99), "QOI") == ()
    with pytest.raises(UnreadableImageError, match="corrupt: a piece of the compressed image is lost"):
        check_end(content[:400] + bytes(40) + content[440:], "QOI")
