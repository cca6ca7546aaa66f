"""What the training loop tells an objective besides its batches."""

from __future__ import annotations

from torch import nn


class Objective(nn.Module):
    """An objective that keeps something from step to step; both calls do nothing by default.

    Its state is in buffers, so that a checkpoint holds it. `alike` names those that are the same in every process
    because each does the same to them; they are not sent around before each step.
    """

    alike: tuple[str, ...] = ()

    def before_epoch(self, epoch: int, num_epochs: int) -> None:
        """Called at the start of an epoch, counted from 0; not where a run resumes in the midst of one."""

    def after_step(self) -> None:
        """Called when the optimiser has changed the network."""
