"""Widen what is good, by further good images.

N vectors, D numbers in a vector, M of them in a memory.
"""

from __future__ import annotations

import numpy as np

POOL = 4_000  # vectors looked at, at most
ROUNDS = 12  # of choosing, at most
MAX_SHARE = 0.5  # of a mean and spread, that further images may have


def nearest_squares(vectors_ND: np.ndarray, memory_MD: np.ndarray, chunk: int = 1024) -> np.ndarray:
    """Compute squared distances to the nearest of a memory.

    Args:
        vectors_ND: Any vectors.
        memory_MD: The memory.
        chunk: How many vectors are compared at a time.

    Returns:
        (N,).
    """
    # One product with the squared lengths as a further number: sums of N × M would take longer than it.
    further_DM = np.concatenate([-2 * memory_MD, (memory_MD**2).sum(1, keepdims=True)], 1).T
    found = [np.empty(0, np.float32)]
    for start in range(0, len(vectors_ND), chunk):
        some_ND = vectors_ND[start : start + chunk]
        square_NM = np.concatenate([some_ND, np.ones_like(some_ND[:, :1])], 1) @ further_DM
        found.append(np.maximum(square_NM.min(1) + (some_ND**2).sum(1), 0))
    return np.concatenate(found)


def choose_further(
    vectors_ND: np.ndarray, nearest_N: np.ndarray, reach: float, most: int, seed: int = 0
) -> np.ndarray:
    """Choose vectors that bring all within reach of a memory.

    The farthest come first, so that what the memory lacks is added and what it has is not.

    Args:
        vectors_ND: Of further good images, float32.
        nearest_N: Their squared distances to the memory.
        reach: Distance within which a vector needs nothing.
        most: How many to choose at most.
        seed: Of the random part where there are very many.

    Returns:
        Positions, sorted.
    """
    pool_P = np.flatnonzero(nearest_N > reach**2)
    if len(pool_P) > POOL:
        pool_P = np.sort(np.random.default_rng(seed).permutation(pool_P)[:POOL])
    x_PD, left_P = vectors_ND[pool_P], nearest_N[pool_P].copy()
    batch, chosen = max(1, -(-most // ROUNDS)), np.empty(0, np.int64)
    while len(chosen) < most and len(left_P) and left_P.max() > reach**2:
        count = min(batch, most - len(chosen), int((left_P > reach**2).sum()))
        new_B = np.argpartition(-left_P, count - 1)[:count]
        new_B = _apart(x_PD, new_B[np.argsort(-left_P[new_B])], reach)
        chosen = np.concatenate([chosen, new_B])
        left_P = np.minimum(left_P, nearest_squares(x_PD, x_PD[new_B]))
        left_P[new_B] = 0
    return np.sort(pool_P[chosen])


def _apart(x_PD: np.ndarray, row_B: np.ndarray, reach: float) -> np.ndarray:
    """Those of some vectors, farthest first, that lie out of each other's reach."""
    some_BD = x_PD[row_B]
    length_B = (some_BD**2).sum(1)
    is_near_BB = length_B[:, None] - 2 * some_BD @ some_BD.T + length_B <= reach**2
    is_kept_B = np.ones(len(row_B), bool)
    for place in range(len(row_B)):
        if is_kept_B[place]:
            is_kept_B[place + 1 :] &= ~is_near_BB[place, place + 1 :]
    return row_B[is_kept_B]


def widen_spread(
    mean_D: np.ndarray, whitening_DD: np.ndarray, count: int, further_ND: np.ndarray, reach: float
) -> tuple[np.ndarray, np.ndarray]:
    """Widen a mean and spread to reach further images.

    Distances are lengths of (x - mean) @ whitening. The further images weigh as much as the others at first, and twice
    as much in each turn that leaves one of them out of reach, up to half of the whole. No direction gets narrower.

    Args:
        mean_D: Of the good images.
        whitening_DD: Of them.
        count: How many there were.
        further_ND: Descriptions of further ones.
        reach: Distance that they should have at most.

    Returns:
        The new mean and whitening, float32.
    """
    y_ND = (further_ND - mean_D).astype(np.float64) @ whitening_DD
    if not len(y_ND) or np.sqrt((y_ND**2).sum(1)).max() <= reach:
        return mean_D, whitening_DD
    weight = float(len(y_ND))
    while True:
        share = min(MAX_SHARE, weight / (count + weight))
        shift_D = share * y_ND.mean(0)
        spread_DD = np.eye(len(shift_D)) + share * (y_ND.T @ y_ND) / len(y_ND) - np.outer(shift_D, shift_D)
        narrowing_DD = np.linalg.cholesky(np.linalg.inv(spread_DD))
        far = np.sqrt((((y_ND - shift_D) @ narrowing_DD) ** 2).sum(1)).max()
        if far <= reach or share == MAX_SHARE:
            break
        weight *= 2
    mean = mean_D + share * (further_ND.mean(0) - mean_D)
    return mean.astype(np.float32), (whitening_DD @ narrowing_DD).astype(np.float32)
