"""Find copies that were mirrored, or turned by quarters.

Shapes: N pictures, S the side of their sketches, C that of their colours, D numbers of coarse light and dark, P pairs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt

from unpool.analysis.checks.alignment import agreement
from unpool.analysis.checks.near_duplicates import (
    CHUNK,
    EARLY_REJECT,
    MAX_COMPARED,
    MAX_TINT,
    MIN_AGREEMENT,
    NUM_FREQUENCIES,
    TONE_LENGTH,
    Pairs,
    build_sets,
    low_frequency_dct,
    unique_pairs,
)
from unpool.analysis.checks.sketches import SIDE, Sketches
from unpool.analysis.neighbours import ROWS_AT_ONCE, Floats, find_near_equals, normalise
from unpool.core.cpu import usable_cores
from unpool.images.pixel_cache import map_ordered

Bytes = npt.NDArray[np.uint8]

PAIRS_AT_ONCE = 65_536  # whose coarse light and dark is compared
NUM_NEIGHBOURS = 3  # in what mirroring and turning leave as it is
MIN_CORRELATION = 0.7  # correlation of coarse light and dark, the one turned onto the other
SLACK = 0.1  # below the best way, within which another is tried: symmetric pictures


class Pose(Enum):
    """How a copy was made of its original.

    The values undo it: whether sides are swapped, then rows and columns reversed.
    """

    MIRRORED = (False, False, True)
    UPSIDE_DOWN = (False, True, False)
    HALF = (False, True, True)
    RIGHT = (True, True, False)
    LEFT = (True, False, True)
    RIGHT_MIRRORED = (True, False, False)
    LEFT_MIRRORED = (True, True, True)

    @property
    def words(self) -> str:
        """What was done to the original."""
        return _WORDS[self]

    @property
    def inverse(self) -> Pose:
        """What was done if the copy is the original."""
        return {Pose.RIGHT: Pose.LEFT, Pose.LEFT: Pose.RIGHT}.get(self, self)

    def undo(self, pictures: Bytes, axes: tuple[int, int] = (-2, -1)) -> Bytes:
        """Pose copies back.

        >>> Pose.RIGHT.undo(np.rot90(np.array([[1, 2], [3, 4]], np.uint8), -1)).tolist()
        [[1, 2], [3, 4]]
        """
        swaps_sides, *reverses = self.value
        if swaps_sides:
            pictures = np.swapaxes(pictures, *axes)
        reversed_axes = tuple(axis for axis, is_reversed in zip(axes, reverses, strict=True) if is_reversed)
        return np.flip(pictures, reversed_axes)


_WORDS = {
    Pose.MIRRORED: "mirrored", Pose.UPSIDE_DOWN: "mirrored upside down", Pose.HALF: "turned 180°",
    Pose.RIGHT: "turned 90° to the right", Pose.LEFT: "turned 90° to the left",
    Pose.RIGHT_MIRRORED: "turned 90° to the right and mirrored",
    Pose.LEFT_MIRRORED: "turned 90° to the left and mirrored",
}  # fmt: skip


class Judge(Protocol):
    """Looks closer at pictures than sketches can."""

    def verify(self, pair_P2: Pairs, poses: Sequence[Pose] | None = None) -> npt.NDArray[np.bool_]:
        """Return which pairs show the same, the second turned back."""

    def elect(self, rows: Sequence[int]) -> int:
        """Return the picture of a set to keep."""


@dataclass(frozen=True, slots=True)
class TurnedSets:
    """Sets of turned copies, the row to keep first.

    `pose_of` says how each other row was made of it.
    """

    sets: list[list[int]]
    pose_of: dict[int, Pose]


def turned_copies(
    sketches: Sketches, keep_priority_N: npt.ArrayLike, judge: Judge, *, seed: int = 0
) -> TurnedSets:
    """Find copies that were mirrored or turned by quarters.

    Candidates are near each other in what all eight ways leave as it is; `agreement` of their sketches, one turned
    back, and then the judge decide. Small and plain pictures, and slopes of light, are left out: of those anything
    is a mirrored copy.

    Args:
        sketches: The pictures, none a near duplicate of another.
        keep_priority_N: Sets are built around the pictures with the largest.
        judge: Looks closer at the pairs that agree, and elects the one to keep.
        seed: Of the search among many pictures.

    Returns:
        The sets.
    """
    usable_U = np.flatnonzero(np.isfinite(sketches.blur_N))
    if len(usable_U) < 2:
        return TurnedSets([], {})
    found = _PoseMatcher(sketches, judge)
    pair_P2 = usable_U[_candidates(found.coarse_ND[usable_U], sketches.chroma_NCC2[usable_U], seed)]
    confirmed_P2 = pair_P2[found.confirm(pair_P2)]
    sets = build_sets(len(sketches), confirmed_P2, np.asarray(keep_priority_N), found.confirm, found)
    pose_of = {
        row: pose for kept, *others in sets for row in others if (pose := found.pose(kept, row)) is not None
    }
    return TurnedSets([[kept, *(row for row in rows if row in pose_of)] for kept, *rows in sets], pose_of)


def _candidates(coarse_UD: Floats, chroma_UCC2: npt.NDArray[np.uint8], seed: int) -> Pairs:
    """Pairs of pictures that are the same but for their pose, (P, 2), the smaller row first."""
    # Scaled a part at a time, for all of them several times over would take gigabytes.
    num_numbers = _invariants(coarse_UD[:1], chroma_UCC2[:1]).shape[1]
    invariant_UR = np.empty((len(coarse_UD), num_numbers), np.float32)
    for start in range(0, len(coarse_UD), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        invariant_UR[part] = normalise(_invariants(coarse_UD[part], chroma_UCC2[part]))
    near_UK = find_near_equals(invariant_UR, NUM_NEIGHBOURS, MAX_COMPARED, seed=seed)
    row_P = np.repeat(np.arange(len(near_UK)), near_UK.shape[1])
    pair_P2 = np.stack([row_P, near_UK.reshape(-1)], axis=1)
    return unique_pairs(pair_P2[pair_P2[:, 1] >= 0], len(near_UK))


def _invariants(coarse_BD: Floats, chroma_BCC2: npt.NDArray[np.uint8]) -> Floats:
    """What turning and mirroring leave as it is, (B, R)."""
    size_BFF = np.abs(_unpack_waves(coarse_BD))
    turned_BFF = size_BFF.transpose(0, 2, 1)
    mean_B2 = SIDE * (chroma_BCC2.mean(axis=(1, 2), dtype=np.float32) - 128)
    constant_B1 = np.full((len(coarse_BD), 1), TONE_LENGTH, np.float32)
    parts = [(size_BFF + turned_BFF) / 2, np.abs(size_BFF - turned_BFF) / 2, mean_B2, constant_B1]
    invariant_BR: Floats = np.concatenate([part.reshape(len(coarse_BD), -1) for part in parts], axis=1)
    return invariant_BR.astype(np.float32, copy=False)


class _PoseMatcher:
    """How one picture was made of another by turning, by their sketches and by the judge."""

    def __init__(self, sketches: Sketches, judge: Judge) -> None:
        self._sketches, self._judge = sketches, judge
        self.coarse_ND = low_frequency_dct(sketches.grey_NSS)
        self._pose_of: dict[tuple[int, int], Pose] = {}

    def pose(self, one: int, other: int) -> Pose | None:
        """How the other was made of the one, where that was found."""
        if (pose := self._pose_of.get((one, other))) is not None:
            return pose
        pose = self._pose_of.get((other, one))
        return None if pose is None else pose.inverse

    def confirm(self, pair_P2: Pairs) -> npt.NDArray[np.bool_]:
        """Return which sketches agree once one is turned, and remember how."""
        agreement_P = np.zeros(len(pair_P2), np.float32)
        tried = [self._promising(part_P2) for part_P2 in _parts(pair_P2, PAIRS_AT_ONCE)]
        is_tried_TP = np.concatenate([np.zeros((len(Pose), 0), bool), *tried], axis=1)
        for pose, is_tried_P in zip(Pose, is_tried_TP, strict=True):
            parts = list(_parts(np.flatnonzero(is_tried_P)))
            measure = partial(self._measure, pair_P2, pose)
            # Most calls are for a few pairs of one set, for which no threads are started.
            measured = map_ordered(measure, parts, usable_cores()) if len(parts) > 1 else map(measure, parts)
            for places, found in measured:
                better = found > agreement_P[places]
                agreement_P[places[better]] = found[better]
                for one, other in pair_P2[places[better & (found >= MIN_AGREEMENT)]].tolist():
                    self._pose_of[one, other] = pose
        return agreement_P >= MIN_AGREEMENT

    def verify(self, pair_P2: Pairs) -> npt.NDArray[np.bool_]:
        """Return which pairs show the same everywhere once one is turned."""
        same_P = np.zeros(len(pair_P2), bool)
        poses = [self.pose(one, other) for one, other in pair_P2.tolist()]
        places = [place for place, pose in enumerate(poses) if pose is not None]
        known = [pose for pose in poses if pose is not None]
        if places:
            same_P[places] = self._judge.verify(pair_P2[places], known)
        return same_P

    def elect(self, rows: Sequence[int]) -> int:
        """Return the picture of a set to keep."""
        return self._judge.elect(rows)

    def _promising(self, pair_P2: Pairs) -> npt.NDArray[np.bool_]:
        """The ways in which coarse light and dark of a pair correlate, (T, P)."""
        one_PD, other_PFF = self.coarse_ND[pair_P2[:, 0]], _unpack_waves(self.coarse_ND[pair_P2[:, 1]])
        length_P = np.linalg.norm(one_PD, axis=1) * np.linalg.norm(other_PFF, axis=(1, 2))
        found_TP = np.stack(
            [(_unpack_waves(one_PD) * _undo_waves(other_PFF, pose)).sum(axis=(1, 2)) for pose in Pose]
        )
        found_TP /= np.maximum(length_P, 1e-6)
        return np.asarray(found_TP >= np.maximum(MIN_CORRELATION, found_TP.max(axis=0) - SLACK))

    def _measure(
        self, pair_P2: Pairs, pose: Pose, places: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int64], Floats]:
        return places, self._agreements(pair_P2[places], pose)

    def _agreements(self, pair_P2: Pairs, pose: Pose) -> Floats:
        one_P, other_P = pair_P2.T
        colour_PCC2 = pose.undo(self._sketches.chroma_NCC2[other_P], (1, 2)).astype(np.float32)
        tint_P = np.abs(self._sketches.chroma_NCC2[one_P] - colour_PCC2).mean(axis=(1, 2, 3))
        turned_PSS = pose.undo(self._sketches.grey_NSS[other_P])
        found_P = agreement(self._sketches.grey_NSS[one_P], turned_PSS, early_reject=EARLY_REJECT)
        return np.where(tint_P <= MAX_TINT, found_P, -1).astype(np.float32)


def _unpack_waves(coarse_ND: Floats) -> Floats:
    """The cosine waves of pictures by row and column, the mean left out as 0: (N, F, F)."""
    waves_NFF: Floats = np.pad(coarse_ND, ((0, 0), (1, 0))).reshape(-1, NUM_FREQUENCIES, NUM_FREQUENCIES)
    return waves_NFF


def _undo_waves(waves_NFF: Floats, pose: Pose) -> Floats:
    """The waves of pictures turned back: reversing a side changes the sign of its odd waves."""
    swaps_sides, reverses_rows, reverses_columns = pose.value
    sign_F = np.float32(1) - 2 * (np.arange(NUM_FREQUENCIES, dtype=np.float32) % 2)
    if swaps_sides:
        waves_NFF = waves_NFF.transpose(0, 2, 1)
    if reverses_rows:
        waves_NFF = waves_NFF * sign_F[:, None]
    return waves_NFF * sign_F if reverses_columns else waves_NFF


def _parts(place_P: npt.NDArray[np.int64], size: int = CHUNK) -> Iterator[npt.NDArray[np.int64]]:
    for start in range(0, len(place_P), size):
        yield place_P[start : start + size]
