"""The base of all objectives, and their inputs.

N images, B batch, M images trained on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from torch import nn

if TYPE_CHECKING:
    from accelerate import Accelerator

    from unpool.networks.embedder import Embedder
    from unpool.objectives.views import ViewSampler


@dataclass(frozen=True)
class ObjectiveInputs:
    """What objectives are built from besides the network.

    Each takes what it needs.

    Args:
        loss: As typed, such as `huber:delta=0.5`; None for the objective's own.
        corruption: As typed, such as `gaussian:sigma=0.1`; None for the default.
        labels_N: The class of each image, int64.
        num_classes: Number of classes.
        trained_M: The images trained on.
        num_images: N, with the images held out.
        views: A name of `views.VIEWS` or a sampler. `PrecomputedViews` mean that the network is a head, and that no
            projection follows it.
        adapts: The encoder has weights from elsewhere; contrast is then sharper.
        seed: Random seed.
    """

    loss: str | None = None
    corruption: str | None = None
    labels_N: np.ndarray | None = None
    num_classes: int = 0
    trained_M: np.ndarray | None = None
    num_images: int = 0
    views: str | ViewSampler | None = None
    adapts: bool = False
    seed: int = 0


class Objective(nn.Module):
    """The base of all objectives.

    `objective(network, x_BCHW, index_B, epoch)` returns a scalar, or a scalar and how many images were classified
    correctly. The hooks do nothing by default. State is kept in buffers, so that a checkpoint holds it.
    """

    replicated_buffers: tuple[str, ...] = ()
    """Buffers that every process updates in the same way, which need no broadcast before each step."""
    best_by: str | None = None
    """The figure of `after_validation` that is to be large; None: the validation loss is to be small."""
    counted: bool = True
    """False while a process without images of its own computes along: its batch is counted elsewhere."""

    @classmethod
    def for_network(cls, network: Embedder, inputs: ObjectiveInputs) -> Self:
        """Build the objective for a network."""
        raise NotImplementedError

    def before_epoch(self, epoch: int, num_epochs: int) -> None:
        """Run at the start of an epoch, counted from 0.

        A run that resumes inside an epoch does not call it again.
        """

    def before_validation(self) -> None:
        """Run before the validation images."""

    def after_validation(self, accelerator: Accelerator) -> dict[str, Any]:
        """Run after the validation images.

        Returns:
            What the epoch's entry of the history has besides the losses.
        """
        return {}

    def after_step(self) -> None:
        """Run after the optimiser has changed the network."""

    def remark(self) -> str | None:
        """Return a message about a finished training, or None."""
        return None
