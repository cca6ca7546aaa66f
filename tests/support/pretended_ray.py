"""Workers of Ray that are this process: what is sent to them and what they return goes through pickle."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from unpool.engines.ray_cluster import RayRequest
from unpool.engines.ray_worker import Place


class PretendedPool:
    num_workers, num_lost = 2, 0

    def __init__(self, work: Callable[[Sequence[Any]], list[Any]]) -> None:
        self.work = work

    def map(self, pieces: Iterable[Sequence[Any]]) -> Iterator[list[Any]]:
        for piece in pieces:
            yield pickle.loads(pickle.dumps(self.work(pickle.loads(pickle.dumps(piece)))))


@contextmanager
def pretended_workers(
    request: RayRequest, build: Any, on_crash: Any
) -> Iterator[tuple[PretendedPool, Place]]:
    """What stands in for `ray_workers`."""
    place = Place("cpu", 1)
    yield PretendedPool(pickle.loads(pickle.dumps(build))(place)), place
