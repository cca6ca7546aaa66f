"""Evaluation mode ends where its block ends."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from unpool.networks.layers.evaluation import evaluating


def test_each_module_has_its_mode_and_gradients_back() -> None:
    module = nn.Sequential(nn.Linear(2, 2), nn.Dropout()).train()
    module[1].eval()
    with evaluating(module):
        assert not any(each.training for each in module.modules())
        assert not module(torch.zeros(1, 2)).requires_grad
    with pytest.raises(KeyError), evaluating(module):
        raise KeyError
    assert [each.training for each in module.modules()] == [True, True, False]
    assert module(torch.zeros(1, 2)).requires_grad
