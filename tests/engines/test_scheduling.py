"""Work shared among workers that die: everything once, in order, and nothing waits for ever.

The cluster is pretended: its workers double numbers, and die when a test says so.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from itertools import count

import pytest

from unpool.engines import scheduling
from unpool.engines.scheduling import MAX_AHEAD, MAX_ATTEMPTS, WorkerLostError, WorkerPool, cut_pieces
from unpool.errors import UnpoolError

Deadly = Callable[[int, Sequence[int]], bool]  # a worker's number, and items: whether it dies of them


class PretendedCluster:
    """Workers that work in their order, one step at each wait; which worker is next is drawn."""

    def __init__(self, num_workers: int, deadly: Deadly = lambda worker, items: False, seed: int = 0) -> None:
        self.num_workers, self.deadly = num_workers, deadly
        self.numbers, self.tickets = count(), count()
        self.queues: dict[int, deque[tuple[int, Sequence[int]]]] = {}
        self.results: dict[Hashable, list[object] | None] = {}
        self.dead: set[int] = set()
        self.rng = random.Random(seed)
        self.most_waiting = 0
        self.is_barren = False  # no worker becomes ready

    def start_worker(self) -> tuple[Hashable, Hashable]:
        worker, ticket = next(self.numbers), ("start", next(self.tickets))
        self.queues[worker] = deque()
        if not self.is_barren:
            self.results[ticket] = []
        return worker, ticket

    def submit(self, worker: Hashable, items: Sequence[object]) -> Hashable:
        assert isinstance(worker, int)
        assert worker not in self.dead
        ticket = next(self.tickets)
        self.queues[worker].append((ticket, [int(str(item)) for item in items]))
        self.most_waiting = max(self.most_waiting, len(self.queues[worker]))
        return ticket

    def wait(self, tickets: Sequence[Hashable], seconds: float) -> Sequence[Hashable]:
        if not any(ticket in self.results for ticket in tickets):
            self.work()
        return [ticket for ticket in tickets if ticket in self.results]

    def work(self) -> None:
        busy = [worker for worker, queue in self.queues.items() if queue]
        if not busy:
            return
        worker = self.rng.choice(busy)
        ticket, items = self.queues[worker].popleft()
        if not self.deadly(worker, items):
            self.results[ticket] = [2 * item for item in items]
            return
        self.dead.add(worker)
        self.results[ticket] = None
        while self.queues[worker]:
            self.results[self.queues[worker].popleft()[0]] = None

    def fetch(self, ticket: Hashable) -> list[object]:
        results = self.results[ticket]
        if results is None:
            raise WorkerLostError("the worker died")
        return results

    def stop_worker(self, worker: Hashable) -> None:
        pass

    def describe_lack(self) -> str:
        return "no core is free; end what holds them"


def double(
    cluster: PretendedCluster, num_items: int, size: int = 4
) -> tuple[list[int], WorkerPool[int, int]]:
    pool: WorkerPool[int, int] = WorkerPool(cluster, on_crash=lambda item: -item)
    pool.start()
    pieces = [range(start, min(num_items, start + size)) for start in range(0, num_items, size)]
    return [result for results in pool.map(pieces) for result in results], pool


@pytest.mark.parametrize("num_workers", [1, 2, 5])
@pytest.mark.parametrize("num_items", [0, 1, 3, 50])
def test_all_is_done_once_and_in_order(num_workers: int, num_items: int) -> None:
    results, pool = double(PretendedCluster(num_workers), num_items)
    assert results == [2 * item for item in range(num_items)]
    assert (pool.num_workers, pool.num_lost) == (num_workers, 0)


@pytest.mark.parametrize("seed", range(1, 6))
def test_dead_workers_change_nothing(seed: int) -> None:
    rng = random.Random(seed)
    cluster = PretendedCluster(3, lambda worker, items: rng.random() < 0.2, seed)
    results, pool = double(cluster, 60)
    assert results == [2 * item for item in range(60)]
    assert pool.num_lost == len(cluster.dead) > 0
    assert pool.num_workers <= 3


def test_one_worker_that_dies_is_replaced() -> None:
    results, pool = double(PretendedCluster(1, lambda worker, items: worker == 0), 20)
    assert results == [2 * item for item in range(20)]
    assert pool.num_lost == 1


def test_what_kills_every_worker_is_given_up_alone() -> None:
    results, pool = double(PretendedCluster(2, lambda worker, items: 13 in items), 40)
    assert results == [2 * item if item != 13 else -13 for item in range(40)]
    assert pool.num_lost == 2 * MAX_ATTEMPTS  # of its piece, and of itself


def test_a_worker_has_little_to_wait_and_results_do_not_pile_up() -> None:
    cluster = PretendedCluster(2)
    pool: WorkerPool[int, int] = WorkerPool(cluster, on_crash=lambda item: -item)
    pool.start()
    begun: list[int] = []

    def pieces() -> Sequence[Sequence[int]]:
        for number in range(100):
            begun.append(number)
            yield [number]

    results = pool.map(pieces())
    assert next(results) == [0]
    assert len(begun) <= MAX_AHEAD * 2
    assert cluster.most_waiting <= scheduling.MAX_QUEUED


def test_without_a_worker_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduling, "PATIENCE_SECONDS", 0.0)
    cluster = PretendedCluster(2)
    cluster.is_barren = True
    with pytest.raises(UnpoolError, match="no core is free"):
        double(cluster, 3)


def test_workers_that_all_go_and_do_not_come_back_end_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduling, "PATIENCE_SECONDS", 0.0)
    cluster = PretendedCluster(2)

    def die(worker: int, items: Sequence[int]) -> bool:
        cluster.is_barren = True
        return True

    cluster.deadly = die
    with pytest.raises(UnpoolError, match="no core is free"):
        double(cluster, 30)


def test_workers_that_die_as_they_start_are_no_endless_loop() -> None:
    class Stillborn(PretendedCluster):
        def fetch(self, ticket: Hashable) -> list[object]:
            raise WorkerLostError("killed")

    cluster = Stillborn(2)
    with pytest.raises(UnpoolError, match=r"die as they start \(killed\)"):
        double(cluster, 3)
    assert next(cluster.numbers) < 20


def test_an_error_of_the_work_ends_it() -> None:
    class Refusing(PretendedCluster):
        def fetch(self, ticket: Hashable) -> list[object]:
            if not isinstance(ticket, tuple):
                raise UnpoolError("another version")
            return super().fetch(ticket)

    with pytest.raises(UnpoolError, match="another version"):
        double(Refusing(2), 3)


@pytest.mark.parametrize(("num_items", "num_workers"), [(1, 2), (100, 2), (1500, 2), (1_000_000, 64)])
def test_pieces_are_even_and_small(num_items: int, num_workers: int) -> None:
    sizes = [len(piece) for piece in cut_pieces(range(num_items), num_workers, 4, 256)]
    assert sum(sizes) == num_items
    assert max(sizes) <= 256
    assert len(sizes) >= min(16 * num_workers, num_items // 4)
