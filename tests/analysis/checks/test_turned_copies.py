"""Mirrored and turned copies are found, each with how it was made; nothing else is."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from support.pictures import make_photograph
from unpool.analysis.checks.sketches import Sketches
from unpool.analysis.checks.turned_copies import Turn, turned_copies

MADE = {
    Turn.MIRRORED: Image.Transpose.FLIP_LEFT_RIGHT,
    Turn.UPSIDE_DOWN: Image.Transpose.FLIP_TOP_BOTTOM,
    Turn.HALF: Image.Transpose.ROTATE_180,
    Turn.RIGHT: Image.Transpose.ROTATE_270,  # Pillow turns to the left
    Turn.LEFT: Image.Transpose.ROTATE_90,
    Turn.RIGHT_MIRRORED: Image.Transpose.TRANSPOSE,
    Turn.LEFT_MIRRORED: Image.Transpose.TRANSVERSE,
}


class Trusting:
    """Takes the word of the sketches, and remembers what it was asked."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []

    def verify(self, pair_P2, turns=None):
        self.turns += turns
        return np.ones(len(pair_P2), bool)

    def elect(self, rows):
        return rows[0]


@pytest.fixture(scope="module")
def photos() -> list[Image.Image]:
    return [make_photograph(seed) for seed in range(12)]


def find(images: list[Image.Image], judge: Trusting | None = None):
    return turned_copies(Sketches.from_images(images), -np.arange(len(images)), judge or Trusting())


@pytest.mark.parametrize("turn", Turn, ids=lambda turn: turn.name)
def test_what_was_done_is_undone(turn: Turn) -> None:
    pixels_HW3 = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    made_HW3 = np.asarray(Image.fromarray(pixels_HW3).transpose(MADE[turn]))
    assert np.array_equal(turn.undo(made_HW3, (0, 1)), pixels_HW3)
    assert np.array_equal(turn.inverse.undo(pixels_HW3, (0, 1)), made_HW3)
    assert turn.words


@pytest.mark.parametrize("turn", Turn, ids=lambda turn: turn.name)
def test_a_copy_is_found_with_how_it_was_made(turn: Turn, photos: list[Image.Image]) -> None:
    copy = photos[3].transpose(MADE[turn])
    copy = copy.resize((copy.width // 2, copy.height // 2)).point(lambda value: value * 0.95)
    judge = Trusting()
    found = find([*photos, copy], judge)
    assert (found.sets, found.turn_of) == ([[3, 12]], {12: turn})
    assert set(judge.turns) == {turn}
    found = find([copy, *photos])  # now the copy is kept
    assert (found.sets, found.turn_of) == ([[0, 4]], {4: turn.inverse})


def test_several_copies_are_one_set_and_photographs_are_none(photos: list[Image.Image]) -> None:
    assert find(photos).sets == []
    copies = [photos[0].transpose(MADE[turn]) for turn in (Turn.MIRRORED, Turn.LEFT)]
    found = find([*photos, *copies])
    assert found.sets == [[0, 12, 13]]
    assert found.turn_of == {12: Turn.MIRRORED, 13: Turn.LEFT}


def test_the_judge_has_the_last_word(photos: list[Image.Image]) -> None:
    judge = Trusting()
    judge.verify = lambda pair_P2, turns=None: np.zeros(len(pair_P2), bool)  # type: ignore[method-assign]
    assert find([*photos, photos[0].transpose(MADE[Turn.HALF])], judge).sets == []


def test_of_small_and_plain_pictures_nothing_is_a_copy() -> None:
    slope = np.add.outer(np.linspace(0, 60, 90), np.linspace(20, 180, 120)).astype(np.uint8)
    plain = [Image.fromarray(each).convert("RGB") for each in (slope, slope[:, ::-1].copy(), slope * 0 + 90)]
    small = make_photograph(1).resize((40, 30))
    assert find([*plain, small, small.transpose(MADE[Turn.MIRRORED])]).sets == []
    assert find([]).sets == find(plain[:1]).sets == []
