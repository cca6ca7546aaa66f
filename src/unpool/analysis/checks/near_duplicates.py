"""Find pictures that differ in size, crop or light alone.

Shapes: N pictures, S the side of their sketches, C that of their colours, K neighbours, P pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from unpool.analysis.checks.alignment import agreement
from unpool.analysis.checks.sketches import SIDE, GreyRows, Sketches
from unpool.analysis.neighbours import ROWS_AT_ONCE, Floats, Indices, find_near_equals, normalise
from unpool.core.cpu import usable_cores
from unpool.images.pixel_cache import map_ordered

# Measured on real photographs: docs/decisions/0010-problems.md.
NUM_NEIGHBOURS = 4  # in the embedding, and in coarse light and dark
NUM_TONE_NEIGHBOURS = 2  # in light and colour as they are: copies among many pictures of one shape
TONE_LENGTH = 4000.0  # of a constant beside them: cosines then rank pictures by their difference
NUM_FREQUENCIES = 8  # of the cosine transform, along each side
MIN_CORRELATION = 0.55  # correlation of coarse light and dark, before anything is moved
PLAIN_LENGTH = 50.0  # of a grey level here and there: plain pictures correlate
EARLY_REJECT, MIN_AGREEMENT = 0.75, 0.85  # agreement at half the size, and at all of it
SMALL_SIDE, MIN_AGREEMENT_SMALL = 64, 0.95  # smaller pictures have less detail that could differ
MAX_TINT = 10.0  # mean difference of chroma, of 255
CHUNK = 512
MAX_COMPARED = (
    16_384  # sketches, among which one nearly equal is sure to be: it lies in the same list or the next
)

Pairs = npt.NDArray[np.int64]
Confirm = Callable[[Pairs], npt.NDArray[np.bool_]]


class Judge(Protocol):
    """Looks closer at pictures than sketches can."""

    def verify(self, pair_P2: Pairs) -> npt.NDArray[np.bool_]:
        """Return which pairs show the same everywhere, (P,)."""

    def elect(self, rows: Sequence[int]) -> int:
        """Return the picture of a set to keep."""


class _Trusting:
    """Takes the word of the sketches, and the order that it is given."""

    def verify(self, pair_P2: Pairs) -> npt.NDArray[np.bool_]:
        return np.ones(len(pair_P2), bool)

    def elect(self, rows: Sequence[int]) -> int:
        return rows[0]


_TRUSTING = _Trusting()


@dataclass(frozen=True, slots=True)
class NearSets:
    """Sets of near-duplicates, the row to keep first.

    `agreement_N` is that of each other row with it, else NaN.
    """

    sets: list[list[int]]
    agreement_N: Floats


def near_duplicates(
    sketches: Sketches, neighbours_NK: Indices, keep_priority_N: npt.ArrayLike, *, judge: Judge = _TRUSTING,
    seed: int = 0, progress: Callable[[float], None] = lambda share: None,
) -> NearSets:  # fmt: skip
    """Find sets of near-duplicates.

    Candidates are neighbours in the embedding, in coarse light and dark, and in light and colour together;
    `agreement` of their sketches and then the judge decide. Every picture of a set agrees with the one to keep, so
    that a chain of small changes is no set.

    Args:
        sketches: The pictures.
        neighbours_NK: Rows near in the embedding, -1 for none.
        keep_priority_N: Sets are built around the pictures with the largest.
        judge: Looks closer at the pairs that agree, and elects the one to keep.
        seed: Of the search among many pictures.
        progress: Called with the share done, 0..1.

    Returns:
        The sets.
    """
    if len(sketches) < 2:
        return NearSets([], np.full(len(sketches), np.nan, np.float32))
    coarse_ND = low_frequency_dct(sketches.grey_NSS)
    tone_NK = tone_neighbours(coarse_ND, sketches.chroma_NCC2, seed=seed)
    pair_P2 = candidates(coarse_ND, neighbours_NK, tone_NK, seed=seed)
    found = _PairMatcher(sketches)
    confirmed = map_ordered(found.confirm, _parts(pair_P2, progress), usable_cores())
    confirmed_P = np.concatenate([np.zeros(0, bool), *confirmed])
    sets = build_sets(len(sketches), pair_P2[confirmed_P], np.asarray(keep_priority_N), found.confirm, judge)
    agreement_N = np.full(len(sketches), np.nan, np.float32)
    for kept, *others in sets:
        agreement_N[others] = found.agreements(np.array([(kept, other) for other in others]))
    return NearSets(sets, agreement_N)


def low_frequency_dct(grey_NSS: npt.ArrayLike | GreyRows) -> Floats:
    """Return each picture's 63 lowest frequencies but the mean.

    They are (N, 63) float32: coarse light and dark. A perceptual hash uses the signs of these; their values say
    more. Faster waves, which are weaker, count more: each is multiplied by the root of its frequency.

    Source: Zauner 2010, Implementation and benchmarking of perceptual image hash functions, section 3.2.1.

    >>> low_frequency_dct(np.zeros((2, 48, 48), np.uint8)).shape
    (2, 63)
    """
    from scipy.fft import dctn

    grey_NSS = grey_NSS if isinstance(grey_NSS, GreyRows) else np.asarray(grey_NSS)
    frequency_WW = np.sqrt(np.hypot(*np.mgrid[:NUM_FREQUENCIES, :NUM_FREQUENCIES])).astype(np.float32)
    wave_NWW = np.zeros((len(grey_NSS), NUM_FREQUENCIES, NUM_FREQUENCIES), np.float32)
    for start in range(0, len(grey_NSS), CHUNK):
        part_CSS = grey_NSS[start : start + CHUNK].astype(np.float32)
        wave_NWW[start : start + CHUNK] = dctn(part_CSS, axes=(1, 2), norm="ortho")[
            :, :NUM_FREQUENCIES, :NUM_FREQUENCIES
        ]
    waves_ND: Floats = (wave_NWW * frequency_WW).reshape(-1, NUM_FREQUENCIES * NUM_FREQUENCIES)[:, 1:]
    return waves_ND


def tone_neighbours(coarse_ND: Floats, chroma_NCC2: npt.NDArray[np.uint8], *, seed: int = 0) -> Indices:
    """Find the rows nearest in coarse light and colour.

    One shape in many lights and colours has one direction of light and dark: only the difference shows which are
    copies.

    Args:
        coarse_ND: What `low_frequency_dct` returns.
        chroma_NCC2: The colours of the sketches.
        seed: Of the search among many pictures.

    Returns:
        Row numbers (N, K).
    """
    weight = SIDE / chroma_NCC2.shape[1]  # as much as the same difference of light
    num_colours = int(np.prod(chroma_NCC2.shape[1:]))
    tone_NR = np.empty((len(coarse_ND), coarse_ND.shape[1] + num_colours + 1), np.float32)
    for start in range(0, len(coarse_ND), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        colour_BR = weight * (chroma_NCC2[part].reshape(-1, num_colours).astype(np.float32) - 128)
        constant_B1 = np.full((len(colour_BR), 1), TONE_LENGTH, np.float32)
        # Scaled a part at a time, for all of them twice over would take gigabytes.
        tone_NR[part] = normalise(np.concatenate([coarse_ND[part], colour_BR, constant_B1], axis=1))
    return find_near_equals(tone_NR, NUM_TONE_NEIGHBOURS, MAX_COMPARED, seed=seed)


def candidates(
    coarse_ND: Floats, neighbours_NK: Indices, tone_NK: Indices | None = None, *, seed: int = 0
) -> Pairs:
    """Pair rows near in embedding or coarse light, and correlated.

    Args:
        coarse_ND: What `low_frequency_dct` returns.
        neighbours_NK: Rows near in the embedding, -1 for none.
        tone_NK: What `tone_neighbours` returns.
        seed: Of the search among many pictures.

    Returns:
        Pairs (P, 2), the smaller row first.
    """
    by_light_NK = find_near_equals(coarse_ND, NUM_NEIGHBOURS, MAX_COMPARED, seed=seed)
    near = [by_light_NK, neighbours_NK[:, :NUM_NEIGHBOURS], *([] if tone_NK is None else [tone_NK])]
    pair_P2 = unique_pairs(np.concatenate([_pairs(rows_NK) for rows_NK in near]), len(coarse_ND))
    length_N = (
        np.linalg.norm(coarse_ND, axis=1) + 32
    )  # as one grey level everywhere: plain pictures correlate
    is_correlated = [np.zeros(0, bool)]
    for part_P2 in _parts(pair_P2):
        left, right = part_P2.T
        product_P = np.einsum("pd,pd->p", coarse_ND[left], coarse_ND[right]) + PLAIN_LENGTH**2
        is_correlated.append(product_P >= MIN_CORRELATION * length_N[left] * length_N[right])
    correlated_P2: Pairs = pair_P2[np.concatenate(is_correlated)]
    return correlated_P2


def build_sets(
    num: int,
    pair_P2: Pairs,
    keep_priority_N: npt.NDArray[np.floating],
    confirm: Confirm,
    judge: Judge = _TRUSTING,
) -> list[list[int]]:
    """Build sets around the rows to keep.

    A set holds the row's partners in confirmed pairs, and their partners where the row agrees with them.

    Args:
        num: Number of rows.
        pair_P2: Confirmed pairs.
        keep_priority_N: Rows of high priority become the ones to keep.
        confirm: Says of pairs whether they show the same.
        judge: Looks closer at what is confirmed, and elects the one to keep.

    Returns:
        Sets, the row to keep first.

    >>> nothing = lambda pairs: np.zeros(len(pairs), bool)
    >>> build_sets(3, np.array([[0, 1], [1, 2]]), np.array([3.0, 2.0, 1.0]), nothing)
    [[0, 1]]
    """
    beside: dict[int, set[int]] = {}
    for left, right in pair_P2.tolist():
        beside.setdefault(left, set()).add(right)
        beside.setdefault(right, set()).add(left)
    used: set[int] = set()
    sets = []
    for kept in sorted(beside, key=lambda row: (-keep_priority_N[row], row)):
        if kept not in used:
            members = _elect(_around(kept, beside, used, confirm, judge), judge)
            used.update([kept, *members])
            if len(members) > 1:
                sets.append(members)
    return sets


def _around(
    kept: int, beside: dict[int, set[int]], used: set[int], confirm: Confirm, judge: Judge
) -> list[int]:
    members, seen = [kept], {kept}
    fresh = _partners(kept, sorted(beside[kept] - used), judge.verify)
    seen.update(beside[kept])
    while fresh:
        members += fresh
        further = sorted(set().union(*(beside[row] for row in fresh)) - seen - used)
        seen.update(further)
        fresh = _partners(kept, _partners(kept, further, confirm), judge.verify)
    return members


def _partners(kept: int, rows: Sequence[int], confirm: Confirm) -> list[int]:
    """Those of the rows that show the same as the row to keep."""
    if not rows:
        return []
    agree = confirm(np.array([(kept, row) for row in rows], np.int64))
    return [row for row, is_same in zip(rows, agree.tolist(), strict=True) if is_same]


def _elect(members: list[int], judge: Judge) -> list[int]:
    """The elected picture first, and of the others those that agree with it too."""
    if len(members) < 2:
        return members
    first, elected = members[0], judge.elect(members)
    if elected == first:
        return members
    return [elected, first, *_partners(elected, [row for row in members[1:] if row != elected], judge.verify)]


class _PairMatcher:
    """Which pairs show the same, by their sketches."""

    def __init__(self, sketches: Sketches) -> None:
        self._sketches = sketches

    def confirm(self, pair_P2: Pairs) -> npt.NDArray[np.bool_]:
        same_P = self._tints(pair_P2) <= MAX_TINT
        tinted_P2 = pair_P2[same_P]
        is_small_P = self._sketches.side_N[tinted_P2].min(axis=1, initial=SMALL_SIDE) < SMALL_SIDE
        same_P[same_P] = self.agreements(tinted_P2) >= np.where(
            is_small_P, MIN_AGREEMENT_SMALL, MIN_AGREEMENT
        )
        return np.asarray(same_P)

    def agreements(self, pair_P2: Pairs) -> Floats:
        found = [np.zeros(0, np.float32)]
        for part_P2 in _parts(pair_P2):
            one_PSS, other_PSS = (self._sketches.grey_NSS[rows] for rows in part_P2.T)
            found_P = np.ones(len(part_P2), np.float32)
            other = np.flatnonzero(
                (one_PSS != other_PSS).any(axis=(1, 2))
            )  # equal sketches need no comparison
            found_P[other] = agreement(one_PSS[other], other_PSS[other], early_reject=EARLY_REJECT)
            found.append(found_P)
        return np.concatenate(found)

    def _tints(self, pair_P2: Pairs) -> Floats:
        one_PCC2, other_PCC2 = (self._sketches.chroma_NCC2[rows].astype(np.float32) for rows in pair_P2.T)
        tint_P: Floats = np.abs(one_PCC2 - other_PCC2).mean(axis=(1, 2, 3))
        return tint_P


def unique_pairs(pair_P2: Pairs, num: int) -> Pairs:
    """Return each pair once, the smaller row first.

    Args:
        pair_P2: Rows, from 0.
        num: More than the largest row.

    Returns:
        Pairs in the order of their rows.

    >>> unique_pairs(np.array([[3, 1], [0, 2], [1, 3]]), 4).tolist()
    [[0, 2], [1, 3]]
    """
    key_P = np.unique(pair_P2.min(axis=1) * num + pair_P2.max(axis=1))
    return np.stack([key_P // num, key_P % num], axis=1)


def _pairs(neighbours_NK: Indices) -> Pairs:
    row_P = np.repeat(np.arange(len(neighbours_NK)), neighbours_NK.shape[1])
    pair_P2 = np.stack([row_P, neighbours_NK.reshape(-1)], axis=1)
    return pair_P2[pair_P2[:, 1] >= 0]


def _parts(pair_P2: Pairs, progress: Callable[[float], None] = lambda share: None) -> Iterator[Pairs]:
    for start in range(0, len(pair_P2), CHUNK):
        yield pair_P2[start : start + CHUNK]
        progress(min(1.0, (start + CHUNK) / len(pair_P2)))
