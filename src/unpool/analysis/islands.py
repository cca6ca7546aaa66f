"""Small crowds that lie apart from every group: which group they join.

N images, D numbers a vector, R rows of one crowd, O images outside it, K groups.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from unpool.analysis.communities import communities
from unpool.analysis.mapping import reduce
from unpool.analysis.neighbours import Floats, Indices, unit

ROUND = 10  # images outside a crowd that each of its images asks
PART = 0.5  # of a group: a crowd that is more of it is the group itself
LOOKED_AT_ONCE = 1_000


def rehomed(
    group_N: npt.ArrayLike, vectors_ND: npt.ArrayLike, pixels_NP: npt.ArrayLike, *, seed: int = 0
) -> Indices:
    """The groups (N,), after each crowd joined the one that most images round it have, in codes and in pixels.

    A crowd is a community of the neighbour graph of the codes, smaller than half its group. Codes learnt by
    contrast tell a crowd (sevens with a bar, say) so well from all others that where they put it says nothing of
    what it is; its pixels still do. Takes codes (N, D), and the images as rows of numbers (N, P), of which the
    mean image is taken.

    >>> code = [[1, 0]] * 9 + [[0, 1]] * 9 + [[-0.9, 0.1]] * 3
    >>> pixels = [[9, 0, 0]] * 9 + [[0, 9, 0]] * 9 + [[9, 0, 2]] * 3
    >>> rehomed([0] * 9 + [1] * 9 + [1] * 3, code, pixels).tolist()[-3:]
    [0, 0, 0]
    """
    unit_ND = unit(vectors_ND)
    pixel_NP = np.asarray(pixels_NP, np.float32)
    look_ND = unit(reduce(pixel_NP - pixel_NP.mean(axis=0), seed=seed))
    before_N = np.asarray(group_N, np.int64)
    after_N, size_K = before_N.copy(), np.bincount(before_N)
    crowd_N, _ = communities(unit_ND, "auto", seed=seed)
    for number in range(int(crowd_N.max()) + 1):
        row_R = np.flatnonzero(crowd_N == number)
        own = np.bincount(before_N[row_R]).argmax()
        if len(row_R) < PART * size_K[own]:
            outside_O = np.flatnonzero(crowd_N != number)
            share_K = sum(_round(space_ND, row_R, outside_O, before_N) for space_ND in (unit_ND, look_ND))
            after_N[row_R] = np.argmax(share_K)
    return after_N


def _round(space_ND: Floats, row_R: Indices, outside_O: Indices, group_N: Indices) -> Floats:
    """The share of each group (K,) in the nearest images outside of a crowd."""
    outside_OD, asked = space_ND[outside_O], min(ROUND, len(outside_O))
    count_K = np.zeros(int(group_N.max()) + 1)
    for start in range(0, len(row_R), LOOKED_AT_ONCE):
        near_RO = space_ND[row_R[start : start + LOOKED_AT_ONCE]] @ outside_OD.T
        near_RA = np.argpartition(-near_RO, asked - 1, axis=1)[:, :asked]
        count_K += np.bincount(group_N[outside_O[near_RA]].ravel(), minlength=len(count_K))
    share_K: Floats = (count_K / count_K.sum()).astype(np.float32)
    return share_K
