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
NUM_DIRECTIONS, NUM_CLUSTERED = 64, 32  # in which vectors vary most; the first of them for k-means
NUM_TYPICAL = 10  # labels from which on a classifier's doubts lead further than typical images
NUM_NEIGHBOURS = 20  # by which it is measured how typical an image is
MAX_CANDIDATES = 4_000  # of more images a sample is clustered
MAX_DOUBTFUL = 2_000  # that are compared with each other: of more a sample
MAX_COVERING = 500  # images that are chosen so; further ones by their doubt alone
NUM_STARTS = 3  # of k-means
TRIED_AGAIN = 64  # candidates whose gain is computed again at once
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
        64 directions, or as many as there are, the one of most variance first.
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
    the largest come first, each with its most typical image. With scores: each image is the one to which most
    doubtful images are nearer than to any labelled or chosen one, where an image counts by the classifier's doubt, and
    by how rare its class is.

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

    Source: Hacohen, Dekel, Weinshall 2022, Active learning on a budget (TypiClust), for the first labels; Wei, Iyer,
    Bilmes 2015, Submodularity in data subset selection and active learning (facility location, greedily), for the
    others, with local scaling as Zelnik-Manor and Perona 2004 have it; the weights are ours.

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
    cluster_C = _cluster(axes.project(unit_ND[row_C])[:, :NUM_CLUSTERED], num_clusters, rng)
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
    row_C = _sample(np.flatnonzero(is_open_N), MAX_DOUBTFUL, rng, weight_N)
    # What was drawn by its weight counts once; where nothing was drawn, every image counts by its weight.
    scale = is_open_N.sum() / len(row_C)
    mass_C = (weight_N[row_C] if scale == 1 else np.ones(len(row_C))).astype(np.float32)
    labelled_L = _sample(np.flatnonzero(class_N != UNLABELLED), MAX_DOUBTFUL, rng)
    near_CX = _similarities(axes.project(unit_ND[np.concatenate([row_C, labelled_L])]), len(row_C))
    covered_C = near_CX[:, len(row_C) :].max(axis=1, initial=0)
    chosen_k = _cover(near_CX[:, : len(row_C)], covered_C, mass_C, min(k, MAX_COVERING, len(row_C)))
    near_Ck = near_CX[:, chosen_k]
    is_new_C = near_Ck.max(axis=1) > covered_C  # nearer to one of these than to any labelled image
    count_k = np.bincount(near_Ck.argmax(axis=1)[is_new_C], minlength=len(chosen_k)) * scale
    is_rare_K = share_K < RARE_SHARE / max(len(share_K), 1)
    rows, counts = row_C[chosen_k].tolist(), np.maximum(count_k.round(), 1).astype(int).tolist()
    if len(rows) < k:  # the rest by its doubt
        order_N = np.argsort(-weight_N, kind="stable")
        rest = order_N[is_open_N[order_N] & ~np.isin(order_N, rows)][: k - len(rows)].tolist()
        rows, counts = rows + rest, counts + [1] * len(rest)
    choices = []
    for row, count in zip(rows, counts, strict=True):
        first, second = _two_likeliest(probability_NK[row])
        choices.append(Choice(row, "rare" if is_rare_K[first] else "uncertain", count, first, second))
    return choices


def _similarities(place_XR: Floats, num_rows: int) -> Floats:
    """Similarities from 0 to 1 of the first rows to all, by distances relative to those around either."""
    square_X = np.einsum("xr,xr->x", place_XR, place_XR)
    distance_CX = square_X[:num_rows, None] + square_X - 2 * (place_XR[:num_rows] @ place_XR.T)
    np.maximum(distance_CX, 0, out=distance_CX)
    around = min(NUM_NEIGHBOURS, num_rows - 1)
    scale_C = np.partition(distance_CX[:, :num_rows], around, axis=1)[:, around]
    scale_L = np.partition(distance_CX[:, num_rows:], around, axis=0)[around]
    scale_X = np.concatenate([scale_C, scale_L])
    root_X = np.sqrt(np.maximum(scale_X, 1e-9 * max(float(square_X.max()), 1e-12)))
    near_CX: Floats = np.exp(-distance_CX / (root_X[:num_rows, None] * root_X)).astype(np.float32)
    return near_CX


def _cover(near_CC: Floats, covered_C: Floats, mass_C: Floats, k: int) -> Indices:
    """The candidates that most of the mass is near to, beside what is covered already, one after the other.

    What a candidate adds never grows, so only those that added most before are computed again.

    Source: Minoux 1978, Accelerated greedy algorithms for maximizing submodular set functions.
    """
    chosen: list[int] = []
    gain_C = np.maximum(near_CC, covered_C) @ mass_C - covered_C @ mass_C
    while len(chosen) < k:
        top_T = np.argpartition(-gain_C, min(TRIED_AGAIN, len(gain_C)) - 1)[:TRIED_AGAIN]
        top_T = top_T[np.isfinite(gain_C[top_T])]
        gain_C[top_T] = np.maximum(near_CC[top_T], covered_C) @ mass_C - covered_C @ mass_C
        best = int(gain_C.argmax())
        if best in top_T:
            chosen.append(best)
            covered_C = np.maximum(covered_C, near_CC[best])
            gain_C[best] = -np.inf
    return np.array(chosen, np.int64)


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


def _cluster(place_CR: Floats, num_clusters: int, rng: np.random.Generator) -> Indices:
    import warnings

    from sklearn.cluster import KMeans

    means = KMeans(num_clusters, n_init=NUM_STARTS, random_state=int(rng.integers(2**31)))
    with warnings.catch_warnings(), single_threaded():
        warnings.simplefilter("ignore")  # fewer different images than clusters: some stay empty
        found_C: Indices = means.fit_predict(place_CR).astype(np.int64)
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
            choices.append(Choice(row, "typical", 1))
    return choices[:k]
