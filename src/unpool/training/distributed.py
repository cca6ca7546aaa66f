"""Device, precision and processes, by Accelerate.

One process, or those that torchrun started together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from unpool.errors import UnpoolError

if TYPE_CHECKING:
    from accelerate import Accelerator


def build_accelerator(device: str = "cpu", precision: str = "auto") -> Accelerator:
    """Build the Accelerator of this process.

    Args:
        device: "cpu", "cuda" or "mps".
        precision: "fp32", "bf16", or "auto": bf16 on a CUDA device that computes in it, else fp32, since on CPUs
            bf16 is often slower.

    Raises:
        UnpoolError: for bf16 on a GPU that does not compute in it.
    """
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState

    # Accelerate keeps one state a process and refuses another precision; each run here begins afresh.
    AcceleratorState._reset_state()
    fast = device == "cuda" and torch.cuda.is_bf16_supported()
    if precision == "bf16" and device == "cuda" and not fast:
        raise UnpoolError("this GPU does not compute in bf16; use --precision fp32")
    bf16 = precision == "bf16" or (precision == "auto" and fast)
    return Accelerator(cpu=device == "cpu", mixed_precision="bf16" if bf16 else "no")


def exclude_ddp_buffers(module: nn.Module, buffers: Sequence[str]) -> None:
    """Exclude these buffers from DistributedDataParallel's broadcast."""
    if buffers:
        ignore = nn.parallel.DistributedDataParallel._set_params_and_buffers_to_ignore_for_model
        ignore(module, list(buffers))  # type: ignore[no-untyped-call]


@torch.no_grad()
def broadcast_buffers(network: nn.Module, accelerator: Accelerator) -> None:
    """Copy the buffers of the first process to the others.

    BatchNorm's statistics differ between processes, and the first one's weights are kept.
    """
    if accelerator.num_processes > 1:
        for buffer in network.buffers():
            torch.distributed.broadcast(buffer, 0)


def split_batch(index_B: np.ndarray, rank: int, world: int) -> tuple[np.ndarray, float]:
    """Return a process's share of a batch, and its weight.

    Averaged over the processes, the weighted means are the mean over the batch. A process that has none computes
    on one image with weight 0, since all must take part in every step.

    Args:
        index_B: indices of the batch.
        rank: number of the process, from 0.
        world: number of processes.

    Returns:
        The indices of the share, and the weight of its mean loss.

    >>> split_batch(np.arange(5), 1, 2)
    (array([3, 4]), 0.8)
    """
    own = np.array_split(index_B, world)[rank]
    weight = len(own) * world / len(index_B)
    return (own, weight) if len(own) else (index_B[:1], 0.0)


def mean_over_processes(seconds: float, accelerator: Accelerator) -> float:
    """Return the mean of a time over all processes."""
    if accelerator.num_processes == 1:
        return seconds
    return float(accelerator.reduce(torch.tensor(seconds, device=accelerator.device), "mean"))
