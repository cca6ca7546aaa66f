"""Choose the images to label next.

Few labels are to say much about the rest.

Shapes: N images, D numbers a vector, R directions, K classes, C candidates, M members of a cluster.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from unpool.analysis.classification.heads import softmax
from unpool.analysis.metrics.silhouette import single_threaded
from unpool.analysis.neighbours import Floats, Indices

UNLABELLED = -1
NUM_DIRECTIONS = 32
NUM_TYPICAL = 10  # labels from which on a classifier's doubts lead further than typical images
NUM_NEIGHBOURS = 20  # by which it is measured how typical an image is
MAX_CANDIDATES = 4_000  # of more images a sample is compared
NUM_STARTS = 3  # of k-means
RARE_POWER = 0.5  # of the share of a class, by whose inverse doubts weigh more
RARE_SHARE = 0.5  # of an even share of all images, below which a class is rare

Reason = Literal["typical", "uncertain", "rare"]


class Choice(NamedTuple):
    """An image to label next.

    Attributes:
        row: the image.
        reason: typical of images without a label, uncertain, or perhaps of a rare class.
        stands_for: how many images without a label it was chosen for.
        first, second: the classes that it may be of, likeliest first; -1 where nothing is known of them.
    """

    row: int
    reason: Reason
    stands_for: int
    first: int = -1
    second: int = -1


@dataclass(frozen=True)
class Axes:
    """The directions in which vectors vary most."""

    mean_D: Floats
    axis_DR: Floats

    def project(self, unit_MD: Floats) -> Floats:
        """Compute the places (M, R) of vectors along them."""
        return np.asarray((unit_MD - self.mean_D) @ self.axis_DR, np.float32)


def find_axes(unit_ND: Floats, *, seed: int = 0) -> Axes:
    """Find the directions in which vectors vary most.

    Args:
        unit_ND: Vectors of length one.
        seed: Of the sample of large sets, and of the randomised decomposition.

    Returns:
        32 directions, or as many as there are.
    """
    from sklearn.decomposition import PCA

    row_C = _sample(np.arange(len(unit_ND)), MAX_CANDIDATES, np.random.default_rng(seed))
    sample_CD = unit_ND[row_C]
    pca = PCA(min(NUM_DIRECTIONS, *sample_CD.shape), svd_solver="randomized", random_state=seed)
    with np.errstate(invalid="ignore"):  # the shares of variance of equal vectors
        fitted = pca.fit(sample_CD)
    return Axes(fitted.mean_.astype(np.float32), np.ascontiguousarray(fitted.components_.T, np.float32))


def choose_images(
    unit_ND: Floats,
    class_N: Indices,
    k: int,
    *,
    logit_NK: Floats | None = None,
    is_open_N: npt.NDArray[np.bool_] | None = None,
    axes: Axes | None = None,
    seed: int = 0,
) -> list[Choice]:
    """Choose images to label next, the best first.

    Without scores: all images are clustered, into as many clusters as there will be labels. Of those without a label
    the largest come first, each with its most typical image. With scores: images are clustered weighted by the
    classifier's doubt, and by how rare their class is; each cluster gives the image that is nearest to all doubtful
    ones of it.

    Args:
        unit_ND: Vectors of length one.
        class_N: Class of each image, -1 where it has no label.
        k: How many images; fewer come back where fewer are left.
        logit_NK: A classifier's scores of all images; None where there are too few labels for one.
        is_open_N: Which images without a label may be chosen; None for all.
        axes: Of these vectors, where they are known.
        seed: Of samples and k-means.

    Returns:
        Different images without a label.

    Source: Hacohen, Dekel, Weinshall 2022, Active learning on a budget (TypiClust), for the first labels; Zhdanov
    2019, Diverse mini-batch active learning, for weighted clusters; the weight of rare classes is ours.

    >>> unit_ND = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [0, 1]], np.float32)
    >>> [choice.row for choice in choose_images(unit_ND, np.array([-1, -1, -1, -1, -1]), 2)]
    [2, 0]
    """
    is_open_N = (class_N == UNLABELLED) if is_open_N is None else is_open_N & (class_N == UNLABELLED)
    k = min(k, int(is_open_N.sum()))
    if k == 0:
        return []
    axes, rng = axes or find_axes(unit_ND, seed=seed), np.random.default_rng(seed)
    if logit_NK is None:
        return _choose_typical(unit_ND, class_N, is_open_N, k, axes, rng)
    return _choose_uncertain(unit_ND, class_N, is_open_N, k, axes, rng, logit_NK)


def _choose_typical(
    unit_ND: Floats, class_N: Indices, is_open_N: npt.NDArray[np.bool_], k: int, axes: Axes,
    rng: np.random.Generator,
) -> list[Choice]:  # fmt: skip
    open_C = _sample(np.flatnonzero(is_open_N), max(MAX_CANDIDATES, k), rng)
    labelled_L = _sample(np.flatnonzero(class_N != UNLABELLED), MAX_CANDIDATES, rng)
    row_C = np.concatenate([open_C, labelled_L])
    # As many open images for each one compared: a sample stands for all.
    scale = is_open_N.sum() / len(open_C)
    num_clusters = min(k + len(labelled_L), len(row_C))
    cluster_C = _cluster(axes.project(unit_ND[row_C]), num_clusters, rng)
    is_covered_J = np.zeros(num_clusters, bool)
    is_covered_J[cluster_C[len(open_C) :]] = True
    size_J = np.bincount(cluster_C[: len(open_C)], minlength=num_clusters)
    choices = []
    for cluster in np.lexsort((-size_J, is_covered_J))[:k].tolist():
        member_M = open_C[cluster_C[: len(open_C)] == cluster]
        if len(member_M):
            best = _most_typical(unit_ND[_sample(member_M, MAX_CANDIDATES // 4, rng)])
            choices.append(Choice(int(member_M[best]), "typical", round(len(member_M) * scale)))
    return _fill(choices, open_C, k)


def _most_typical(unit_MD: Floats) -> int:
    """The image nearest to its neighbours: the first of those that are equally near."""
    cosine_MM = unit_MD @ unit_MD.T
    num = min(NUM_NEIGHBOURS, len(unit_MD))
    near_MJ = -np.partition(-cosine_MM, num - 1, axis=1)[:, :num]
    return int(near_MJ.mean(axis=1).round(6).argmax())


def _choose_uncertain(
    unit_ND: Floats, class_N: Indices, is_open_N: npt.NDArray[np.bool_], k: int, axes: Axes,
    rng: np.random.Generator, logit_NK: Floats,
) -> list[Choice]:  # fmt: skip
    probability_NK = softmax(logit_NK)
    doubt_N, share_K = _doubts(probability_NK), _class_shares(probability_NK, class_N)
    first_N = probability_NK.argmax(axis=1)
    weight_N = np.where(is_open_N, doubt_N * (share_K**-RARE_POWER)[first_N], 0)
    row_C = _sample(np.flatnonzero(is_open_N), MAX_CANDIDATES, rng, weight_N)
    # What was drawn by its weight counts once; where nothing was drawn, every image counts by its weight.
    is_sample = len(row_C) < is_open_N.sum()
    mass_C = np.ones(len(row_C)) if is_sample else weight_N[row_C]
    cluster_C = _cluster(axes.project(unit_ND[row_C]), k, rng, mass_C)
    is_rare_K = share_K < RARE_SHARE / max(len(share_K), 1)
    scale = is_open_N.sum() / len(row_C)
    choices = []
    mass_J = np.bincount(cluster_C, weights=mass_C, minlength=k)
    for cluster in np.argsort(-mass_J, kind="stable").tolist():
        member_M = row_C[cluster_C == cluster]
        if len(member_M):
            row = int(member_M[_most_telling(unit_ND[member_M], weight_N[member_M])])
            first, second = _two_likeliest(probability_NK[row])
            reason: Reason = "rare" if is_rare_K[first] else "uncertain"
            choices.append(Choice(row, reason, round(len(member_M) * scale), first, second))
    return _fill(choices, row_C[np.argsort(-weight_N[row_C], kind="stable")], k)


def _most_telling(unit_MD: Floats, weight_M: npt.NDArray[np.floating]) -> int:
    """The image nearest to all others, which count by their doubt: no outlier."""
    return int((unit_MD @ (weight_M @ unit_MD)).argmax())


def _doubts(probability_NK: Floats) -> Floats:
    """One minus how much likelier the first class is than the second."""
    if probability_NK.shape[1] < 2:
        return np.ones(len(probability_NK), np.float32)
    two_N2 = np.partition(probability_NK, -2, axis=1)[:, -2:]
    doubt_N: Floats = 1 - (two_N2[:, 1] - two_N2[:, 0])
    return doubt_N


def _class_shares(probability_NK: Floats, class_N: Indices) -> npt.NDArray[np.float64]:
    """The share of all images that each class seems to have; none is below that of one label."""
    share_K: npt.NDArray[np.float64] = probability_NK.mean(axis=0, dtype=np.float64)
    return share_K + 1 / max(int((class_N != UNLABELLED).sum()), 1)


def _two_likeliest(probability_K: Floats) -> tuple[int, int]:
    order = np.argsort(-probability_K, kind="stable")
    return int(order[0]), int(order[1]) if len(order) > 1 else -1


def _cluster(
    place_CR: Floats, num_clusters: int, rng: np.random.Generator, weight_C: npt.NDArray[np.floating] | None = None
) -> Indices:  # fmt: skip
    import warnings

    from sklearn.cluster import KMeans

    means = KMeans(num_clusters, n_init=NUM_STARTS, random_state=int(rng.integers(2**31)))
    with warnings.catch_warnings(), single_threaded():
        warnings.simplefilter("ignore")  # fewer different images than clusters: some stay empty
        found_C: Indices = means.fit_predict(place_CR, sample_weight=weight_C).astype(np.int64)
    return found_C


def _sample(
    row_C: Indices, size: int, rng: np.random.Generator, weight_N: npt.NDArray[np.floating] | None = None
) -> Indices:  # fmt: skip
    """Rows as they are, or so many of them in their order, drawn by weight where there is one."""
    if len(row_C) <= size:
        return row_C
    if weight_N is None:
        return np.sort(rng.choice(row_C, size, replace=False))
    # The largest of random numbers raised to the inverse weight: a draw without replacement (Efraimidis, Spirakis).
    key_C = np.log(rng.random(len(row_C))) / np.maximum(weight_N[row_C], 1e-12)
    return np.sort(row_C[np.argpartition(-key_C, size)[:size]])


def _fill(choices: list[Choice], row_C: Indices, k: int) -> list[Choice]:
    """Add further images where clusters were empty: equal images make one cluster."""
    known = {choice.row for choice in choices}
    for row in row_C.tolist():
        if len(choices) >= k:
            break
        if row not in known:
            choices.append(Choice(row, choices[-1].reason if choices else "typical", 1))
    return choices[:k]
