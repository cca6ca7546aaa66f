"""Where a command keeps what it has done so far.

After an interruption the same command goes on there.
"""

from __future__ import annotations

from pathlib import Path

from unpool.store.state import SUFFIX


def scratch_of(out: Path) -> Path:
    """Name a hidden folder beside what is written.

    >>> scratch_of(Path("a/answers.csv")).as_posix()
    'a/.answers.csv.unpool'
    """
    return out.with_name(f".{out.name}{SUFFIX}")
