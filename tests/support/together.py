"""Processes of a training, played by threads: they gather, send and wait as real ones do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import numpy as np

from unpool.training.data.shared_folder import SharedFolder

Result = TypeVar("Result")


class Exchange:
    """What the threads leave for each other."""

    def __init__(self, world: int) -> None:
        self.world, self.barrier = world, threading.Barrier(world, timeout=20)
        self.values: list[Any] = [None] * world

    def gather(self, rank: int, value: Any) -> list[Any]:
        self.values[rank] = value
        self.barrier.wait()
        values = list(self.values)
        self.barrier.wait()
        return values


class Threaded(SharedFolder):
    """A shared folder whose processes are threads of one."""

    def gather(self, value: Any) -> list[Any]:
        return list(self.accelerator.exchange.gather(self.rank, value))  # type: ignore[attr-defined]

    def wait(self) -> None:
        self.gather(None)

    def _send(self, own_B: np.ndarray, rank: int, start: int, length: int) -> np.ndarray:
        own = np.array(own_B[start : start + length]) if rank == self.rank else None
        block_B: np.ndarray = self.gather(own)[rank]
        return block_B


def run_together(
    folders: Sequence[Path], leaders: Sequence[int], work: Callable[[SharedFolder], Result]
) -> list[Result]:
    """What each process returns from `work`, called with its shared folder."""
    exchange = Exchange(len(folders))

    def run(rank: int) -> Result:
        own: Any = SimpleNamespace(process_index=rank, num_processes=len(folders), exchange=exchange)
        try:
            return work(Threaded(folders[rank], own, tuple(leaders)))
        except BaseException:
            exchange.barrier.abort()
            raise

    with ThreadPoolExecutor(len(folders)) as pool:
        return [future.result() for future in [pool.submit(run, rank) for rank in range(len(folders))]]
