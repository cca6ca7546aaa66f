"""Local Aggregation in training: warm-up, clusters once per epoch, a bank of the trained images alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from unpool.networks.catalogue import build_network
from unpool.objectives.local_aggregation.objective import Aggregation
from unpool.training.checkpoint import Checkpoints
from unpool.training.data.datasets import PixelSet
from unpool.training.loop import train
from unpool.training.plan import Plan

TRAINED = np.arange(0, 60, 2)


def parts() -> tuple[np.ndarray, np.ndarray]:
    return TRAINED, np.arange(1, 60, 2)


def made(seed: int = 0) -> tuple[Any, PixelSet, Aggregation]:
    torch.manual_seed(seed)
    network = build_network("conv", weights="none", size=8, channels=1, width=4, decoder="upsample")
    network.use_indices = False
    pixels = np.random.default_rng(0).integers(0, 256, (60, 8, 8, 1), dtype=np.uint8)
    prep = network.preprocessing
    data = PixelSet(pixels, prep.mean, prep.std, torch.device("cpu"))
    return network, data, Aggregation(network.dimension(), 60, TRAINED, seed=seed)


def test_the_bank_takes_in_the_trained_images_and_clusters_after_the_warm_up() -> None:
    network, data, objective = made()
    before = objective.local.bank.clone()
    assert before.shape == (30, 64)
    result: list[int] = []
    real = objective.local.recluster
    objective.local.recluster = lambda: (result.append(1), real())[1]  # type: ignore[method-assign]
    train(network, data, objective, Plan(epochs=4, batch=10), parts=parts())
    assert len(result) == 2  # the last two of four epochs
    assert int(objective.local.rounds) == 2
    assert (objective.local.bank != before).any(dim=1).all()
    torch.testing.assert_close(objective.local.bank.norm(dim=1), torch.ones(30))


def test_a_single_epoch_is_all_warm_up() -> None:
    _, _, objective = made()
    assert [objective.first_epoch(count) for count in (1, 2, 3, 10)] == [1, 1, 2, 5]


def test_the_loss_after_the_warm_up_is_that_of_local_aggregation() -> None:
    network, data, objective = made()
    x_BCHW = next(iter(data.batches([TRAINED[:6]])))
    contrast = objective(network, x_BCHW, TRAINED[:6], 0)
    objective.after_step()
    objective.before_epoch(1, 2)
    seen = []
    real = objective.local.forward
    objective.local.forward = lambda z, index: (seen.append(index), real(z, index))[1]  # type: ignore[method-assign]
    aggregated = objective(network, x_BCHW, TRAINED[:6], 1)
    assert seen[0].tolist() == [0, 1, 2, 3, 4, 5] * 2  # rows of the bank, not numbers of images
    assert not torch.isclose(contrast, aggregated)


def test_images_held_out_have_a_loss_and_change_nothing() -> None:
    network, data, objective = made()
    objective.eval()
    before = objective.local.bank.clone()
    held = parts()[1][:6]
    loss = objective(network, next(iter(data.batches([held]))), held, 0)
    objective.after_step()
    assert torch.isfinite(loss)
    assert torch.equal(objective.local.bank, before)


@pytest.mark.parametrize("stop", [4, 8])
def test_a_stopped_run_ends_with_the_same_bank(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    monkeypatch.setattr("unpool.training.checkpoint.SAVE_EVERY_SECONDS", 0.0)
    monkeypatch.setattr("unpool.training.checkpoint.SAVE_SHARE", 1e9)
    plan = Plan(epochs=4, batch=10)
    network, data, whole = made()
    train(network, data, whole, plan, parts=parts())
    other, data, objective = made()
    steps = []
    real = objective.after_step

    def stopping() -> None:
        steps.append(1)
        if len(steps) > stop:
            raise KeyboardInterrupt
        real()

    objective.after_step = stopping  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        train(other, data, objective, plan, parts=parts(), checkpoints=Checkpoints(tmp_path))
    again, data, resumed = made()
    train(again, data, resumed, plan, parts=parts(), checkpoints=Checkpoints(tmp_path))
    assert torch.equal(resumed.local.bank, whole.local.bank)
    assert torch.equal(resumed.local.clusters, whole.local.clusters)
    for one, same in zip(network.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, same)


def test_a_training_that_never_aggregated_says_so() -> None:
    _, _, objective = made()
    assert "by contrast alone" in str(objective.remark())
    objective.before_epoch(1, 2)
    assert objective.remark() is None
