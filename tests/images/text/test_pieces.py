"""Pictures are cut so that text can be found, and so that memory stays bounded."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from unpool.images.text.pieces import MAX_RATIO, MAX_SIDE, MIN_SIDE, cut_pieces


def picture(height: int, width: int) -> np.ndarray:
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = np.linspace(0, 255, width)
    pixels[..., 1] = np.linspace(0, 255, height)[:, None]
    return pixels


@pytest.mark.parametrize(
    ("height", "width"), [(300, 400), (4000, 3000), (1, 1), (28, 28), (30, 20_000), (9000, 50)]
)
def test_pieces_have_a_shape_that_takes_little_memory(height: int, width: int) -> None:
    for piece in cut_pieces(picture(height, width)):
        short, long = sorted(piece.shape[:2])
        assert short >= min(MIN_SIDE, MAX_SIDE / MAX_RATIO / 2)
        assert long <= 1.2 * MAX_SIDE
        assert long <= 1.5 * MAX_RATIO * short


def test_most_pictures_are_one_piece_with_a_margin_of_their_edge() -> None:
    (piece,) = cut_pieces(np.full((500, 600, 3), 90, np.uint8))
    assert piece.shape == (560, 660, 3)
    assert (piece == 90).all()


def test_a_long_strip_is_read_from_end_to_end() -> None:
    strip = picture(200, 6000)
    pieces = list(cut_pieces(strip))
    reds = [(int(piece[100, 14, 0]), int(piece[100, -14, 0])) for piece in pieces]
    assert reds[0][0] <= 1
    assert reds[-1][1] >= 250
    for (_, end), (start, _) in itertools.pairwise(reds):
        assert start < end  # they overlap


def test_a_small_picture_lies_inside_a_larger_one() -> None:
    (piece,) = cut_pieces(np.full((20, 30, 3), 7, np.uint8))
    assert min(piece.shape[:2]) >= MIN_SIDE
