"""How much of the machine is ours, and which of several processes this is."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """How many cores this process may use: its affinity, not the machine's.

    >>> usable_cores() >= 1
    True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def is_first_process() -> bool:
    """Whether this process tells and writes: of those that torchrun started one does; alone, always.

    >>> is_first_process()
    True
    """
    return int(os.environ.get("RANK", "0")) == 0
