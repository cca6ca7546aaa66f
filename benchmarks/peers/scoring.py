"""The quality of answers, by the same code for all programs: scikit-learn and SciPy, nothing of unpool.

Shapes: N images, D numbers a vector.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from PIL import Image

NUM_NEIGHBOURS = 10
Quality = dict[str, float]


def score_groups(group_N: np.ndarray, label_N: np.ndarray) -> Quality:
    """Compare groups with classes: NMI, and the accuracy of the best one-to-one matching."""
    from scipy.optimize import linear_sum_assignment
    from sklearn.metrics import normalized_mutual_info_score
    from sklearn.metrics.cluster import contingency_matrix

    table = contingency_matrix(label_N, group_N)
    rows, columns = linear_sum_assignment(table, maximize=True)
    return {
        "nmi": float(normalized_mutual_info_score(label_N, group_N)),
        "accuracy": float(table[rows, columns].sum() / len(label_N)),
        "groups": float(len(np.unique(group_N))),
    }


def score_vectors(vectors_ND: np.ndarray, label_N: np.ndarray, metric: str = "cosine") -> Quality:
    """The share of images whose nearest ten others vote for their class."""
    from sklearn.neighbors import NearestNeighbors

    k = min(NUM_NEIGHBOURS, len(vectors_ND) - 1)
    search = NearestNeighbors(n_neighbors=k, metric=metric, algorithm="brute").fit(vectors_ND)
    near_NK = search.kneighbors(return_distance=False)
    classes, class_N = np.unique(label_N, return_inverse=True)
    votes_NC = np.stack([(class_N[near_NK] == number).sum(1) for number in range(len(classes))], axis=1)
    return {"knn": float((votes_NC.argmax(1) == class_N).mean())}


def score_places(places_N2: np.ndarray, vectors_ND: np.ndarray, label_N: np.ndarray) -> Quality:
    """What a map preserves: neighbours, and the classes among them."""
    from sklearn.manifold import trustworthiness

    return {
        "trustworthiness": float(trustworthiness(vectors_ND, places_N2, n_neighbors=NUM_NEIGHBOURS)),
        **score_vectors(places_N2, label_N, "euclidean"),
    }


def score_problems(found: Mapping[str, object], planted: Mapping[str, Sequence[tuple[str, str]]]) -> Quality:
    """Planted problems that were found, and what else was reported.

    Args:
        found: `duplicates`, pairs of paths, and paths by kind. Kinds that a program does not look for are absent.
        planted: Originals and copies, by kind.

    Returns:
        The share found of each kind, and the number of others reported. Among those may be problems that the
        given images had from the start.
    """
    quality: Quality = {}
    if "duplicates" in found:
        pairs = {tuple(sorted(pair)) for pair in found["duplicates"]}  # type: ignore[attr-defined]
        right: set[tuple[str, ...]] = set()
        for kind in ("exact", "near"):
            expected = {tuple(sorted(pair)) for pair in planted[kind]}
            quality[kind] = len(expected & pairs) / len(expected)
            right |= expected
        quality["other pairs"] = float(len(pairs - right))
    for kind in ("dark", "bright", "blurred"):
        if kind in found:
            flagged, expected_paths = set(found[kind]), {copy for _, copy in planted[kind]}  # type: ignore[call-overload]
            quality[kind] = len(expected_paths & flagged) / len(expected_paths)
            quality[f"other {kind}"] = float(len(flagged - expected_paths))
    return quality


def pairs_of_sets(sets: Iterable[Sequence[str]]) -> list[tuple[str, str]]:
    """All pairs within sets of duplicates."""
    return sorted({pair for names in sets for pair in combinations(sorted(names), 2)})


def score_masks(predicted: Path, masks: Path, num_classes: int, ignore: int) -> Quality:
    """Mean intersection over union of the classes that occur, over all pixels of all images together."""
    table = np.zeros((num_classes, num_classes), np.int64)
    for file in sorted(masks.glob("*.png")):
        true_HW = np.array(Image.open(file))
        label_HW = np.array(Image.open(predicted / file.name))
        kept = (true_HW != ignore) & (true_HW < num_classes) & (label_HW < num_classes)
        if label_HW.shape != true_HW.shape:
            raise ValueError(f"{predicted / file.name}: {label_HW.shape}, expected {true_HW.shape}")
        pairs = true_HW[kept].astype(np.int64) * num_classes + label_HW[kept]
        table += np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)
    union = table.sum(0) + table.sum(1) - table.diagonal()
    present = table.sum(1) > 0
    return {
        "miou": float((table.diagonal()[present] / union[present]).mean()),
        "pixel accuracy": float(table.diagonal().sum() / table.sum()),
    }


def smallest_cosine(vectors_ND: np.ndarray, others_ND: np.ndarray) -> float:
    """The smallest cosine between the two vectors of an image."""
    lengths = np.linalg.norm(vectors_ND, axis=1) * np.linalg.norm(others_ND, axis=1)
    return float(((vectors_ND * others_ND).sum(1) / lengths).min())
