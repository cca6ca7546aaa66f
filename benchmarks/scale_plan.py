"""Simulate embedding very many images by workers of Ray: hours, and what limits them.

    python benchmarks/scale_plan.py --images 1e9 --workers 256 --rate 60 [--written 8000] [--life 100]

The scheduling is that of `--engine ray` itself (unpool.engines.scheduling), on a clock that jumps from one event to the
next: each worker has a rate of its own, dies now and then with what it is at, and is replaced; results are written one
after the other by the command, in order. Rates come from measurements (docs/scale.md); nothing is embedded.
"""

from __future__ import annotations

import argparse
import heapq
import random
import time
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from unpool.engines.embedding import DEVICE_PIECE, MAX_PIECE
from unpool.engines.scheduling import WorkerLostError, WorkerPool

START_SECONDS = 30.0  # of a new worker, on a machine that has one free
SPREAD = 0.1  # of the rates of workers


@dataclass(eq=False)
class Worker:
    rate: float
    dies: float
    free: float = 0.0


@dataclass
class SimulatedCluster:
    """Workers on a clock of their own; an item is the number of images of a piece."""

    num_workers: int
    rate: float
    life: float  # mean seconds until a worker dies
    rng: random.Random = field(default_factory=lambda: random.Random(0))
    now: float = 0.0
    computed: float = 0.0  # seconds that workers computed
    events: list[tuple[float, int]] = field(default_factory=list)
    results: dict[Hashable, list[object] | None] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=count)

    def start_worker(self) -> tuple[Hashable, Hashable]:
        ready = self.now + START_SECONDS * (self.now > 0)
        rate = self.rate * self.rng.lognormvariate(0, SPREAD)
        return Worker(rate, ready + self.rng.expovariate(1 / self.life), ready), self._note(ready, [])

    def submit(self, worker: Hashable, items: Sequence[object]) -> Hashable:
        assert isinstance(worker, Worker)
        begins = max(self.now, worker.free)
        worker.free = begins + sum(int(str(item)) for item in items) / worker.rate
        if worker.free > worker.dies:
            return self._note(max(self.now, worker.dies), None)
        self.computed += worker.free - begins
        return self._note(worker.free, list(items))

    def _note(self, when: float, results: list[object] | None) -> int:
        ticket = next(self.numbers)
        self.results[ticket] = results
        heapq.heappush(self.events, (when, ticket))
        return ticket

    def wait(self, tickets: Sequence[Hashable], seconds: float) -> Sequence[Hashable]:
        when, ticket = heapq.heappop(self.events)
        self.now = max(self.now, when)
        return [ticket]

    def fetch(self, ticket: Hashable) -> list[object]:
        results = self.results.pop(ticket)
        if results is None:
            raise WorkerLostError("the worker died")
        return results

    def stop_worker(self, worker: Hashable) -> None:
        pass

    def describe_lack(self) -> str:
        return "no worker"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=float, default=1e6)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rate", type=float, default=60.0, help="images a second of one worker")
    parser.add_argument("--written", type=float, default=8000.0, help="rows a second that the command writes")
    parser.add_argument("--life", type=float, default=100.0, help="mean hours until a worker dies")
    parser.add_argument("--gpu", action="store_true", help="pieces of the size that GPUs take")
    options = parser.parse_args()
    piece = DEVICE_PIECE if options.gpu else MAX_PIECE
    num_images = int(options.images)
    cluster = SimulatedCluster(options.workers, options.rate, options.life * 3600)
    pool: WorkerPool[int, int] = WorkerPool(cluster, on_crash=lambda images: images)
    began = time.perf_counter()
    pool.start()
    written, writing = 0, 0.0
    pieces = ([min(piece, num_images - start)] for start in range(0, num_images, piece))
    for (images,) in pool.map(pieces):
        written += images
        writing += images / options.written
        cluster.now += images / options.written
    seconds, ideal = time.perf_counter() - began, num_images / options.rate / options.workers
    assert written == num_images
    print(f"{num_images:,} images, {options.workers} workers at {options.rate:g} a second")
    print(f"hours: {cluster.now / 3600:.2f}; {ideal / 3600:.2f} if nothing was ever waited for")
    print(f"workers compute {100 * cluster.computed / cluster.now / options.workers:.0f} % of the time")
    print(f"the command writes {100 * writing / cluster.now:.0f} % of the time")
    print(f"{pool.num_lost} workers died")
    print(f"scheduling: {1e6 * seconds / (num_images / piece):.0f} µs of the command's core for each piece")


if __name__ == "__main__":
    main()
