"""Lost pieces are found wherever they lie; flat pictures of every encoder's tables are none."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from support.pictures import make_photograph
from unpool.images.damage.jpeg_segments import SCAN, read_segments
from unpool.images.damage.jpeg_zeros import find_lost_piece

NOISE = np.random.default_rng(0).normal(0, 12, (180, 240, 3))
NOISY = Image.fromarray((np.asarray(make_photograph(1)) + NOISE).clip(0, 255).astype(np.uint8))


def jpeg(image: Image.Image, **options: Any) -> tuple[bytes, int]:
    """A JPEG, and where its first scan begins."""
    stream = io.BytesIO()
    image.save(stream, "JPEG", **options)
    content = stream.getvalue()
    return content, next(each.start for each in read_segments(content) if each.marker == SCAN)


@pytest.mark.parametrize("options", [{}, {"optimize": True}, {"restart_marker_rows": 2}])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_lost_piece_of_a_photograph_is_found(mode: str, options: dict[str, Any]) -> None:
    content, start = jpeg(NOISY.convert(mode), quality=95, **options)
    assert find_lost_piece(content, start) is None
    for share in (0.3, 0.5):
        at = int(len(content) * share)
        damaged = content[:at] + bytes(512) + content[at + 512 :]
        found = find_lost_piece(damaged, start)
        assert found is not None
        assert at - 4 <= found <= at + 2


@pytest.mark.parametrize("options", [{}, {"optimize": True}, {"progressive": True}])
@pytest.mark.parametrize("colour", ["white", "black", (90, 130, 250)])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_flat_pictures_have_no_lost_piece(mode: str, colour: Any, options: dict[str, Any]) -> None:
    image = Image.new("RGB", (1500, 1000), colour)
    image.paste(NOISY.resize((50, 40)), (0, 0))
    content, start = jpeg(image.convert(mode), **options)
    assert find_lost_piece(content, start) is None


def test_zeros_after_the_end_and_in_headers_are_of_no_account() -> None:
    content, start = jpeg(NOISY, comment=bytes(900))
    assert find_lost_piece(content + bytes(900), start) is None
