"""Compare two small grey pictures after aligning them.

Shapes: P pairs, S the side of the pictures.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

Floats = npt.NDArray[np.float32]

COARSE_BLURS, FINE_BLURS = (4, 1), (1,)  # passes of blur at half the size, and at all of it
NUM_STEPS = 4  # at each of them
SCALES, MAX_SHIFT = (0.8, 1.25), 0.2  # what is searched: shares of a side
GUESS_SIDE = 48  # pixels
DETAIL_BLUR = 2  # passes of blur; what they remove is compared
NOISE = 0.5  # grey levels of detail that compression alone makes


def agreement(one_PSS: npt.ArrayLike, other_PSS: npt.ArrayLike, *, early_reject: float = -1.0) -> Floats:
    """Return how far details agree after alignment, (P,).

    Scale and shift along each side are found by Gauss-Newton steps;
    gain and offset of the light do not matter. Plain surfaces agree, for they have no detail.

    Args:
        one_PSS: Grey levels 0..255, S even.
        other_PSS: The same, laid onto the first.
        early_reject: Pairs that agree less than this at half the size are not aligned further.

    Returns:
        −1…1, 1 for the same picture.

    Source: Lucas and Kanade 1981, An iterative image registration technique; the correlation is that of
    band-passed pictures, with the noise of compression added to all three moments.

    >>> picture = np.random.default_rng(0).uniform(0, 255, (1, 32, 32))
    >>> agreement(picture, 0.8 * picture + 20).round(3).tolist()
    [1.0]
    """
    one_PSS, other_PSS = (np.asarray(picture, np.float32) for picture in (one_PSS, other_PSS))
    small = _halve(one_PSS), _halve(other_PSS)
    place_P4 = _align(*small, np.tile(np.array([1, 0, 1, 0], np.float32), (len(one_PSS), 1)), COARSE_BLURS)
    found_P = _compare(*small, place_P4)
    near = np.flatnonzero(found_P >= early_reject)
    place_P4[near] = _align(one_PSS[near], other_PSS[near], place_P4[near], FINE_BLURS)
    found_P[near] = _compare(one_PSS[near], other_PSS[near], place_P4[near])
    return found_P


def first_guess(one: Image.Image, other: Image.Image) -> npt.NDArray[np.float64]:
    """Align two pictures roughly, at a small size.

    Args:
        one: A picture.
        other: The same, laid onto the first.

    Returns:
        (6,): shift, scale and turn of rows, then of columns, as shares of a side.
    """
    one_1SS, other_1SS = (
        np.asarray(
            picture.convert("L").resize((GUESS_SIDE, GUESS_SIDE), Image.Resampling.BICUBIC), np.float32
        )[None]
        for picture in (one, other)
    )
    place_14 = _align(_halve(one_1SS), _halve(other_1SS), np.array([[1, 0, 1, 0]], np.float32), COARSE_BLURS)
    row, down, column, across = _align(one_1SS, other_1SS, place_14, FINE_BLURS)[0].tolist()
    return np.array([down, row, 0, across, column, 0], np.float64)


def _halve(picture_PSS: Floats) -> Floats:
    pairs, side, _ = picture_PSS.shape
    half_PSS: Floats = picture_PSS.reshape(pairs, side // 2, 2, side // 2, 2).mean(axis=(2, 4))
    return half_PSS


def _compare(one_PSS: Floats, other_PSS: Floats, place_P4: Floats) -> Floats:
    one_PSS, other_PSS = (
        blur_pictures(one_PSS, 1),
        blur_pictures(other_PSS, 1),
    )  # as much as moving a picture blurs it
    moved_PSS, seen_PSS = _move(other_PSS, place_P4)
    return _correlation(_detail(one_PSS), _detail(moved_PSS), seen_PSS)


def blur_pictures(picture_PSS: Floats, passes: int) -> Floats:
    """Blur pictures by `passes` of the kernel 1 2 1.

    Each goes along both sides.
    Edges are repeated outside.
    """
    for _ in range(passes):
        wide = np.pad(picture_PSS, ((0, 0), (1, 1), (0, 0)), mode="edge")
        picture_PSS = np.float32(0.25) * (wide[:, :-2] + 2 * wide[:, 1:-1] + wide[:, 2:])
        wide = np.pad(picture_PSS, ((0, 0), (0, 0), (1, 1)), mode="edge")
        picture_PSS = np.float32(0.25) * (wide[..., :-2] + 2 * wide[..., 1:-1] + wide[..., 2:])
    return picture_PSS


def _detail(picture_PSS: Floats) -> Floats:
    detail_PSS: Floats = picture_PSS - blur_pictures(picture_PSS, DETAIL_BLUR)
    return detail_PSS


def _align(one_PSS: Floats, other_PSS: Floats, place_P4: Floats, blurs: Sequence[int]) -> Floats:
    """Scale and shift of rows, then of columns, that lay `other` onto `one`, from a first guess on: (P, 4)."""
    low = np.array([SCALES[0], -MAX_SHIFT] * 2, np.float32)
    high = np.array([SCALES[1], MAX_SHIFT] * 2, np.float32)
    for passes in blurs:
        still_PSS, loose_PSS = blur_pictures(one_PSS, passes), blur_pictures(other_PSS, passes)
        for _ in range(NUM_STEPS):
            place_P4 = np.clip(place_P4 + _step(still_PSS, loose_PSS, place_P4), low, high)
    return place_P4


def _step(still_PSS: Floats, loose_PSS: Floats, place_P4: Floats) -> Floats:
    """One Gauss-Newton step towards the smallest squared difference."""
    moved_PSS, seen_PSS = _move(loose_PSS, place_P4)
    still_PSS, moved_PSS = _standardise(still_PSS, seen_PSS), _standardise(moved_PSS, seen_PSS)
    pairs, side, _ = still_PSS.shape
    from_middle = (np.arange(side, dtype=np.float32) - (side - 1) / 2) / side
    down_PSS, across_PSS = (slope * seen_PSS for slope in np.gradient(moved_PSS, axis=(1, 2)))
    slopes = (down_PSS * from_middle[:, None], down_PSS, across_PSS * from_middle, across_PSS)
    slope_P4R = np.stack(slopes, axis=1).reshape(pairs, 4, side * side)
    curve_P44 = slope_P4R @ slope_P4R.transpose(0, 2, 1)
    curve_P44 += 0.01 * np.eye(4, dtype=np.float32)  # plain pictures have no slope
    missed_PR1 = (still_PSS - moved_PSS).reshape(pairs, side * side, 1)
    return np.asarray(np.linalg.solve(curve_P44, slope_P4R @ missed_PR1)[..., 0] / side, np.float32)


def _move(picture_PSS: Floats, place_P4: Floats) -> tuple[Floats, Floats]:
    """The pictures scaled about their middle and shifted, by linear interpolation; and 1 where they have pixels."""
    side = picture_PSS.shape[1]
    down_PSS, row_PS = _weights(place_P4[:, 0], place_P4[:, 1], side)
    across_PSS, column_PS = _weights(place_P4[:, 2], place_P4[:, 3], side)
    moved_PSS = np.asarray(down_PSS @ picture_PSS @ across_PSS.transpose(0, 2, 1), np.float32)
    return moved_PSS, row_PS[:, :, None] * column_PS[:, None, :]


def _weights(scale_P: Floats, shift_P: Floats, side: int) -> tuple[Floats, Floats]:
    """What each old row gives to each new one (P, S, S), and 1 for new rows that lie in the picture (P, S)."""
    row_S = np.arange(side, dtype=np.float32)
    middle = np.float32((side - 1) / 2)
    place_PS = middle + scale_P[:, None] * (row_S - middle) + np.float32(side) * shift_P[:, None]
    inside_PS = ((place_PS >= 0) & (place_PS <= side - 1)).astype(np.float32)
    far_PSS = np.abs(row_S - place_PS.clip(0, side - 1)[:, :, None])
    return np.maximum(0, 1 - far_PSS).astype(np.float32), inside_PS


def _standardise(picture_PSS: Floats, seen_PSS: Floats) -> Floats:
    """Mean zero and deviation one over the visible part, so that light does not matter."""
    count_P11 = seen_PSS.sum(axis=(1, 2), keepdims=True)
    mean_P11 = (picture_PSS * seen_PSS).sum(axis=(1, 2), keepdims=True) / count_P11
    level_PSS = (picture_PSS - mean_P11) * seen_PSS
    power_P11 = np.square(level_PSS).sum(axis=(1, 2), keepdims=True) / count_P11
    levelled_PSS: Floats = level_PSS / np.sqrt(power_P11 + 1)
    return levelled_PSS


def _correlation(one_PSS: Floats, other_PSS: Floats, seen_PSS: Floats) -> Floats:
    count_P = seen_PSS.sum(axis=(1, 2))

    def product(left_PSS: Floats, right_PSS: Floats) -> Floats:
        means_P = [(part * seen_PSS).sum(axis=(1, 2)) / count_P for part in (left_PSS, right_PSS)]
        both_P: Floats = (left_PSS * right_PSS * seen_PSS).sum(axis=(1, 2)) / count_P - means_P[0] * means_P[
            1
        ]
        return both_P + NOISE**2

    found_P: Floats = product(one_PSS, other_PSS) / np.sqrt(
        product(one_PSS, one_PSS) * product(other_PSS, other_PSS)
    )
    return found_P
