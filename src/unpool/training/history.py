"""What a training run did, and where one stands: plain numbers, readable without torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Entry = dict[str, Any]  # numbers, lists of numbers, None


@dataclass
class History:
    """What a training run did: one entry in `epochs` per pass over the images.

    `images` counts those trained on, again in each epoch; `seconds` the time of training and validation,
    `seconds_before` that of it before a resume; `last` holds the last weights where `train` left better
    ones in the network; `best_by` is the figure of an entry that is to be large, None: the validation loss is to
    be small.
    """

    steps: int = 0
    images: int = 0
    seconds: float = 0.0
    seconds_before: float = 0.0
    epochs: list[Entry] = field(default_factory=list)
    last: dict[str, Any] | None = None
    best_by: str | None = None

    @property
    def best(self) -> Entry:
        """The entry of the epoch whose weights were kept: the best by validation, else the last."""
        known = [entry for entry in self.epochs if self.cost(entry) is not None]
        return min(known, key=lambda entry: self.cost(entry) or 0.0) if known else self.epochs[-1]

    def cost(self, entry: Entry) -> float | None:
        """What is to be small: the validation loss, or the figure named by `best_by` with its sign turned.

        >>> History(best_by="val_miou").cost({"val_loss": 0.5, "val_miou": 0.75})
        -0.75
        """
        value = entry.get(self.best_by or "val_loss")
        return value if value is None or self.best_by is None else -float(value)


@dataclass(frozen=True)
class Standing:
    """Where training stands: `fraction` 0..1 of all steps, the last known losses, images a second."""

    fraction: float
    epoch: int
    train_loss: float | None
    val_loss: float | None
    rate: float

    def words(self) -> str:
        """What is told beside the bar.

        >>> Standing(0.5, 3, 0.25, None, 1000.0).words()
        'epoch 3, loss 0.2500, 1000 images/s'
        """
        losses = (("loss", self.train_loss), ("validation", self.val_loss))
        told = [f"{name} {value:.4f}" for name, value in losses if value is not None]
        return ", ".join([f"epoch {self.epoch}", *told, f"{self.rate:.0f} images/s"])
