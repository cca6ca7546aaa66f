"""A workspace of pictures that a learnt inspector has seen."""

from __future__ import annotations

from support.judged import judged_run, work

__all__ = ["judged_run", "work"]
