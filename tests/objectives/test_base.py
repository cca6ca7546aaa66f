"""The hooks of an objective do nothing unless it overrides them."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from unpool.networks.autoencoder import Autoencoder
from unpool.objectives.base import Objective, ObjectiveInputs


def test_hooks_do_nothing_by_default() -> None:
    objective = Objective()
    objective.before_epoch(0, 1)
    objective.before_validation()
    objective.after_step()
    assert objective.after_validation(None) == {}  # type: ignore[arg-type]
    assert objective.remark() is None
    assert objective.replicated_buffers == ()
    assert objective.best_by is None
    assert objective.counted


def test_a_subclass_must_say_how_it_is_built() -> None:
    with pytest.raises(NotImplementedError):
        Objective.for_network(Autoencoder(nn.Conv2d(3, 4, 3)), ObjectiveInputs())
    assert not list(Objective().parameters()), torch.__version__
