"""Rows of all processes, for objectives that compare images.

b rows of this process, B of all, E numbers in a row.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


def gather_rows(own_bE: Tensor) -> tuple[Tensor, int]:
    """Gather rows (b, E) of each process to (B, E).

    They are in the order of the processes; the second value is where the own rows begin.

    Gradients flow back to the process that a row came from, summed over all processes. In one process the rows
    are those given.

    >>> rows, first = gather_rows(torch.eye(2))
    >>> rows.shape, first
    (torch.Size([2, 2]), 0)
    """
    if not (dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1):
        return own_bE, 0
    counts = [torch.zeros(1, dtype=torch.int64, device=own_bE.device) for _ in range(dist.get_world_size())]
    dist.all_gather(counts, torch.tensor([len(own_bE)], device=own_bE.device))
    sizes = [int(count) for count in counts]
    return _Gather.apply(own_bE, sizes), sum(sizes[: dist.get_rank()])


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, own_bE: Tensor, sizes: list[int]) -> Tensor:
        ctx.sizes = sizes
        padded = own_bE.new_zeros(max(sizes), *own_bE.shape[1:])
        padded[: len(own_bE)] = own_bE
        parts = [torch.empty_like(padded) for _ in sizes]
        dist.all_gather(parts, padded)
        return torch.cat([part[:size] for part, size in zip(parts, sizes, strict=True)])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        gradient_BE = gradients[0].contiguous().clone()
        dist.all_reduce(gradient_BE)
        first = sum(ctx.sizes[: dist.get_rank()])
        return gradient_BE[first : first + ctx.sizes[dist.get_rank()]], None
