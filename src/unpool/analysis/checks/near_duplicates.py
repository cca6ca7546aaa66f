"""The same picture compressed again, made smaller, cropped a little, in other light: candidates, pairs, sets.

Shapes: N pictures, S the side of their sketches, C that of their colours, K neighbours, P pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from unpool.analysis.checks.alignment import agreement
from unpool.analysis.checks.sketches import Sketches
from unpool.analysis.neighbours import Floats, Indices, self_neighbours

# Measured on real photographs: docs/decisions/0010-problems.md.
NEAREST = 4  # neighbours that are looked at, by each of the two ways
WAVES = 8  # of the cosine transform, along each side
ALIKE = 0.55  # correlation of coarse light and dark, before anything is moved
PLAIN = 50.0  # length of what is no more than a grey level here and there: plain pictures are alike
EARLY_REJECT, SAME = 0.8, 0.91  # agreement at half the size, and at all of it
SMALL, SAME_SMALL = 64, 0.95  # pictures of fewer pixels a side have less that could tell them apart
TINT = 10.0  # mean difference of chroma, of 255
CHUNK = 512

Pairs = npt.NDArray[np.int64]
Confirm = Callable[[Pairs], npt.NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class NearSets:
    """Sets of rows that show the same, the one to keep first; `agreement_N` of each other row with it, else NaN."""

    sets: list[list[int]]
    agreement_N: Floats


def near_duplicates(
    sketches: Sketches, neighbours_NK: Indices, worth_N: npt.ArrayLike, *, seed: int = 0,
    progress: Callable[[float], None] = lambda share: None,
) -> NearSets:  # fmt: skip
    """Sets of pictures that are the same but for compression, size, a small crop, or light.

    `neighbours_NK` are rows near in the embedding, -1 for none; the largest `worth_N` of a set is the one to keep.
    Candidates are those and the neighbours in coarse light and dark; `agreement` decides. Every picture of a set
    agrees with the one to keep, so that a chain of small changes is no set. `progress` hears the share done, 0..1.
    """
    if len(sketches) < 2:
        return NearSets([], np.full(len(sketches), np.nan, np.float32))
    coarse_ND = low_frequency_dct(sketches.grey_NSS)
    pair_P2 = candidates(coarse_ND, neighbours_NK, seed=seed)
    found = _Found(sketches)
    confirmed_P = np.concatenate(
        [np.zeros(0, bool)] + [found.confirm(part) for part in _parts(pair_P2, progress)]
    )
    sets = build_sets(len(sketches), pair_P2[confirmed_P], np.asarray(worth_N), found.confirm)
    agreement_N = np.full(len(sketches), np.nan, np.float32)
    for kept, *others in sets:
        agreement_N[others] = found.agreements(np.array([(kept, other) for other in others]))
    return NearSets(sets, agreement_N)


def low_frequency_dct(grey_NSS: npt.ArrayLike) -> Floats:
    """The 63 slowest cosine waves of each picture but the mean, (N, 63) float32: coarse light and dark.

    A perceptual hash takes the signs of these; their values tell more. Faster waves, which are weaker, count more:
    each is multiplied by the root of its frequency.

    Source: Zauner 2010, Implementation and benchmarking of perceptual image hash functions, section 3.2.1.

    >>> low_frequency_dct(np.zeros((2, 48, 48), np.uint8)).shape
    (2, 63)
    """
    from scipy.fft import dctn

    grey_NSS = np.asarray(grey_NSS)
    frequency_WW = np.sqrt(np.hypot(*np.mgrid[:WAVES, :WAVES])).astype(np.float32)
    wave_NWW = np.zeros((len(grey_NSS), WAVES, WAVES), np.float32)
    for start in range(0, len(grey_NSS), CHUNK):
        part_CSS = grey_NSS[start : start + CHUNK].astype(np.float32)
        wave_NWW[start : start + CHUNK] = dctn(part_CSS, axes=(1, 2), norm="ortho")[:, :WAVES, :WAVES]
    waves_ND: Floats = (wave_NWW * frequency_WW).reshape(-1, WAVES * WAVES)[:, 1:]
    return waves_ND


def candidates(coarse_ND: Floats, neighbours_NK: Indices, *, seed: int = 0) -> Pairs:
    """Pairs of rows (P, 2), the smaller first: near in the embedding or in coarse light, and alike in that."""
    by_light_NK = self_neighbours(coarse_ND, NEAREST, seed=seed)[1]
    pair_P2 = np.concatenate([_pairs(by_light_NK), _pairs(neighbours_NK[:, :NEAREST])])
    pair_P2 = np.unique(np.sort(pair_P2, axis=1), axis=0)
    length_N = (
        np.linalg.norm(coarse_ND, axis=1) + 32
    )  # as one grey level everywhere: plain pictures are alike
    alike = [np.zeros(0, bool)]
    for part_P2 in _parts(pair_P2):
        left, right = part_P2.T
        product_P = np.einsum("pd,pd->p", coarse_ND[left], coarse_ND[right]) + PLAIN**2
        alike.append(product_P >= ALIKE * length_N[left] * length_N[right])
    chosen: Pairs = pair_P2[np.concatenate(alike)]
    return chosen


def build_sets(
    num: int, pair_P2: Pairs, worth_N: npt.NDArray[np.floating], confirm: Confirm
) -> list[list[int]]:
    """Sets around the worthiest rows: each takes the confirmed pairs' others, and theirs where it agrees with them.

    >>> build_sets(3, np.array([[0, 1], [1, 2]]), np.array([3.0, 2.0, 1.0]), lambda pairs: np.zeros(len(pairs), bool))
    [[0, 1]]
    """
    beside: dict[int, set[int]] = {}
    for left, right in pair_P2.tolist():
        beside.setdefault(left, set()).add(right)
        beside.setdefault(right, set()).add(left)
    taken: set[int] = set()
    sets = []
    for kept in sorted(beside, key=lambda row: (-worth_N[row], row)):
        if kept not in taken:
            members = _around(kept, beside, taken, confirm)
            taken.update(members)
            if len(members) > 1:
                sets.append(members)
    return sets


def _around(kept: int, beside: dict[int, set[int]], taken: set[int], confirm: Confirm) -> list[int]:
    members, seen = [kept], {kept}
    fresh = sorted(beside[kept] - taken)
    while fresh:
        members += fresh
        seen.update(fresh)
        further = sorted(set().union(*(beside[row] for row in fresh)) - seen - taken)
        seen.update(further)
        agree = confirm(np.array([(kept, row) for row in further], np.int64).reshape(-1, 2))
        fresh = [row for row, is_same in zip(further, agree.tolist(), strict=True) if is_same]
    return members


class _Found:
    """Which pairs show the same, by their sketches."""

    def __init__(self, sketches: Sketches) -> None:
        self._sketches = sketches

    def confirm(self, pair_P2: Pairs) -> npt.NDArray[np.bool_]:
        same_P = self._tints(pair_P2) <= TINT
        asked_P2 = pair_P2[same_P]
        is_small_P = self._sketches.side_N[asked_P2].min(axis=1, initial=SMALL) < SMALL
        same_P[same_P] = self.agreements(asked_P2) >= np.where(is_small_P, SAME_SMALL, SAME)
        return np.asarray(same_P)

    def agreements(self, pair_P2: Pairs) -> Floats:
        found = [np.zeros(0, np.float32)]
        for part_P2 in _parts(pair_P2):
            one_PSS, other_PSS = (self._sketches.grey_NSS[rows] for rows in part_P2.T)
            found_P = np.ones(len(part_P2), np.float32)
            other = np.flatnonzero((one_PSS != other_PSS).any(axis=(1, 2)))  # the same need no looking
            found_P[other] = agreement(one_PSS[other], other_PSS[other], hopeless=EARLY_REJECT)
            found.append(found_P)
        return np.concatenate(found)

    def _tints(self, pair_P2: Pairs) -> Floats:
        one_PCC2, other_PCC2 = (self._sketches.chroma_NCC2[rows].astype(np.float32) for rows in pair_P2.T)
        tint_P: Floats = np.abs(one_PCC2 - other_PCC2).mean(axis=(1, 2, 3))
        return tint_P


def _pairs(neighbours_NK: Indices) -> Pairs:
    row_P = np.repeat(np.arange(len(neighbours_NK)), neighbours_NK.shape[1])
    pair_P2 = np.stack([row_P, neighbours_NK.reshape(-1)], axis=1)
    return pair_P2[pair_P2[:, 1] >= 0]


def _parts(pair_P2: Pairs, progress: Callable[[float], None] = lambda share: None) -> Iterator[Pairs]:
    for start in range(0, len(pair_P2), CHUNK):
        yield pair_P2[start : start + CHUNK]
        progress(min(1.0, (start + CHUNK) / len(pair_P2)))
