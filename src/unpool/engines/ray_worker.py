"""What runs in a worker of Ray."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from unpool import __version__
from unpool.errors import UnpoolError


@dataclass(frozen=True)
class Place:
    """The device and cores of one worker."""

    device: str
    cores: int


Work = Callable[[Sequence[Any]], list[Any]]
BuildWork = Callable[[Place], Work]  # sent to each worker, which then has what it needs


class RayWorker:
    """The actor: builds its work once, then does it."""

    def prepare(self, build: BuildWork, place: Place, version: str) -> list[str]:
        """Build the work.

        Args:
            build: Returns the work.
            place: What this worker has.
            version: Of the unpool that sends it.

        Returns:
            The name of the machine.

        Raises:
            UnpoolError: this machine has another version.
        """
        node = socket.gethostname()
        if version != __version__:
            raise UnpoolError(
                f"the machine {node} of the Ray cluster has unpool {__version__}, and this one {version}; "
                "install the same on both"
            )
        self._work = build(place)
        return [node]

    def work(self, items: Sequence[Any]) -> list[Any]:
        """Do the work of some items."""
        return self._work(items)
