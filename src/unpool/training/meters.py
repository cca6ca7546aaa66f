"""Mean loss and accuracy of an epoch.

They are summed on the device: nothing waits for the loss of a step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from accelerate import Accelerator


def accumulation_dtype(device: torch.device) -> torch.dtype:
    """Return the widest float type of a device.

    Apple's GPUs have no float64.

    >>> accumulation_dtype(torch.device("cpu")), accumulation_dtype(torch.device("mps"))
    (torch.float64, torch.float32)
    """
    return torch.float32 if device.type == "mps" else torch.float64


class LossMeter:
    """Sum the loss and hits of an epoch.

    Attributes:
        totals: (3,), loss times images, images classified right, images.
    """

    def __init__(self, device: torch.device) -> None:
        self.totals = torch.zeros(3, dtype=accumulation_dtype(device), device=device)
        self.has_hits = False

    def add(self, loss: Tensor, hits: Tensor | None, count: int) -> None:
        """Add the loss and hits of some images.

        Args:
            loss: their mean.
            hits: how many of them were classified right; None: nothing is classified.
            count: their number.
        """
        self.has_hits = hits is not None
        self.totals[0] += loss.detach() * count
        self.totals[2] += count
        if hits is not None:
            self.totals[1] += hits.detach()

    def means(self, accelerator: Accelerator | None = None) -> tuple[float | None, float | None]:
        """Return mean loss and accuracy.

        They are over all processes of an accelerator, and None where nothing was added.
        """
        sums = self.totals
        if accelerator is not None and accelerator.num_processes > 1:
            sums = accelerator.reduce(sums.float())
        loss, hits, seen = sums.tolist()
        if not seen:
            return None, None
        return loss / seen, hits / seen if self.has_hits else None
