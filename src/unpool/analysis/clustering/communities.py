"""Groups as communities of the neighbour graph.

Shapes: N images, D numbers a vector, k neighbours of each, K groups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from unpool.analysis.neighbours import Floats, self_neighbours
from unpool.core.rng import seed_c

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

NUM_NEIGHBOURS = 15
MAX_RESOLUTIONS = 12  # that are tried, each twice the last
MIN_INSIDE = 0.65  # of its links that a separate community keeps
FINE_RESOLUTION = 8.0  # of communities that are parts of groups


def communities(
    unit_ND: Floats, groups: int | Literal["auto"], *, seed: int = 0
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Find the communities of vectors of unit length.

    Leiden on the graph of the 15 nearest neighbours, weighted by how many neighbours two images share. With
    `auto` their number is that at resolution 1. A requested number is reached from there, or from a higher
    resolution where that gives fewer, by joining the least separate ones. Parts of the graph without a link
    between them are never joined, so that more may come back.

    Source: Traag, Waltman and van Eck 2019, From Louvain to Leiden; Jarvis and Patrick 1973 (shared neighbours);
    Bonald et al. 2020, scikit-network.

    Args:
        unit_ND: Rows of length one.
        groups: How many communities, or `auto`.
        seed: Of Leiden.

    Returns:
        The community of each vector (N,), and the share of its links that stay inside it (N,).

    >>> import math
    >>> angles = np.array([0.0, 0.1, 0.2, 2.0, 2.1, 2.2])
    >>> labels, share = communities(np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32), 2)
    >>> labels.tolist(), share.round(1).tolist()
    ([0, 0, 0, 1, 1, 1], [1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    """
    graph_NN = _shared_neighbours(unit_ND, seed)
    if groups == "auto":
        found_N = _leiden(graph_NN, 1.0, seed)
    else:
        found_N = _merge(graph_NN, _leiden_at_least(graph_NN, groups, seed), groups)
    inside_N = np.asarray(graph_NN.multiply(_inside_links(graph_NN, found_N)).sum(axis=1)).ravel()
    return found_N, inside_N / np.maximum(np.asarray(graph_NN.sum(axis=1)).ravel(), 1e-12)


def separate_communities(unit_ND: Floats, *, seed: int = 0) -> npt.NDArray[np.int64]:
    """Find the communities that keep most of their links.

    Those of `communities` at resolution 1, of which the one that keeps the smallest share of its links joins the
    one it needs most until each keeps 0.65 of them: what Leiden cuts out of one even cloud is no kind of its own.

    Source: Radicchi et al. 2004, Defining and identifying communities in networks (a community has more links
    inside than outside); the share is measured, docs/decisions/0008-which-network.md.

    Args:
        unit_ND: Rows of length one.
        seed: Of Leiden.

    Returns:
        The community of each vector (N,); not all numbers occur.
    """
    graph_NN = _shared_neighbours(unit_ND, seed)
    found_N = _leiden(graph_NN, 1.0, seed)
    joining = _Joining(graph_NN, found_N)
    while len(left := np.unique(joining.name_K)) > 1:
        share_K = joining.inside_K[left] / np.maximum(joining.links_K[left], 1e-12)
        weakest = int(left[share_K.argmin()])
        need_K = joining.needs()[weakest]
        if share_K.min() >= MIN_INSIDE or not need_K.max() > 0:
            break
        joining.join(int(need_K.argmax()), weakest)
    return joining.name_K[found_N]


def fine_communities(
    unit_ND: Floats, *, inside: npt.NDArray[np.int64] | None = None, seed: int = 0
) -> npt.NDArray[np.int64]:
    """Find small communities, those of resolution 8.

    Args:
        unit_ND: Rows of length one.
        inside: Groups (N,) that no community reaches beyond: links between them are left out.
        seed: Of Leiden.

    Returns:
        The community of each vector (N,), from 0 without a gap.
    """
    graph_NN = _shared_neighbours(unit_ND, seed)
    if inside is not None:
        graph_NN = graph_NN.multiply(_inside_links(graph_NN, inside)).tocsr()
        graph_NN.eliminate_zeros()
    found_N: npt.NDArray[np.int64] = np.unique(_leiden(graph_NN, FINE_RESOLUTION, seed), return_inverse=True)[
        1
    ]
    return found_N


def _shared_neighbours(unit_ND: Floats, seed: int) -> csr_matrix:
    """A symmetric sparse graph: neighbours are linked by the share of their neighbourhoods that is common."""
    from scipy.sparse import csr_matrix

    count = len(unit_ND)
    # In a small set the whole of it would be everyone's neighbourhood.
    _, near_Nk = self_neighbours(unit_ND, max(1, min(NUM_NEIGHBOURS, count // 3)), seed=seed)
    k = near_Nk.shape[1]  # none where there is one image alone
    rows_N = np.repeat(np.arange(count), k + 1)
    with_itself_Nk = np.hstack([np.arange(count)[:, None], near_Nk]).ravel()
    knows_NN = csr_matrix((np.ones(len(rows_N), np.float32), (rows_N, with_itself_Nk)), shape=(count, count))
    knows_NN.data[:] = 1  # where two entries coincide
    linked_NN = knows_NN.maximum(knows_NN.T)
    common_NN = (knows_NN @ knows_NN.T).multiply(linked_NN).tocsr()
    common_NN.data /= 2 * (k + 1) - common_NN.data  # of the union: Jaccard
    common_NN.setdiag(0)
    common_NN.eliminate_zeros()
    return common_NN.tocsr()


def _leiden(graph_NN: csr_matrix, resolution: float, seed: int) -> npt.NDArray[np.int64]:
    from sknetwork.clustering import Leiden

    if not graph_NN.nnz:
        return np.arange(graph_NN.shape[0])
    seed_c(seed)  # its refinement draws from the C library's numbers, whatever `random_state` says
    found_N: npt.NDArray[np.int64] = (
        Leiden(resolution, random_state=seed, return_probs=False, return_aggregate=False)
        .fit_predict(graph_NN)
        .astype(np.int64)
    )
    return found_N


def _leiden_at_least(graph_NN: csr_matrix, groups: int, seed: int) -> npt.NDArray[np.int64]:
    """The communities at resolution 1, or at the first higher one that gives `groups` or more."""
    for trial in range(MAX_RESOLUTIONS):
        found_N = _leiden(graph_NN, 2.0**trial, seed)
        if found_N.max() + 1 >= groups:
            return found_N
    return np.arange(graph_NN.shape[0])


class _Joining:
    """Communities that are joined two at a time: their sizes, and the links between them."""

    def __init__(self, graph_NN: csr_matrix, found_N: npt.NDArray[np.int64]) -> None:
        from scipy.sparse import csr_matrix

        count = int(found_N.max()) + 1
        member_NK = csr_matrix(
            (np.ones(len(found_N)), (np.arange(len(found_N)), found_N)), shape=(len(found_N), count)
        )
        self.between_KK = np.asarray((member_NK.T @ graph_NN @ member_NK).todense())
        self.size_K = np.bincount(found_N, minlength=count).astype(float)
        self.links_K = self.between_KK.sum(axis=1)
        self.inside_K = self.between_KK.diagonal().copy()
        self.name_K = np.arange(count)
        np.fill_diagonal(self.between_KK, 0)

    def needs(self) -> npt.NDArray[np.float64]:
        """How much each two belong together, (K, K).

        It is the share of the links of the smaller that lead into the other, for each of its images: a splinter
        goes before a half of the same share.
        """
        smaller_KK = np.minimum.outer(self.size_K, self.size_K) * np.minimum.outer(self.links_K, self.links_K)
        needs_KK: npt.NDArray[np.float64] = self.between_KK / np.maximum(smaller_KK, 1e-12)
        return needs_KK

    def join(self, first: int, second: int) -> None:
        """The second becomes a part of the first."""
        self.inside_K[first] += self.inside_K[second] + 2 * self.between_KK[first, second]
        self.between_KK[first] += self.between_KK[second]
        self.between_KK[:, first] += self.between_KK[:, second]
        self.between_KK[second], self.between_KK[:, second], self.between_KK[first, first] = 0, 0, 0
        self.size_K[first] += self.size_K[second]
        self.links_K[first] += self.links_K[second]
        self.name_K[self.name_K == second] = first


def _merge(graph_NN: csr_matrix, found_N: npt.NDArray[np.int64], groups: int) -> npt.NDArray[np.int64]:
    """Merge the least separate communities, those that need each other most, until `groups` are left."""
    joining = _Joining(graph_NN, found_N)
    for _ in range(len(joining.name_K) - groups):
        need_KK = joining.needs()
        first, second = sorted(np.unravel_index(int(need_KK.argmax()), need_KK.shape))
        if not need_KK[first, second] > 0:
            break
        joining.join(int(first), int(second))
    return joining.name_K[found_N]


def _inside_links(graph_NN: csr_matrix, found_N: npt.NDArray[np.int64]) -> csr_matrix:
    """The graph with 1 at each link inside a community and 0 at the others."""
    links = graph_NN.tocoo()
    links.data = (found_N[links.row] == found_N[links.col]).astype(np.float32)
    return links.tocsr()
