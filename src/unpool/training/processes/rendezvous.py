"""How the processes of one training find each other.

They do by a store, a small server in the launcher or in the first process.
"""

from __future__ import annotations

import math
import os
import socket
import time
from datetime import timedelta
from typing import Protocol

import torch.distributed as dist
from torch.distributed.rendezvous import rendezvous

from unpool.core.cpu import num_processes
from unpool.errors import UnpoolError

# Until all have come: launchers that have found each other start them at once, others wait as long as torchrun.
JOIN_SECONDS, LATE_JOIN_SECONDS = 40.0, 600.0
JOIN_VARIABLE = "UNPOOL_JOIN_SECONDS"  # where machines start more slowly


class Store(Protocol):
    """What is used of torch's stores."""

    def set(self, key: str, value: str) -> None:
        """Write a value."""

    def get(self, key: str) -> bytes:
        """Read a value, and wait for it."""

    def add(self, key: str, value: int) -> int:
        """Count, and return the count."""

    def check(self, keys: list[str]) -> bool:
        """Whether these values are there."""

    def compare_set(self, key: str, expected_value: str, desired_value: str) -> bytes:
        """Write a value where the expected one stands.

        Args:
            key: of the value.
            expected_value: the present one; empty where there may be none.
            desired_value: the new one.

        Returns:
            The value that then stands there.
        """


_stores: dict[str, Store] = {}  # the one of this process, by where it is


def join_processes() -> Store | None:
    """Wait until all processes have come.

    Returns:
        What they share; None where there is one process, or others than unpool joined them.

    Raises:
        UnpoolError: where they did not, or a launcher started them a second time.
    """
    address = ":".join(os.environ.get(name, "") for name in ("MASTER_ADDR", "MASTER_PORT"))
    if num_processes() == 1 or dist.is_initialized() or address in _stores:
        return _stores.get(address)
    if (
        int(os.environ.get("TORCHELASTIC_RESTART_COUNT") or 0) > 0
    ):  # tried, and torch waited without end while it built the group
        raise UnpoolError(
            "torchrun has started the processes again after one failed, which unpool does not support; leave out "
            "--max-restarts, and start all of them with --resume"
        )
    rank, world, seconds = int(os.environ["RANK"]), num_processes(), _join_seconds()
    limit = timedelta(seconds=seconds)
    try:
        store = next(rendezvous("env://", rank, world, timeout=limit))[0]
        store.set(f"unpool/joined/{rank}", socket.gethostname())
        came = wait_for(store, [f"unpool/joined/{other}" for other in range(world)], seconds)
    except (RuntimeError, ValueError):
        came = False
    if not came:
        raise UnpoolError(
            f"process {rank} of {world} waited {seconds:.0f} seconds in vain for the others at {address}: one was "
            f"killed, or does not reach it, or is slow ({JOIN_VARIABLE}=600 waits longer); start all of them again"
        )
    _stores[address] = dist.PrefixStore("unpool", store)  # type: ignore[attr-defined]
    return _stores[address]


def wait_for(store: Store, keys: list[str], seconds: float) -> bool:
    """Wait for values, and let Ctrl-C and SIGTERM be seen.

    Args:
        store: where they will be.
        keys: their names.
        seconds: how long at most.

    Returns:
        Whether they came.
    """
    end = time.monotonic() + seconds
    while not store.check(keys):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def _join_seconds() -> float:
    text = os.environ.get(JOIN_VARIABLE)
    try:
        if text and 0 < float(text) < math.inf:
            return float(text)
    except ValueError:
        pass
    return JOIN_SECONDS if os.environ.get("TORCHELASTIC_RUN_ID") else LATE_JOIN_SECONDS
