"""Names for images by words alone, with a confidence.

Shapes: N images, K names, R reference texts, D numbers in a vector.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from unpool.analysis.classification.calibration import fit_temperature
from unpool.analysis.classification.heads import softmax
from unpool.analysis.neighbours import Floats, Indices, normalise

MIN_CONFIDENCE = 0.6  # below, an image is unsure; docs/decisions/0047-names-by-words.md
MAX_SHARE = 0.1
"""Of plain nouns that may fit an image better than the best of the names; with more it fits none of them."""

MIN_LABELLED = 10  # labelled images that a temperature is fitted to


class ZeroShot(NamedTuple):
    """Which name each image has.

    Attributes:
        class_N: Position of the name; -1 where the image is unsure or fits none.
        confidence_N: Probability of the likeliest name, 0 to 1.
        is_unlike_N: Whether the image fits none of the names.
        temperature: What the model's scores were divided by.
        num_calibrated: Labelled images that the temperature comes from; 0 for the model's own scale.
        accuracy: Share of those whose likeliest name is their label; None without any.
    """

    class_N: Indices
    confidence_N: Floats
    is_unlike_N: npt.NDArray[np.bool_]
    temperature: float
    num_calibrated: int
    accuracy: float | None


def name_images(
    vectors_ND: npt.ArrayLike,
    names_KD: npt.ArrayLike,
    reference_RD: npt.ArrayLike,
    scale: float,
    label_N: npt.ArrayLike | None = None,
) -> ZeroShot:
    """Give images the name that fits best.

    Args:
        vectors_ND: Of the images.
        names_KD: Of two names or more.
        reference_RD: Of plain nouns of all kinds: an image that many of them fit better fits none of the names.
        scale: What the model multiplies cosines by.
        label_N: Position of the name that somebody gave an image, -1 for none.

    Returns:
        Names, with confidences that the labels calibrate where there are ten or more.

    >>> found = name_images([[1, 0], [0, 1]], [[0.9, 0.1], [0.1, 0.9]], [], 10.0)
    >>> found.class_N.tolist()
    [0, 1]
    """
    images, names = (normalise(np.asarray(each, np.float32)) for each in (vectors_ND, names_KD))
    logit_NK = (scale * (images @ names.T)).astype(np.float32)
    best_N = logit_NK.argmax(axis=1)
    known_M = np.flatnonzero(np.asarray(label_N) >= 0) if label_N is not None else np.zeros(0, np.int64)
    temperature, accuracy = 1.0, None
    if len(known_M):
        class_M = np.asarray(label_N)[known_M]
        accuracy = float((best_N[known_M] == class_M).mean())
        if len(known_M) >= MIN_LABELLED:
            temperature = fit_temperature(logit_NK[known_M], class_M)
    confidence_N = softmax(logit_NK, temperature).max(axis=1).astype(np.float32)
    is_unlike_N = _find_unlike(images, logit_NK.max(axis=1) / scale, np.asarray(reference_RD, np.float32))
    class_N = np.where((confidence_N >= MIN_CONFIDENCE) & ~is_unlike_N, best_N, -1).astype(np.int64)
    num_calibrated = len(known_M) if len(known_M) >= MIN_LABELLED else 0
    return ZeroShot(class_N, confidence_N, is_unlike_N, temperature, num_calibrated, accuracy)


def _find_unlike(images_ND: Floats, cosine_N: Floats, reference_RD: Floats) -> npt.NDArray[np.bool_]:
    """Whether too many texts of other things fit an image better than its name."""
    if not reference_RD.size:
        return np.zeros(len(images_ND), bool)
    texts = normalise(reference_RD)
    share_N = np.empty(len(images_ND))
    for start in range(0, len(images_ND), 4096):
        part = slice(start, start + 4096)
        share_N[part] = (images_ND[part] @ texts.T > cosine_N[part, None]).mean(axis=1)
    unlike: npt.NDArray[np.bool_] = share_N > MAX_SHARE
    return unlike
