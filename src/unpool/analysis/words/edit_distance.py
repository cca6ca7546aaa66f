"""How many signs differ between one word and many.

Shapes: V words, L signs in the longest, Q signs in the query.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def edit_distances(query: str, words: Sequence[str]) -> npt.NDArray[np.int32]:
    """Count the edits that lead from one word to others.

    An edit changes, adds or leaves out a sign.

    All words advance together, a sign of the query at a time.

    Source: Wagner and Fischer, The string-to-string correction problem, 1974.

    Args:
        query: A word.
        words: Other words.

    Returns:
        (V,).

    >>> edit_distances("exit", ["exit", "exlt", "ext", "fire"]).tolist()
    [0, 1, 1, 4]
    """
    if not words:
        return np.zeros(0, np.int32)
    length_V = np.array([len(word) for word in words], np.int32)
    width = int(length_V.max())
    sign_VL = np.zeros((len(words), width), np.uint32)
    is_sign_VL = np.arange(width) < length_V[:, None]
    sign_VL[is_sign_VL] = np.frombuffer("".join(words).encode("utf-32-le", "surrogatepass"), np.uint32)
    row = np.tile(np.arange(width + 1, dtype=np.int32), (len(words), 1))
    place = np.arange(width + 1, dtype=np.int32)
    for number, sign in enumerate(query, 1):
        next_row = np.empty_like(row)
        next_row[:, 0] = number
        change_VL = row[:, :-1] + (sign_VL != ord(sign))
        next_row[:, 1:] = np.minimum(change_VL, row[:, 1:] + 1)
        # Signs that are left out cost one each: a running minimum of what stands before.
        row = np.minimum.accumulate(next_row - place, axis=1) + place
    return row[np.arange(len(words)), length_V].astype(np.int32)
