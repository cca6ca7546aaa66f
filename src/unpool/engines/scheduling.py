"""Share pieces of work among workers that may die.

Results come in the order of the pieces, whoever finishes first: what is written is the same as from one process.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from unpool.errors import UnpoolError

MAX_ATTEMPTS = 3  # workers that may die of a piece, and then of each item of it alone
MAX_QUEUED = 2  # pieces that a worker has: the next one waits there while it works
MAX_AHEAD = 4  # pieces for each worker that wait for an earlier one, so that memory stays bounded
WAIT_SECONDS = 1.0  # for news of workers, before the time is looked at
PATIENCE_SECONDS = 45.0  # without any worker
GATHERING_SECONDS = 10.0  # for the others, once there is one worker

Item = TypeVar("Item")
Result = TypeVar("Result")


class WorkerLostError(Exception):
    """A worker died, or its machine with what it returned."""


class Cluster(Protocol):
    """Where workers run.

    A ticket stands for what is under way, and is waited for.
    """

    num_workers: int

    def start_worker(self) -> tuple[Hashable, Hashable]:
        """Start a worker; returns it and a ticket."""

    def submit(self, worker: Hashable, items: Sequence[object]) -> Hashable:
        """Give a worker more items; returns a ticket."""

    def wait(self, tickets: Sequence[Hashable], seconds: float) -> Sequence[Hashable]:
        """Wait for any ticket; returns those that are done."""

    def fetch(self, ticket: Hashable) -> list[object]:
        """Return the results of a ticket; raises `WorkerLostError`."""

    def stop_worker(self, worker: Hashable) -> None:
        """End a worker, dead or not."""

    def describe_lack(self) -> str:
        """Say why there is no worker, and what to do."""


@dataclass(eq=False)
class _Worker:
    handle: Hashable
    tickets: list[Hashable] = field(default_factory=list)  # the first is what it works on


@dataclass(eq=False)
class _Piece(Generic[Item, Result]):
    """Items in one place of the order; `singly` once several workers have died of them together."""

    items: list[Item]
    results: list[Result] = field(default_factory=list)
    attempts: int = 0
    singly: bool = False

    @property
    def batch(self) -> list[Item]:
        return self.items[:1] if self.singly else self.items

    def take(self, results: Sequence[Result], count: int) -> None:
        self.results.extend(results)
        self.items, self.attempts = self.items[count:], 0

    def note_death(self, on_crash: Callable[[Item], Result]) -> None:
        """Count a worker that died of it; what kills every worker is given up."""
        self.attempts += 1
        if self.attempts < MAX_ATTEMPTS:
            return
        if len(self.batch) > 1:
            self.singly, self.attempts = True, 0
        else:
            self.take([on_crash(self.items[0])], 1)


class WorkerPool(Generic[Item, Result]):
    """Workers of a cluster, replaced where they die.

    Args:
        cluster: Where they run.
        on_crash: The result of an item that ends every worker that takes it.

    Attributes:
        num_workers: The largest number of workers that there were at a time.
        num_lost: How many died.
    """

    def __init__(self, cluster: Cluster, on_crash: Callable[[Item], Result]) -> None:
        self.num_workers = self.num_lost = 0
        self._cluster, self._on_crash = cluster, on_crash
        self._ready: list[_Worker] = []
        self._starting: dict[Hashable, _Worker] = {}
        self._working: dict[Hashable, tuple[_Worker, _Piece[Item, Result], int]] = {}
        self._waiting: deque[_Piece[Item, Result]] = deque()
        self._failed_starts = 0
        self._without_workers = time.monotonic()

    def start(self) -> None:
        """Start the workers; returns once some are ready.

        Raises:
            UnpoolError: there is none for too long, or they cannot work.
        """
        for _ in range(self._cluster.num_workers):
            self._start_worker()
        while not self._ready:
            self._step()
        gathered = time.monotonic() + GATHERING_SECONDS
        while self._starting and time.monotonic() < gathered:
            self._step()

    def stop(self) -> None:
        """End all workers."""
        for worker in [*self._ready, *self._starting.values()]:
            with contextlib.suppress(Exception):  # it has ended
                self._cluster.stop_worker(worker.handle)

    def map(self, pieces: Iterable[Sequence[Item]]) -> Iterator[list[Result]]:
        """Work on pieces of items.

        Args:
            pieces: Some items each.

        Yields:
            The results of each piece, in the order of the pieces.

        Raises:
            UnpoolError: there is no worker for too long, or a worker raised it.
        """
        remaining = iter(pieces)
        order: deque[_Piece[Item, Result]] = deque()
        is_exhausted = False
        while True:
            while not is_exhausted and len(order) < MAX_AHEAD * max(1, len(self._ready)):
                items = next(remaining, None)
                if items is None:
                    is_exhausted = True
                else:
                    order.append(_Piece(list(items)))
                    self._waiting.append(order[-1])
            self._submit()
            while order and not order[0].items:
                yield order.popleft().results
            if order:
                self._step()
            elif is_exhausted:
                return

    def _submit(self) -> None:
        """Give waiting pieces to the workers that have the fewest."""
        while self._waiting and self._ready:
            worker = min(self._ready, key=lambda each: len(each.tickets))
            if len(worker.tickets) >= MAX_QUEUED:
                return
            piece = self._waiting.popleft()
            batch = piece.batch
            ticket = self._cluster.submit(worker.handle, batch)
            worker.tickets.append(ticket)
            self._working[ticket] = worker, piece, len(batch)

    def _step(self) -> None:
        """Wait for news of any worker."""
        tickets = [*self._starting, *self._working]
        for ticket in self._cluster.wait(tickets, WAIT_SECONDS):
            if ticket in self._starting:
                self._note_start(ticket)
            elif ticket in self._working:  # not of a worker that an earlier ticket has shown to be dead
                self._note_results(ticket)
        if self._ready:
            self._without_workers = time.monotonic()
        elif time.monotonic() - self._without_workers > PATIENCE_SECONDS:
            raise UnpoolError(self._cluster.describe_lack())

    def _start_worker(self) -> None:
        handle, ticket = self._cluster.start_worker()
        self._starting[ticket] = _Worker(handle)

    def _note_start(self, ticket: Hashable) -> None:
        worker = self._starting.pop(ticket)
        try:
            self._cluster.fetch(ticket)
        except WorkerLostError as error:
            self._cluster.stop_worker(worker.handle)
            self._failed_starts += 1
            if self._failed_starts > MAX_ATTEMPTS * self._cluster.num_workers:
                raise UnpoolError(f"workers of Ray die as they start ({error}); see its logs") from error
            self._start_worker()
            return
        self._failed_starts = 0
        self._ready.append(worker)
        self.num_workers = max(self.num_workers, len(self._ready))

    def _note_results(self, ticket: Hashable) -> None:
        worker, piece, count = self._working[ticket]
        try:
            results = self._cluster.fetch(ticket)
        except WorkerLostError:
            self._replace(worker)
            return
        del self._working[ticket]
        worker.tickets.remove(ticket)
        piece.take(results, count)  # type: ignore[arg-type] # what the work of these items returned
        if piece.items:
            self._waiting.appendleft(piece)

    def _replace(self, worker: _Worker) -> None:
        """Put what a dead worker had back in front, and start another one."""
        self._ready.remove(worker)
        self._cluster.stop_worker(worker.handle)
        self.num_lost += 1
        pieces = [self._working.pop(ticket)[1] for ticket in worker.tickets]
        pieces[0].note_death(self._on_crash)  # the others it had not begun
        self._waiting.extendleft(piece for piece in reversed(pieces) if piece.items)
        self._start_worker()


def cut_pieces(items: Sequence[Item], num_workers: int, low: int, high: int) -> Iterator[Sequence[Item]]:
    """Cut items into pieces, so that all workers finish together.

    Args:
        items: What is to be done.
        num_workers: How many share it.
        low: The smallest number of items of a piece.
        high: The largest: what is lost with a worker.

    Yields:
        The pieces, in order.

    >>> [len(piece) for piece in cut_pieces(range(10), 2, 4, 64)]
    [4, 4, 2]
    """
    size = min(high, max(low, len(items) // (16 * max(1, num_workers))))
    for start in range(0, len(items), size):
        yield items[start : start + size]
