"""CPU and allocator settings of this process, and its rank."""

from __future__ import annotations

import ctypes
import os
import sys

SPINS = "10000"
MMAP_THRESHOLD, TRIM_THRESHOLD, TOP_PAD = -3, -1, -2  # of mallopt, as in glibc's malloc.h


def usable_cores() -> int:
    """Count the cores that this process may use.

    Its affinity counts, not the machine's cores.

    >>> usable_cores() >= 1
    True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cores_of_process() -> int:
    """Count the cores that each process of a machine has.

    >>> cores_of_process() == usable_cores()
    True
    """
    return max(1, usable_cores() // int(os.environ.get("LOCAL_WORLD_SIZE") or 1))


def is_first_process() -> bool:
    """Whether this process prints and writes files.

    Of those that torchrun started, the first does; a single process always.

    >>> is_first_process()
    True
    """
    return int(os.environ.get("RANK", "0")) == 0


def is_first_of_machine() -> bool:
    """Whether this process prints what all would print.

    Of those that torchrun started on a machine, the first does; a single process always.

    >>> is_first_of_machine()
    True
    """
    return int(os.environ.get("LOCAL_RANK") or 0) == 0


def num_processes() -> int:
    """Return how many processes torchrun started together.

    >>> num_processes()
    1
    """
    return int(os.environ.get("WORLD_SIZE") or 1) if os.environ.get("RANK") else 1


def limit_openmp_spinning() -> None:
    """Limit how long waiting OpenMP threads spin.

    Must be called before torch starts its threads.

    Threads that spin make small networks ten times slower when another program wants the cores too; threads that
    sleep at once make them a quarter slower when none does. What the user set in the environment stays.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)


def limit_torch_warnings() -> None:
    """Leave out torch's warnings of connections that break.

    Must be called before torch is imported.

    Each has a page of addresses; the command says in a line which process is gone.
    """
    if num_processes() > 1:
        os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")


def keep_freed_memory() -> None:
    """Let the C library keep freed memory for reuse.

    Training allocates the same tensors in every step. By default each of some megabytes is mapped anew, page by
    page, which takes a third of the time of a small network's step. Only glibc has the switch; others do without.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    for most in (1 << 30, 1 << 25):  # some versions of glibc refuse more than 32 MB
        if mallopt(MMAP_THRESHOLD, most):
            break
    mallopt(TRIM_THRESHOLD, 1 << 30)
    mallopt(TOP_PAD, 64 << 20)
