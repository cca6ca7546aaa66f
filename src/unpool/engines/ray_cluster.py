"""Workers as actors of Ray.

Without an address a Ray of this machine starts, for this command alone: its files lie in a folder of their own, which
goes with it. A cluster that runs already is joined, and left as it is.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import logging
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from unpool import __version__
from unpool.core.cpu import usable_cores
from unpool.core.environment import variables_of_another_python
from unpool.core.progress import Progress
from unpool.engines.ray_worker import BuildWork, Place, RayWorker
from unpool.engines.scheduling import WorkerLostError, WorkerPool
from unpool.errors import UnpoolError, UsageError

ADDRESS_VARIABLE = "RAY_ADDRESS"
USAGE_VARIABLE = "RAY_USAGE_STATS_ENABLED"
PREFIX = "unpool-ray-"  # of the folder of a Ray of our own, followed by the number of its process
MAX_FOLDER_BYTES = 40  # of its path: Ray's sockets lie in it, and their paths may have 107
CONNECT_SECONDS = 5.0
JOIN_SECONDS = 40.0
MIN_STORE_BYTES, MAX_STORE_BYTES = 80 << 20, 512 << 20  # of the objects of a Ray of our own; Ray wants 75 MiB
REMEDY = "start one with `ray start --head`, or leave --ray-address out for a Ray of this machine"


@dataclass(frozen=True)
class RayRequest:
    """Which Ray is to compute.

    Args:
        address: Of a cluster, HOST:PORT or auto; None for that in `RAY_ADDRESS`, else a Ray of this machine.
        device: Where the workers compute: auto, cpu, cuda or mps.
        progress: Receives messages.
    """

    address: str | None
    device: str
    progress: Progress


class RayCluster:
    """Actors of Ray that do one kind of work.

    Args:
        build: Returns the work; called in each of them.
        request: Which Ray.
    """

    def __init__(self, build: BuildWork, request: RayRequest) -> None:
        self._build, self._device = build, request.device
        self._address = request.address or os.environ.get(ADDRESS_VARIABLE) or None
        self._folder: Path | None = None
        self._is_joined = self._is_callers = False
        self.num_workers = 0

    def __enter__(self) -> RayCluster:
        self._ray = import_ray()
        try:
            self._connect()
            self._count_workers()
            self._actor = self._ray.remote(RayWorker)
            self._shared = self._ray.put(self._build)
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def start_worker(self) -> tuple[Hashable, Hashable]:
        """Start an actor; it waits until the cluster has room."""
        gpus = 1 if self.place.device == "cuda" else 0
        # Dead actors are replaced by the pool, which knows what they were at.
        actor = self._actor.options(num_cpus=1, num_gpus=gpus, max_restarts=0).remote()
        return actor, actor.prepare.remote(self._shared, self.place, __version__)

    def submit(self, worker: Any, items: Sequence[object]) -> Hashable:
        """Give an actor items behind those it has."""
        ticket: Hashable = worker.work.remote(list(items))
        return ticket

    def wait(self, tickets: Sequence[Hashable], seconds: float) -> Sequence[Hashable]:
        """Wait for any ticket; returns those that are done."""
        if not tickets:
            time.sleep(seconds)
            return []
        done, _ = self._ray.wait(list(tickets), num_returns=1, timeout=seconds, fetch_local=False)
        more, _ = self._ray.wait(list(tickets), num_returns=len(tickets), timeout=0, fetch_local=False)
        return [*dict.fromkeys([*done, *more])]

    def fetch(self, ticket: Hashable) -> list[Any]:
        """Return the results of a ticket.

        Raises:
            WorkerLostError: its actor died, or its machine.
            Exception: the work raised it.
        """
        errors = self._ray.exceptions
        try:
            results: list[Any] = self._ray.get(ticket)
        except errors.RayTaskError as error:
            cause = error.cause
            if isinstance(cause, Exception):  # as if it had happened here
                raise cause from None
            raise
        except errors.RayError as error:
            raise WorkerLostError(_last_line(str(error))) from error
        return results

    def stop_worker(self, worker: Any) -> None:
        """End an actor, dead or not."""
        with contextlib.suppress(Exception):
            self._ray.kill(worker)

    def describe_lack(self) -> str:
        """Say why there is no worker, and what to do."""
        kind = "GPU" if self.place.device == "cuda" else "core"
        total = self._ray.cluster_resources()
        free = self._ray.available_resources()
        name = "GPU" if kind == "GPU" else "CPU"
        return (
            f"no worker of Ray {self.where} could start within a minute: {free.get(name, 0):g} of "
            f"{total.get(name, 0):g} {name}s are free, and each worker needs one; end what holds them, "
            "or use --engine local"
        )

    @property
    def where(self) -> str:
        return f"at {self._address}" if self._is_joined and self._address else "on this machine"

    def _connect(self) -> None:
        if self._ray.is_initialized():  # by whoever calls from Python
            self._is_joined = self._is_callers = True
        elif self._address is None or self._address == "local":
            self._start_own()
        else:
            check_joinable(self._address)
            self._is_joined = True
            self._init(address=self._address)

    def _start_own(self) -> None:
        os.environ[USAGE_VARIABLE] = "0"
        self._folder = _make_folder()
        store = int(min(MAX_STORE_BYTES, max(MIN_STORE_BYTES, _free_shared_memory() / 2)))
        self._init(
            address="local", num_cpus=usable_cores(), include_dashboard=False, object_store_memory=store,
            _temp_dir=str(self._folder),
        )  # fmt: skip

    def _init(self, **options: object) -> None:
        """Call `ray.init` quietly, and take the handler of SIGTERM back from it."""
        _print_events(False)
        former = signal.getsignal(signal.SIGTERM)
        try:
            with (
                warnings.catch_warnings()
            ):  # its processes are forked, but run a program of their own at once
                warnings.filterwarnings("ignore", "lance is not fork-safe")
                self._ray.init(logging_level=logging.ERROR, log_to_driver=False, **options)
        except (ConnectionError, RuntimeError, ValueError, OSError, AssertionError) as error:
            where = f"at {self._address} cannot be joined" if self._is_joined else "does not start here"
            raise UnpoolError(f"Ray {where}: {_last_line(str(error))}; {REMEDY}") from error
        finally:
            with contextlib.suppress(ValueError):  # not in the main thread
                signal.signal(signal.SIGTERM, former)

    def _count_workers(self) -> None:
        """One worker a GPU where there are some, else one a core."""
        total = self._ray.cluster_resources()
        gpus, cpus = int(total.get("GPU", 0)), int(total.get("CPU", 0))
        if self._device == "cuda" and not gpus:
            raise UnpoolError(
                f"Ray {self.where} has no GPU; leave --device out, or add a machine that has one"
            )
        if gpus and self._device in ("auto", "cuda"):
            self.num_workers, self.place = min(gpus, cpus), Place("cuda", max(1, math.ceil(cpus / gpus)))
        else:
            self.num_workers = cpus
            self.place = Place("cpu" if self._device in ("auto", "cuda") else self._device, 1)
        if not self.num_workers:
            raise UnpoolError(
                f"Ray {self.where} has {total.get('CPU', 0):g} CPUs, and each worker needs one; "
                "start it with more (ray start --num-cpus), or use --engine local"
            )

    def _leave(self) -> None:
        """Disconnect; a Ray of our own ends, and its files go."""
        if not self._is_callers:
            with contextlib.suppress(Exception):
                self._ray.shutdown()
            _print_events(True)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def ray_workers(
    request: RayRequest, build: BuildWork, on_crash: Callable[[Any], Any]
) -> Iterator[tuple[WorkerPool[Any, Any], Place]]:
    """Start workers that do one kind of work.

    Args:
        request: Which Ray.
        build: Returns the work; called in each worker.
        on_crash: The result of an item that ends every worker.

    Yields:
        The workers, and what each of them has.
    """
    with RayCluster(build, request) as cluster:
        pool: WorkerPool[Any, Any] = WorkerPool(cluster, on_crash)
        try:
            pool.start()
            noun = "worker" if pool.num_workers == 1 else "workers"
            request.progress.message(
                f"Ray {cluster.where}: {pool.num_workers} {noun} on {cluster.place.device}"
            )
            yield pool, cluster.place
        finally:
            pool.stop()
        if pool.num_lost:
            request.progress.message(f"{pool.num_lost} workers of Ray died; others did their work again")


def check_engine(engine: str, address: str | None) -> None:
    """Check before any work that an engine can be had.

    Raises:
        UsageError: an address without Ray, or one that is none.
        UnpoolError: Ray is not installed, or nobody answers.
    """
    if engine != "ray":
        if address is not None:
            raise UsageError(
                f"--ray-address {address} has no effect with --engine {engine}; give --engine ray"
            )
        return
    import_spec = importlib.util.find_spec("ray")
    if import_spec is None:
        raise UnpoolError(_missing())
    check_answers(address or os.environ.get(ADDRESS_VARIABLE) or "local")


def check_answers(address: str) -> None:
    """Check that somebody listens at an address.

    Raises:
        UsageError: it is no address.
        UnpoolError: nobody does.
    """
    if address in ("auto", "local"):
        return
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdigit():
        raise UsageError(
            f"--ray-address is {address!r}, but must be HOST:PORT of a cluster's head, such as 10.0.0.1:6379, or auto"
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UnpoolError(f"no Ray cluster answers at {address} ({reason}); {REMEDY}") from error


def check_joinable(address: str) -> None:
    """Check that a cluster can be joined.

    Another process tries, as it may wait for ever or crash.

    Raises:
        UnpoolError: it cannot be joined, or does not answer in time.
    """
    check_answers(address)
    argv = [sys.executable, "-P", "-m", "unpool.engines.ray_cluster", address]
    try:
        done = subprocess.run(
            argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=JOIN_SECONDS, encoding="utf-8",
            errors="replace", env=variables_of_another_python(),
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise UnpoolError(
            f"no Ray cluster answers at {address} within {JOIN_SECONDS:.0f} seconds; {REMEDY}"
        ) from None
    if done.returncode:
        reason = _last_line(done.stderr) or f"exit code {done.returncode}"
        raise UnpoolError(f"Ray at {address} cannot be joined: {reason}; {REMEDY}")


def import_ray() -> ModuleType:
    """Import Ray.

    Raises:
        UnpoolError: it is not installed.
    """
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise UnpoolError(_missing()) from error


def _missing() -> str:
    return "--engine ray needs Ray, which is not installed: pip install 'unpool[ray]'"


def _last_line(text: str) -> str:
    """The last line of a message that says something, shortened."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300].rstrip(".") if lines else ""


def _print_events(enabled: bool) -> None:
    """Let Ray print, or not, that a worker died: it does so to standard output, which is for results."""
    worker = sys.modules.get("ray._private.worker")
    if worker is not None:
        worker.__dict__["_worker_logs_enabled"] = enabled


def _make_folder() -> Path:
    """Make a folder for a Ray of our own; those of processes that were killed go."""
    named = os.environ.get("RAY_TMPDIR") or tempfile.gettempdir()
    parent = named if len(os.fsencode(named)) + len(PREFIX) + 16 <= MAX_FOLDER_BYTES else "/tmp"
    for left in Path(parent).glob(f"{PREFIX}*"):
        number = left.name.removeprefix(PREFIX).split("-")[0]
        if number.isdigit() and not Path("/proc", number).exists() and Path("/proc").is_dir():
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=parent))


def _free_shared_memory() -> int:
    try:
        return shutil.disk_usage("/dev/shm").free
    except OSError:  # no such folder, as on macOS
        return 2 * MAX_STORE_BYTES


def _main(address: str) -> None:
    """Run in the other process."""
    ray = import_ray()
    try:
        ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False)
        ray.cluster_resources()
        ray.shutdown()
    except Exception as error:
        print(_last_line(str(error)), file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    _main(sys.argv[1])
