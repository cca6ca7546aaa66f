"""Few vectors that stand for many.

N vectors, D numbers in a vector, M of them chosen.
"""

from __future__ import annotations

import numpy as np

POOL = 5  # how many vectors for one that is chosen are looked at
PROJECTED = 32  # dimensions that distances are computed in
BATCH = 8  # chosen at a time, at least
MAX_ROUNDS = 250
MIN_POOL = 10_000  # vectors that deputies are looked for among
ROWS = 256  # distances at a time
APART = (
    0.25  # quantile of the distances between chosen vectors, from which on a deputy would have been chosen
)


def choose_coreset(vectors_ND: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """Choose vectors that lie far from each other.

    Greedily, the farthest from all chosen first, in random projections, so that rare ones are kept too.
    Source: Roth et al. 2022, section 3.2 (arXiv:2106.08265), after Sener and Savarese 2018; here several are
    taken at a time, and among a random part.

    Args:
        vectors_ND: float32.
        count: How many to choose.
        seed: Of the random part and projection.

    Returns:
        Their positions (M,), M = min(count, N), sorted.
    """
    num = len(vectors_ND)
    if num <= count:
        return np.arange(num)
    rng = np.random.default_rng(seed)
    pool_P = np.sort(rng.permutation(num)[: POOL * count])
    x_PD = vectors_ND[pool_P]
    if x_PD.shape[1] > PROJECTED:
        x_PD = x_PD @ (rng.standard_normal((x_PD.shape[1], PROJECTED)).astype(np.float32) / PROJECTED**0.5)
    square_P = (x_PD**2).sum(1)
    nearest_P = np.full(len(x_PD), np.inf, np.float32)
    chosen: list[int] = []
    batch = max(BATCH, -(-count // MAX_ROUNDS))
    new_B = rng.integers(len(x_PD), size=1)
    while True:
        chosen.extend(new_B.tolist())
        if len(chosen) >= count:
            return np.sort(pool_P[chosen[:count]])
        distance_PB = square_P[:, None] - 2 * (x_PD @ x_PD[new_B].T) + square_P[new_B]
        nearest_P = np.minimum(nearest_P, distance_PB.min(1))
        new_B = _farthest(x_PD, nearest_P, min(batch, count - len(chosen)))


def find_deputies(
    vectors_ND: np.ndarray, owner_N: np.ndarray, chosen_M: np.ndarray, seed: int = 0
) -> np.ndarray:
    """Find who stands in for each chosen vector.

    Had its image been absent, a vector near it would have been chosen, if one lies as far from the rest as chosen ones
    do from each other. Without such deputies an image's own places in a coreset would be gaps, and its distances from
    the others too large; with all that are near, they would be too small.

    Args:
        vectors_ND: float32.
        owner_N: Which image each is of.
        chosen_M: Positions of a coreset.
        seed: Of the random part that deputies are looked for in.

    Returns:
        For each the position of the nearest vector of another image, (M,); -1 where none would have been chosen.
    """
    deputies_M = np.full(len(chosen_M), -1)
    if len(chosen_M) == len(vectors_ND):
        return deputies_M
    rng = np.random.default_rng(seed)
    pool_P = np.sort(rng.permutation(len(vectors_ND))[: max(POOL * len(chosen_M), MIN_POOL)])
    x_PD, owner_P = vectors_ND[pool_P], owner_N[pool_P]
    memory_MD, owner_M = vectors_ND[chosen_M], owner_N[chosen_M]
    square_P, square_M = (x_PD**2).sum(1), (memory_MD**2).sum(1)
    apart_M, rest_M = np.empty(len(chosen_M), np.float32), np.full(len(chosen_M), -np.inf, np.float32)
    for start in range(0, len(chosen_M), ROWS):
        rows = slice(start, start + ROWS)
        some, is_own = np.arange(len(chosen_M))[rows], owner_M[rows, None] == owner_M[None]
        distance_RM = square_M - 2 * (memory_MD[rows] @ memory_MD.T)
        distance_RM[np.arange(len(some)), some] = np.inf
        apart_M[rows] = distance_RM.min(1) + square_M[rows]
        distance_RP = square_P - 2 * (memory_MD[rows] @ x_PD.T)
        distance_RP[owner_M[rows, None] == owner_P[None]] = np.inf
        nearest_R = distance_RP.argmin(1)
        is_found = np.isfinite(distance_RP[np.arange(len(some)), nearest_R])
        distance_RM = square_M - 2 * (x_PD[nearest_R] @ memory_MD.T)
        distance_RM[is_own] = np.inf
        rest_M[rows] = np.where(is_found, distance_RM.min(1) + square_P[nearest_R], -np.inf)
        deputies_M[rows] = pool_P[nearest_R]
    deputies_M[rest_M < np.quantile(apart_M, APART)] = -1
    return deputies_M


def _farthest(x_PD: np.ndarray, nearest_P: np.ndarray, count: int) -> np.ndarray:
    """The farthest vectors that are no neighbours of each other."""
    some = np.argpartition(-nearest_P, min(len(nearest_P) - 1, 4 * count))[: 4 * count]
    some = some[np.argsort(-nearest_P[some])]
    apart_SS = ((x_PD[some][:, None] - x_PD[some]) ** 2).sum(-1)
    places = [0]
    for place in range(1, len(some)):
        if len(places) == count:
            break
        if apart_SS[place, places].min() >= 0.5 * nearest_P[some[place]]:
            places.append(place)
    return some[places]
