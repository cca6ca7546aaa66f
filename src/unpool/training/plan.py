"""How long and how to train: plain numbers, readable without torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """How long and how to train. Exactly one of `epochs`, `steps` and `minutes` is set."""

    epochs: int | None = None
    steps: int | None = None
    minutes: float | None = None
    batch: int = 128
    lr: float = 2e-3
    weight_decay: float = 1e-5
    val: float = 0.1
    seed: int = 0
