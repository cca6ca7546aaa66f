"""What an epoch came to so far, added up where it is computed: nothing waits for the loss of a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from accelerate import Accelerator


def accumulation_dtype(device: torch.device) -> torch.dtype:
    """The widest floats that the device computes in: Apple's GPUs have no float64.

    >>> accumulation_dtype(torch.device("cpu")), accumulation_dtype(torch.device("mps"))
    (torch.float64, torch.float32)
    """
    return torch.float32 if device.type == "mps" else torch.float64


class LossMeter:
    """Loss and hits of an epoch so far, added up on the device."""

    def __init__(self, device: torch.device) -> None:
        self.loss_hits_seen = torch.zeros(3, dtype=accumulation_dtype(device), device=device)
        self.has_hits = False

    def add(self, loss: Tensor, hits: Tensor | None, count: int) -> None:
        """The mean loss of `count` images more, and how many of them were classified right."""
        self.has_hits = hits is not None
        self.loss_hits_seen[0] += loss.detach() * count
        self.loss_hits_seen[2] += count
        if hits is not None:
            self.loss_hits_seen[1] += hits.detach()

    def means(self, accelerator: Accelerator | None = None) -> tuple[float | None, float | None]:
        """Mean loss and accuracy, over all processes where an accelerator is given; None where there are none."""
        sums = self.loss_hits_seen
        if accelerator is not None and accelerator.num_processes > 1:
            sums = accelerator.reduce(sums.float())
        loss, hits, seen = sums.tolist()
        if not seen:
            return None, None
        return loss / seen, hits / seen if self.has_hits else None
