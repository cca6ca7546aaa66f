"""Mirrored and turned copies are found, each with how it was made; nothing else is."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from support.pictures import make_photograph
from unpool.analysis.checks.sketches import Sketches
from unpool.analysis.checks.turned_copies import Pose, turned_copies

MADE = {
    Pose.MIRRORED: Image.Transpose.FLIP_LEFT_RIGHT,
    Pose.UPSIDE_DOWN: Image.Transpose.FLIP_TOP_BOTTOM,
    Pose.HALF: Image.Transpose.ROTATE_180,
    Pose.RIGHT: Image.Transpose.ROTATE_270,  # Pillow poses to the left
    Pose.LEFT: Image.Transpose.ROTATE_90,
    Pose.RIGHT_MIRRORED: Image.Transpose.TRANSPOSE,
    Pose.LEFT_MIRRORED: Image.Transpose.TRANSVERSE,
}


class Trusting:
    """Takes the word of the sketches, and remembers what it was asked."""

    def __init__(self) -> None:
        self.poses: list[Pose] = []

    def verify(self, pair_P2, poses=None):
        self.poses += poses
        return np.ones(len(pair_P2), bool)

    def elect(self, rows):
        return rows[0]


@pytest.fixture(scope="module")
def photos() -> list[Image.Image]:
    return [make_photograph(seed) for seed in range(12)]


def find(images: list[Image.Image], judge: Trusting | None = None):
    return turned_copies(Sketches.from_images(images), -np.arange(len(images)), judge or Trusting())


@pytest.mark.parametrize("pose", Pose, ids=lambda pose: pose.name)
def test_what_was_done_is_undone(pose: Pose) -> None:
    pixels_HW3 = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    made_HW3 = np.asarray(Image.fromarray(pixels_HW3).transpose(MADE[pose]))
    assert np.array_equal(pose.undo(made_HW3, (0, 1)), pixels_HW3)
    assert np.array_equal(pose.inverse.undo(pixels_HW3, (0, 1)), made_HW3)
    assert pose.words


@pytest.mark.parametrize("pose", Pose, ids=lambda pose: pose.name)
def test_a_copy_is_found_with_how_it_was_made(pose: Pose, photos: list[Image.Image]) -> None:
    copy = photos[3].transpose(MADE[pose])
    copy = copy.resize((copy.width // 2, copy.height // 2)).point(lambda value: value * 0.95)
    judge = Trusting()
    found = find([*photos, copy], judge)
    assert (found.sets, found.pose_of) == ([[3, 12]], {12: pose})
    assert set(judge.poses) == {pose}
    found = find([copy, *photos])  # now the copy is kept
    assert (found.sets, found.pose_of) == ([[0, 4]], {4: pose.inverse})


def test_several_copies_are_one_set_and_photographs_are_none(photos: list[Image.Image]) -> None:
    assert find(photos).sets == []
    copies = [photos[0].transpose(MADE[pose]) for pose in (Pose.MIRRORED, Pose.LEFT)]
    found = find([*photos, *copies])
    assert found.sets == [[0, 12, 13]]
    assert found.pose_of == {12: Pose.MIRRORED, 13: Pose.LEFT}


def test_the_judge_has_the_last_word(photos: list[Image.Image]) -> None:
    judge = Trusting()
    judge.verify = lambda pair_P2, poses=None: np.zeros(len(pair_P2), bool)  # type: ignore[method-assign]
    assert find([*photos, photos[0].transpose(MADE[Pose.HALF])], judge).sets == []


def test_of_small_and_plain_pictures_nothing_is_a_copy() -> None:
    slope = np.add.outer(np.linspace(0, 60, 90), np.linspace(20, 180, 120)).astype(np.uint8)
    plain = [Image.fromarray(each).convert("RGB") for each in (slope, slope[:, ::-1].copy(), slope * 0 + 90)]
    small = make_photograph(1).resize((40, 30))
    assert find([*plain, small, small.transpose(MADE[Pose.MIRRORED])]).sets == []
    assert find([]).sets == find(plain[:1]).sets == []
