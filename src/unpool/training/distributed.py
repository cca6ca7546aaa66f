"""Device, precision and processes, by Accelerate.

One process, or those that torchrun started together, on one machine or on several.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np
import torch
from torch import nn

from unpool.core.cpu import cores_of_process, num_processes
from unpool.errors import UnpoolError
from unpool.training.processes.rendezvous import join_processes

if TYPE_CHECKING:
    from accelerate import Accelerator

# The processes wait for each other as long as one reads or writes; `watch_processes` sees whether it is alive.
WAITING = timedelta(days=30)

Result = TypeVar("Result")


def build_accelerator(device: str = "cpu", precision: str = "auto") -> Accelerator:
    """Build the Accelerator of this process.

    Args:
        device: "cpu", "cuda" or "mps".
        precision: "fp32", "bf16", or "auto": bf16 on a CUDA device that computes in it, else fp32, since on CPUs
            bf16 is often slower.

    Raises:
        UnpoolError: for bf16 on a GPU that does not compute in it, and where other processes do not come.
    """
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState
    from accelerate.utils import InitProcessGroupKwargs

    # Accelerate keeps one state a process and refuses another precision; each run here begins afresh.
    AcceleratorState._reset_state()
    fast = device == "cuda" and torch.cuda.is_bf16_supported()
    if precision == "bf16" and device == "cuda" and not fast:
        raise UnpoolError("this GPU does not compute in bf16; use --precision fp32")
    bf16 = precision == "bf16" or (precision == "auto" and fast)
    mixed = "bf16" if bf16 else "no"
    if num_processes() == 1:
        return Accelerator(cpu=device == "cpu", mixed_precision=mixed)
    if "OMP_NUM_THREADS" not in os.environ:  # else Accelerate counts the cores of the machine, and warns
        os.environ["OMP_NUM_THREADS"] = str(cores_of_process())
        torch.set_num_threads(cores_of_process())
    join_processes()
    waiting = InitProcessGroupKwargs(timeout=WAITING)
    return Accelerator(cpu=device == "cpu", mixed_precision=mixed, kwargs_handlers=[waiting])


def from_first_process(work: Callable[[], Result], accelerator: Accelerator) -> Result:
    """Return in all processes what the first one computes.

    Its folder may be missing on other machines. An `UnpoolError` is raised in all, too.
    """
    if accelerator.num_processes == 1:
        return work()
    from accelerate.utils import broadcast_object_list

    outcome: list[object] = [None, None]
    if accelerator.is_main_process:
        try:
            outcome[0] = work()
        except UnpoolError as error:
            outcome[1] = error
    broadcast_object_list(outcome)
    if isinstance(outcome[1], UnpoolError):
        raise outcome[1]
    return cast(Result, outcome[0])


def gather_values(value: Result, accelerator: Accelerator) -> list[Result]:
    """Return the value of each process, in their order."""
    if accelerator.num_processes == 1:
        return [value]
    from accelerate.utils import gather_object

    return list(gather_object([value]))


def check_same_files(names: Iterable[str], place: str, accelerator: Accelerator) -> None:
    """Check that all processes see the same files.

    Args:
        names: what the files are known by, in their order.
        place: where they are, for the message.
        accelerator: the processes.

    Raises:
        UnpoolError: where a machine has others; images would be trained on as what they are not.
    """
    if accelerator.num_processes == 1:
        return
    digest, count = hashlib.blake2b(digest_size=16), 0
    for name in names:
        digest.update(f"{name}\0".encode("utf-8", "surrogateescape"))
        count += 1
    seen = gather_values((digest.hexdigest(), count), accelerator)
    other = next((rank for rank, each in enumerate(seen) if each != seen[0]), None)
    if other is not None:
        counts = f"{seen[0][1]} files, process {other} {seen[other][1]}"
        if seen[0][1] == seen[other][1]:
            counts = f"{seen[0][1]} files, process {other} as many, but with other names or sizes"
        raise UnpoolError(
            f"the machines do not have the same images in {place}: process 0 sees {counts}; give all machines the "
            "same files, by a shared folder or by copies"
        )


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
