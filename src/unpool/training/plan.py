"""How long and how to train: plain numbers, readable without torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """How long and how to train. Exactly one of `epochs`, `steps` and `minutes` is set.

    `batch` counts the images of a step over all processes. `optimizer` and `schedule` are names as in
    `training.optimisers`. `val` is the share of the images kept out for validation. Training stops early when
    the validation loss has not improved for `patience` epochs, never where that is None. `backbone_lr` is the
    learning rate of the network's encoder where it has one of its own.
    """

    epochs: int | None = None
    steps: int | None = None
    minutes: float | None = None
    batch: int = 128
    drop_last: bool = False
    optimizer: str = "adamw"
    schedule: str = "cosine"
    lr: float = 2e-3
    weight_decay: float | None = 1e-5
    val: float = 0.1
    patience: int | None = None
    seed: int = 0
    backbone_lr: float | None = None
