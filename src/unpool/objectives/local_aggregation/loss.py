"""The Local Aggregation loss and its memory bank.

An image should be near its close neighbours, among all that are near it.

N images, D numbers a vector, B batch, k neighbours, H clusterings, K clusters each.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unpool.core.calls.signatures import explain_calls
from unpool.errors import UsageError
from unpool.objectives.gather import gather_rows
from unpool.objectives.local_aggregation.clustering import recluster

MEMBERS = 45  # images a cluster has on average, as in the paper's settings scaled down
MAX_NEIGHBOURS = 4096
CHUNK_ENTRIES = 1 << 25  # similarities held at once: 128 MiB


class LocalAggregation(nn.Module):
    """The Local Aggregation loss, with its memory bank.

    Buffers: `bank` (N, D) float32, rows of unit length, random at first; `clusters` (H, N) int64, each row its
    own cluster until `recluster` is called, which makes the loss instance discrimination: the warm-up.

    Args:
        num_images: N, images in the data set.
        dimension: D, numbers in a vector.
        num_neighbours: k; by default min(4096, N/10), at least 2.
        num_clusters: K; by default N/45, at least 2.
        num_clusterings: H.
        temperature: of the softmax, above 0.
        momentum: share of the old vector in an update, 0 to 1.
        seed: random seed.

    Raises:
        UsageError: for as many neighbours or clusters as images or more, fewer than 2, a temperature that is not
            positive, or a momentum outside 0…1.

    Source: Zhuang, Zhai and Yamins, ICCV 2019, arXiv 1903.12355, section 3.

    >>> la = LocalAggregation(100, 8, num_neighbours=10)
    >>> z_BD, index_B = torch.randn(4, 8), torch.arange(4)
    >>> la(z_BD, index_B).shape
    torch.Size([])
    >>> la.update(z_BD, index_B)
    >>> la.recluster()
    >>> la.clusters.max() < 100
    tensor(True)
    """

    bank: Tensor
    clusters: Tensor
    rounds: Tensor

    @explain_calls
    def __init__(
        self,
        num_images: int,
        dimension: int,
        *,
        num_neighbours: int | None = None,
        num_clusters: int | None = None,
        num_clusterings: int = 3,
        temperature: float = 0.07,
        momentum: float = 0.5,
        seed: int = 0,
    ) -> None:
        super().__init__()
        _check_at_least("num_images", num_images, 3)
        _check_at_least("dimension", dimension, 1)
        _check_at_least("num_clusterings", num_clusterings, 1)
        self.num_neighbours = _below(
            "num_neighbours", num_neighbours, min(MAX_NEIGHBOURS, num_images // 10), num_images
        )
        self.num_clusters = _below("num_clusters", num_clusters, num_images // MEMBERS, num_images)
        if not temperature > 0 or not math.isfinite(temperature):
            raise UsageError(f"temperature: {temperature!r}, expected a number above 0, such as 0.07")
        if not 0 <= momentum <= 1:
            raise UsageError(
                f"momentum: {momentum!r}, expected a share of the old vector from 0 to 1, such as 0.5"
            )
        self.temperature, self.momentum, self.seed = temperature, momentum, seed
        rng = torch.Generator().manual_seed(seed)
        bank_ND = torch.randn(num_images, dimension, generator=rng)
        self.register_buffer("bank", F.normalize(bank_ND, dim=1, out=bank_ND))
        self.register_buffer("clusters", torch.arange(num_images).repeat(num_clusterings, 1))
        self.register_buffer("rounds", torch.zeros((), dtype=torch.int64))

    def forward(self, z_BD: Tensor, index_B: Tensor | np.ndarray) -> Tensor:
        """Compute the loss of a batch, the mean over B.

        The bank stays as it is; no gradient flows into it.

        Args:
            z_BD: vectors of any length, normalised inside.
            index_B: the images they are of.

        Returns:
            A scalar, 0 or more.

        Raises:
            UsageError: where shapes or indices do not fit the bank.
        """
        index_B = self._check_batch(z_BD, index_B)
        # Half precision does not distinguish neighbours.
        with torch.autocast(z_BD.device.type, enabled=False):
            v_BD = F.normalize(z_BD.to(torch.promote_types(z_BD.dtype, torch.float32)), dim=1)
            loss: Tensor = _Aggregation.apply(
                v_BD, self.bank, self.clusters, index_B, self.num_neighbours, self.temperature
            )
        return loss

    @torch.no_grad()
    def update(self, z_BD: Tensor, index_B: Tensor | np.ndarray) -> None:
        """Mix the batch into the bank, after the optimiser's step.

        V ← normalise(m·V + (1 − m)·v). Several processes mix in the vectors of all, so that their banks stay equal.
        Of an image that occurs twice the last vector counts.
        """
        index_B = self._check_batch(z_BD, index_B)
        v_BD, index_B = _of_all_processes(F.normalize(z_BD.detach(), dim=1).to(self.bank), index_B)
        v_BD, index_B = _last_of_each(v_BD, index_B)
        mixed_BD = self.momentum * self.bank[index_B] + (1 - self.momentum) * v_BD
        self.bank[index_B] = F.normalize(mixed_BD, dim=1)

    @torch.no_grad()
    def recluster(self) -> None:
        """Cluster the bank H times by k-means, from different seeds.

        Later calls start where the last ended. Call it after the warm-up and then once per epoch. Large banks are
        clustered from a sample (`clustering.recluster`). On the CPU it is deterministic for a seed and a bank.
        """
        for number in range(len(self.clusters)):
            seed = (self.seed * 1_009 + number) * 1_000_003 + int(self.rounds)
            before_N = self.clusters[number] if int(self.rounds) else None
            self.clusters[number] = recluster(self.bank, self.num_clusters, before_N, seed=seed)
        self.rounds += 1

    def extra_repr(self) -> str:
        """The sizes, as `print` shows them."""
        (num_images, dimension), num_clusterings = self.bank.shape, len(self.clusters)
        return (
            f"num_images={num_images}, dimension={dimension}, num_neighbours={self.num_neighbours}, "
            f"num_clusters={self.num_clusters}, num_clusterings={num_clusterings}, "
            f"temperature={self.temperature:g}, momentum={self.momentum:g}"
        )

    def _check_batch(self, z_BD: Tensor, index_B: Tensor | np.ndarray) -> Tensor:
        num_images, dimension = self.bank.shape
        if z_BD.ndim != 2 or z_BD.shape[1] != dimension or not len(z_BD):
            raise UsageError(f"z_BD: shape {tuple(z_BD.shape)}, expected (B, {dimension}), one row or more")
        index = torch.as_tensor(index_B, device=self.bank.device)
        if index.shape != z_BD.shape[:1] or index.is_floating_point() or index.dtype == torch.bool:
            seen = f"shape {tuple(index.shape)} of {str(index.dtype).removeprefix('torch.')}"
            raise UsageError(f"index_B: {seen}, expected {len(z_BD)} whole numbers, one a row")
        lowest, highest = (int(bound) for bound in index.aminmax())
        if lowest < 0 or highest >= num_images:
            wrong = lowest if lowest < 0 else highest
            raise UsageError(f"index_B: {wrong}, but the bank holds images 0 to {num_images - 1}")
        return index.to(torch.int64)


class _Aggregation(torch.autograd.Function):
    """Value and gradient in one go: the gradient is a difference of two softmaxes over the neighbours."""

    @staticmethod
    def forward(
        ctx: Any,
        v_BD: Tensor,
        bank_ND: Tensor,
        clusters_HN: Tensor,
        index_B: Tensor,
        k: int,
        temperature: float,
    ) -> Tensor:
        bank_ND = bank_ND.to(v_BD.dtype)
        near_Bk, which_Bk = nearest(v_BD, bank_ND, k)
        _ensure_self_is_neighbour(near_Bk, which_Bk, v_BD, bank_ND, index_B)
        is_close_Bk = _share_a_cluster(clusters_HN, which_Bk, index_B)
        near_Bk.div_(temperature)
        background_B = near_Bk.logsumexp(dim=1)
        close_B = near_Bk.masked_fill(~is_close_Bk, -math.inf).logsumexp(dim=1)
        if ctx.needs_input_grad[0]:
            share_Bk = (near_Bk - background_B[:, None]).exp_()
            share_Bk -= (near_Bk - close_B[:, None]).exp_().mul_(is_close_Bk)
            # Σ_k share · bank[which], without the (B, k, D) rows between.
            pulled_BD = F.embedding_bag(which_Bk, bank_ND, mode="sum", per_sample_weights=share_Bk)
            ctx.save_for_backward(pulled_BD.div_(temperature * len(v_BD)))
        return (background_B - close_B).clamp_min_(0).mean()  # below 0 by rounding alone

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (gradient_BD,) = ctx.saved_tensors
        return gradient * gradient_BD, None, None, None, None, None


def nearest(v_BD: Tensor, bank_ND: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Find the k rows of a bank nearest each vector.

    A large bank is searched in parts, so that at most 32 million similarities are held at once.

    Args:
        v_BD: unit vectors.
        bank_ND: unit vectors to search.
        k: neighbours for each row.

    Returns:
        Similarities and rows of the bank, both (B, k), in no order.

    >>> nearest(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0], [0.6, 0.8], [1.0, 0.0]]), 1)[1]
    tensor([[2]])
    """
    at_once = max(2 * k, CHUNK_ENTRIES // len(v_BD))
    if len(bank_ND) <= at_once:
        found = (v_BD @ bank_ND.T).topk(k, dim=1, sorted=False)
        return found.values, found.indices
    value_Bk, which_Bk = (
        v_BD.new_empty(len(v_BD), 0),
        torch.empty(len(v_BD), 0, dtype=torch.int64, device=v_BD.device),
    )
    for start in range(0, len(bank_ND), at_once):
        part = v_BD @ bank_ND[start : start + at_once].T
        here = part.topk(min(k, part.shape[1]), dim=1, sorted=False)
        value_Bk = torch.cat([value_Bk, here.values], dim=1)
        which_Bk = torch.cat([which_Bk, here.indices + start], dim=1)
        if value_Bk.shape[1] > k:
            value_Bk, kept_Bk = value_Bk.topk(k, dim=1, sorted=False)
            which_Bk = which_Bk.gather(1, kept_Bk)
    return value_Bk, which_Bk


def _ensure_self_is_neighbour(
    near_Bk: Tensor, which_Bk: Tensor, v_BD: Tensor, bank_ND: Tensor, index_B: Tensor
) -> None:
    """Where an image is not among its own neighbours it takes the place of the farthest of them."""
    absent_b = (~(which_Bk == index_B[:, None]).any(dim=1)).nonzero().squeeze(1)
    if len(absent_b):
        last_b = near_Bk[absent_b].argmin(dim=1)
        which_Bk[absent_b, last_b] = index_B[absent_b]
        near_Bk[absent_b, last_b] = (v_BD[absent_b] * bank_ND[index_B[absent_b]]).sum(dim=1)


def _share_a_cluster(clusters_HN: Tensor, which_Bk: Tensor, index_B: Tensor) -> Tensor:
    """Whether a neighbour shares the image's cluster in any of the clusterings."""
    together_Bk = torch.zeros_like(which_Bk, dtype=torch.bool)
    for cluster_N in clusters_HN:
        of_neighbour_Bk = cluster_N.index_select(0, which_Bk.flatten()).view_as(which_Bk)
        together_Bk |= of_neighbour_Bk == cluster_N[index_B, None]
    return together_Bk


def _of_all_processes(v_BD: Tensor, index_B: Tensor) -> tuple[Tensor, Tensor]:
    everyone_ND, _ = gather_rows(v_BD)
    if len(everyone_ND) == len(v_BD):
        return v_BD, index_B
    return everyone_ND, gather_rows(index_B[:, None])[0][:, 0]


def _last_of_each(v_BD: Tensor, index_B: Tensor) -> tuple[Tensor, Tensor]:
    """One row for each image, so that a write to the bank never depends on the order of two."""
    names_U, name_B = torch.unique(index_B, return_inverse=True)
    if len(names_U) == len(index_B):
        return v_BD, index_B
    place_B = torch.arange(len(index_B), device=index_B.device)
    last_U = torch.zeros_like(names_U).scatter_reduce(0, name_B, place_B, "amax", include_self=False)
    return v_BD[last_U], names_U


def _check_at_least(name: str, value: int, low: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < low:
        raise UsageError(f"{name}: {value!r}, expected a whole number from {low} on")


def _below(name: str, value: int | None, default: int, num_images: int) -> int:
    if value is None:
        return max(2, default)
    _check_at_least(name, value, 2)
    if value >= num_images:
        seen = f"{name}: {value}, but there are only {num_images} images"
        why = (
            "every image would be a neighbour of every other"
            if "neighb" in name
            else "every image would be alone"
        )
        raise UsageError(f"{seen}, so that {why}; take fewer than {num_images}, by default {max(2, default)}")
    return value
