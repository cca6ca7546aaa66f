"""What the training loop tells an objective besides its batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import nn

if TYPE_CHECKING:
    from accelerate import Accelerator


class Objective(nn.Module):
    """An objective that keeps something from step to step; both calls do nothing by default.

    Its state is in buffers, so that a checkpoint holds it. `alike` names those that are the same in every process
    because each does the same to them; they are not sent around before each step.
    """

    alike: tuple[str, ...] = ()
    best_by: str | None = None
    """Which figure of `after_validation` is to be large; None: the validation loss is to be small."""
    counted: bool = True
    """False while a process without images of its own computes along: what it sees is another's already."""

    def before_epoch(self, epoch: int, num_epochs: int) -> None:
        """Called at the start of an epoch, counted from 0; not where a run resumes in the midst of one."""

    def before_validation(self) -> None:
        """Called in front of the images that are validated on."""

    def after_validation(self, accelerator: Accelerator) -> dict[str, Any]:
        """Called behind them: what the epoch's entry of the history has besides the losses."""
        return {}

    def after_step(self) -> None:
        """Called when the optimiser has changed the network."""

    def remark(self) -> str | None:
        """What to tell once the training is over; None for nothing."""
        return None
