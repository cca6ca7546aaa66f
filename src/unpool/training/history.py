"""Losses of a training by epoch, and its progress.

Plain numbers, readable without torch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from unpool.core.progress import Stage

Entry = dict[str, Any]  # numbers, lists of numbers, None


NUM_FIRST, NUM_LAST = 3, 2  # epochs that a printed history shows
SHOWN = ("train_loss", "val_loss", "train_accuracy", "val_accuracy", "val_miou")


@dataclass(repr=False)
class History:
    """The record of a training run.

    Attributes:
        steps: optimisation steps taken.
        images: images trained on, counted again in each epoch.
        seconds: time of training and validation.
        seconds_before: the part of it before the run was resumed.
        epochs: one entry per pass over the images: epoch, step, losses, accuracies, the objective's figures.
        last: the last weights, where the network holds better ones.
        best_by: the figure of an entry that is maximised; None: the validation loss is minimised.
    """

    steps: int = 0
    images: int = 0
    seconds: float = 0.0
    seconds_before: float = 0.0
    epochs: list[Entry] = field(default_factory=list)
    last: dict[str, Any] | None = None
    best_by: str | None = None

    def __repr__(self) -> str:
        """Show cost and losses in at most ten lines.

        >>> print(History(4, 80, 1.25, epochs=[{"epoch": 1, "train_loss": 0.5}, {"epoch": 2, "train_loss": 0.25}]))
        History: 2 epochs, 4 steps, 80 images in 1.2 s
        epoch 1: train_loss 0.5
        epoch 2: train_loss 0.25
        best: epoch 2
        """
        count = len(self.epochs)
        lines = [f"History: {count} epochs, {self.steps} steps, {self.images} images in {self.seconds:.1f} s"]
        first, last = self.epochs[:NUM_FIRST], self.epochs[max(NUM_FIRST, count - NUM_LAST) :]
        lines += [_line(entry) for entry in first]
        if count > NUM_FIRST + NUM_LAST:
            lines.append(f"… {count - NUM_FIRST - NUM_LAST} more in .epochs")
        lines += [_line(entry) for entry in last]
        if self.epochs:
            lines.append(f"best: epoch {self.best.get('epoch')}")
        return "\n".join(lines)

    @property
    def best(self) -> Entry:
        """The entry of the epoch whose weights were kept.

        Best by validation, else last.
        """
        known = [entry for entry in self.epochs if self.cost(entry) is not None]
        return min(known, key=lambda entry: self.cost(entry) or 0.0) if known else self.epochs[-1]

    def cost(self, entry: Entry) -> float | None:
        """Return what is minimised.

        The validation loss, or the negated figure `best_by`.

        >>> History(best_by="val_miou").cost({"val_loss": 0.5, "val_miou": 0.75})
        -0.75
        """
        value = entry.get(self.best_by or "val_loss")
        return value if value is None or self.best_by is None else -float(value)


def _line(entry: Entry) -> str:
    """The figures of an epoch that are one number."""
    figures = [f"{name} {entry[name]:.4g}" for name in SHOWN if entry.get(name) is not None]
    return f"epoch {entry.get('epoch')}: {', '.join(figures) or 'no figures'}"


@dataclass(frozen=True)
class TrainingProgress:
    """Where a training stands.

    Args:
        fraction: of all steps, 0..1.
        epoch: number of the epoch, from 1.
        train_loss, val_loss: the last known, None before the first.
        rate: images per second.
    """

    fraction: float
    epoch: int
    train_loss: float | None
    val_loss: float | None
    rate: float

    def describe(self) -> str:
        """Return epoch, losses and rate as text.

        >>> TrainingProgress(0.5, 3, 0.25, None, 1000.0).describe()
        'epoch 3, loss 0.2500, 1000 images/s'
        """
        losses = (("loss", self.train_loss), ("validation", self.val_loss))
        known = [f"{name} {value:.4f}" for name, value in losses if value is not None]
        return ", ".join([f"epoch {self.epoch}", *known, f"{self.rate:.0f} images/s"])


def show_on(stage: Stage) -> Callable[[TrainingProgress], None]:
    """Return a callback that moves a stage along a training.

    The stage has 100 steps.
    """
    return lambda now: stage.reach(100 * now.fraction, 100, now.describe())
