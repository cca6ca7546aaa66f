"""A folder that the processes of a training fill together.

Machines may share it, or each has one of its own at the same path. B bytes.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
import torch

from unpool.core.atomic_files import PARTIAL
from unpool.errors import UnpoolError
from unpool.training.distributed import from_first_process, gather_values

if TYPE_CHECKING:
    from accelerate import Accelerator

BLOCK_BYTES = 2**24  # that are sent or copied at a time

Items = TypeVar("Items", bound="Sequence[Any] | np.ndarray")
Value = TypeVar("Value")


@dataclass(frozen=True)
class SharedFolder:
    """Who writes to a folder, and to which of several.

    Args:
        folder: the path, on every machine.
        accelerator: the processes.
        leaders: for each process the first one that has the same folder, (P,).
    """

    folder: Path
    accelerator: Accelerator
    leaders: tuple[int, ...]

    @property
    def rank(self) -> int:
        """The number of this process."""
        return int(self.accelerator.process_index)

    @property
    def leads(self) -> bool:
        """Whether this process writes to its folder."""
        return self.leaders[self.rank] == self.rank

    def share(self, items: Items) -> Items:
        """Return the items that are this process's to read."""
        world = len(self.leaders)
        own = items[len(items) * self.rank // world : len(items) * (self.rank + 1) // world]
        return cast(Items, own)

    def name_own(self, file: Path) -> Path:
        """Name the part of a file that this process writes."""
        return file.with_name(f"{PARTIAL}{self.rank}-{file.name}")

    def gather(self, value: Value) -> list[Value]:
        """Return the value of each process."""
        return gather_values(value, self.accelerator)

    def wait(self) -> None:
        """Wait until all processes are here."""
        self.accelerator.wait_for_everyone()

    def write(self, path: Path, own_B: np.ndarray) -> None:
        """Write the bytes of all processes, one after the other.

        The file is then in every folder. Each process writes its part where they share one folder, else it sends it.

        Args:
            path: a file in the folder; where it was, it is replaced.
            own_B: the bytes of this process.

        Raises:
            UnpoolError: where a disk has no room.
        """
        lengths = self.gather(own_B.size)
        if self.leads:
            self._make(path, sum(lengths))
        self.wait()
        if len(set(self.leaders)) == 1:
            with path.open("r+b") as file:
                file.seek(sum(lengths[: self.rank]))
                for start in range(0, own_B.size, BLOCK_BYTES):
                    file.write(np.ascontiguousarray(own_B[start : start + BLOCK_BYTES]).data)
                _flush(file)
        else:
            self._exchange(path, own_B, lengths)
        self.wait()

    def _make(self, path: Path, length: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        free = shutil.disk_usage(path.parent).free
        if free < length:
            raise UnpoolError(
                f"the decoded images take {length / 1e9:.1f} GB and the disk of {path.parent} has room for "
                f"{free / 1e9:.1f} GB; free some, or name another --out"
            )
        path.touch()

    def _exchange(self, path: Path, own_B: np.ndarray, lengths: Sequence[int]) -> None:
        """Send this process's bytes to all, and write those of all where this one leads."""
        with path.open("r+b") as file:
            for rank, length in enumerate(lengths):
                for start in range(0, length, BLOCK_BYTES):
                    block_B = self._send(own_B, rank, start, min(BLOCK_BYTES, length - start))
                    if self.leads:
                        file.write(block_B.data)
            if self.leads:
                _flush(file)

    def _send(self, own_B: np.ndarray, rank: int, start: int, length: int) -> np.ndarray:
        device = self.accelerator.device
        if rank == self.rank:
            block_B = torch.from_numpy(np.array(own_B[start : start + length])).to(device)
        else:
            block_B = torch.empty(length, dtype=torch.uint8, device=device)
        torch.distributed.broadcast(block_B, rank)
        return block_B.cpu().numpy()


def share_folder(folder: Path, accelerator: Accelerator) -> SharedFolder:
    """Find out which processes have the same folder.

    Args:
        folder: exists, and is unpool's own.
        accelerator: the processes; all of them call this.

    Returns:
        The folder with its leaders.
    """
    if accelerator.num_processes == 1:
        return SharedFolder(folder, accelerator, (0,))
    token = from_first_process(lambda: secrets.token_hex(6), accelerator)
    names = [folder / f"{PARTIAL}{token}-{rank}" for rank in range(accelerator.num_processes)]
    own = names[accelerator.process_index]
    own.touch()
    try:
        accelerator.wait_for_everyone()
        present = set(os.listdir(folder))  # noqa: PTH208 - the folder's names as a shared file system lists them
        leader = next(rank for rank, name in enumerate(names) if name.name in present)
        return SharedFolder(folder, accelerator, tuple(gather_values(leader, accelerator)))
    finally:
        own.unlink(missing_ok=True)


def _flush(file: IO[bytes]) -> None:
    """Let the others on this file system read it."""
    file.flush()
    os.fsync(file.fileno())
