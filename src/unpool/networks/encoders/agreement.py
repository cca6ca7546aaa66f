"""Whether two ways of computing give the same vectors.

B vectors, D numbers in each.
"""

from __future__ import annotations

import numpy as np

MIN_COSINE = 0.9999  # between a network or graph as it is, and what is used in its place


def cosine(first_BD: np.ndarray, second_BD: np.ndarray) -> float:
    """Compute the smallest cosine between corresponding rows.

    Rows that are zero in both agree.
    """
    first, second = first_BD.astype(np.float64), second_BD.astype(np.float64)
    norms = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    same = (norms == 0) & (first == second).all(axis=1)
    return float(np.where(same, 1.0, (first * second).sum(axis=1) / np.maximum(norms, 1e-300)).min())
