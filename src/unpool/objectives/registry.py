"""Name to objective, built for a network."""

from __future__ import annotations

import importlib
from typing import cast

from unpool.networks.embedder import Embedder
from unpool.objectives.base import Objective, ObjectiveInputs
from unpool.objectives.catalogue import find_objective


def build_objective(name: str, network: Embedder, inputs: ObjectiveInputs) -> Objective:
    """Build an objective by name.

    Args:
        name: A name of `catalogue.OBJECTIVES`.
        network: The network that will be trained.
        inputs: Loss, labels, views, as the objective needs them.

    Returns:
        A module, called `objective(network, x_BCHW, index_B, epoch)`.

    Raises:
        UsageError: no objective has this name.
    """
    module, _, kind = find_objective(name).implementation.partition(":")
    implementation = cast(type[Objective], getattr(importlib.import_module(module), kind))
    return implementation.for_network(network, inputs)
