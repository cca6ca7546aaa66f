"""Several words and images as one query.

Shapes: T terms, S sampled images, D numbers in a vector.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from unpool.analysis.neighbours import Floats, normalise

NUM_SAMPLED = 2_000
"""Images by which it is measured how far their similarities to a term scatter."""

UNLIKE_WEIGHT = 0.75
"""Of a term that images must not be like, against one that they must, docs/decisions/0046-mixed-queries.md."""

MIN_SPREAD = 1e-3  # of similarities: below, they differ by rounding alone


def mix_terms(like_TD: npt.ArrayLike, unlike_TD: npt.ArrayLike = (), sample_SD: npt.ArrayLike = ()) -> Floats:
    """Join terms in one query, each of the same weight.

    Similarities of texts and images differ by a few hundredths, those of two images by tenths: in a plain sum of their
    vectors the image alone would decide. So each term is divided by the standard deviation of its similarities to
    sampled images. What a term adds to the similarity of every image changes no order, and is left in.

    Args:
        like_TD: The terms that images must be like; one or more, unless there are some in `unlike_TD`.
        unlike_TD: Those that they must not be like, each with three quarters of the weight.
        sample_SD: Vectors of some images; not needed for a single term.

    Returns:
        (D,) of length one: the greater the cosine, the better an image fits.

    >>> mix_terms([[3.0, 4.0]]).tolist()
    [0.6000000238418579, 0.800000011920929]
    >>> query_D = mix_terms([[1, 0], [0, 1]], (), [[1, 0], [0.6, 0.8], [0, 1]])
    >>> [round(float(number), 2) for number in query_D]
    [0.72, 0.69]
    """
    like, unlike = np.asarray(like_TD, np.float32), np.asarray(unlike_TD, np.float32)
    terms_TD = normalise(np.concatenate([each for each in (like, unlike) if each.size]))
    weight_T = np.repeat([1.0, -UNLIKE_WEIGHT], [len(like), len(unlike)])
    if len(terms_TD) > 1:
        weight_T = weight_T / measure_spread(terms_TD, sample_SD)
    query_D: Floats = normalise((weight_T @ terms_TD)[None].astype(np.float32))[0]
    return query_D


def measure_spread(terms_TD: npt.ArrayLike, sample_SD: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Measure how far the similarities to each term scatter.

    Args:
        terms_TD: Vectors of length one.
        sample_SD: Vectors of some images; with fewer than two all terms scatter by 1.

    Returns:
        (T,) standard deviations, `MIN_SPREAD` at least.
    """
    terms = np.asarray(terms_TD, np.float32)
    sample = np.asarray(sample_SD, np.float32)
    if len(sample) < 2:
        return np.ones(len(terms))
    cosine_ST = normalise(sample) @ terms.T
    spread_T: npt.NDArray[np.float64] = np.maximum(cosine_ST.std(axis=0, dtype=np.float64), MIN_SPREAD)
    return spread_T
