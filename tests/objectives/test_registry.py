"""What goes with an objective beyond its name: the projection and the temperature of contrast."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from torch import nn

from unpool.networks.autoencoder import Autoencoder
from unpool.objectives.base import ObjectiveInputs
from unpool.objectives.registry import build_objective
from unpool.objectives.views import PrecomputedViews

NETWORK = Autoencoder(nn.Conv2d(3, 12, 3), merge="mean")


@pytest.mark.parametrize(
    ("options", "projects", "temperature"),
    [({}, True, 0.5), ({"adapts": True}, True, 0.2), ({"views": PrecomputedViews(3)}, False, 0.2)],
    ids=["fresh", "learnt", "head"],
)
def test_contrast_suits_what_it_trains(options, projects: bool, temperature: float) -> None:
    objective = build_objective("contrast", NETWORK, ObjectiveInputs(**options))
    assert objective.temperature == temperature
    assert isinstance(objective.projection, nn.Identity) is not projects


def test_a_head_fills_the_bank_with_its_own_vectors() -> None:
    inputs = ObjectiveInputs(trained_M=np.arange(20), num_images=20)
    whole = build_objective("aggregate", NETWORK, inputs)
    head = build_objective("aggregate", NETWORK, replace(inputs, views=PrecomputedViews(3)))
    assert whole.local.bank.shape == (20, 64)
    assert head.local.bank.shape == (20, NETWORK.dimension()) == (20, 12)
