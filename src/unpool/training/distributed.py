"""Device, precision and processes, by Accelerate: one process, or those that torchrun started together."""

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
    """The Accelerator of this process on `device` ("cpu", "cuda" or "mps").

    `precision` auto is bf16 on a CUDA device that computes in it, else fp32: on CPUs bf16 is often slower.
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
    """Tell the wrapper of several processes that these buffers need not be sent from the first to the others."""
    if buffers:
        ignore = nn.parallel.DistributedDataParallel._set_params_and_buffers_to_ignore_for_model
        ignore(module, list(buffers))  # type: ignore[no-untyped-call]


@torch.no_grad()
def broadcast_buffers(network: nn.Module, accelerator: Accelerator) -> None:
    """Give every process the buffers of the first, whose weights are kept: statistics of BatchNorm differ."""
    if accelerator.num_processes > 1:
        for buffer in network.buffers():
            torch.distributed.broadcast(buffer, 0)


def share(index_B: np.ndarray, rank: int, world: int) -> tuple[np.ndarray, float]:
    """The images of a batch that process `rank` of `world` takes, and the weight of its mean loss.

    Averaged over the processes, the weighted means are the mean over the batch. A process that has none computes
    on one image with weight 0, since all must take part in every step.

    >>> share(np.arange(5), 1, 2)
    (array([3, 4]), 0.8)
    """
    own = np.array_split(index_B, world)[rank]
    weight = len(own) * world / len(index_B)
    return (own, weight) if len(own) else (index_B[:1], 0.0)
