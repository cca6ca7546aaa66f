"""The loop learns, stops on nonsense, and resumed at any step ends with the very same weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from support.small_networks import as_pixel_set, build_small_network, make_blobs
from unpool.errors import UnpoolError
from unpool.objectives.base import Objective
from unpool.objectives.contrastive import Contrast
from unpool.objectives.reconstruction import Reconstruction
from unpool.training import checkpoint as saving
from unpool.training.checkpoint import Checkpoints
from unpool.training.data.datasets import split
from unpool.training.loop import train
from unpool.training.plan import Plan


def same(a: nn.Module, b: nn.Module) -> bool:
    return all(
        torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    )


class Stop(BaseException):
    """Stands in for a kill."""


@pytest.mark.parametrize("stop_at", [1, 4, 7, 11, 13])
def test_resumed_run_ends_with_the_same_weights(
    stop_at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "SAVE_EVERY_SECONDS", 0.0)
    plan = Plan(epochs=4, batch=16, val=0.2)
    undisturbed = build_small_network()
    whole = train(undisturbed, as_pixel_set(), Reconstruction(), plan)
    calls = 0

    class Killed(Reconstruction):
        def forward(self, *args: object) -> Tensor:
            nonlocal calls
            calls += 1
            if calls == stop_at:
                raise Stop
            return super().forward(*args)

    with pytest.raises(Stop):
        train(build_small_network(), as_pixel_set(), Killed(), plan, checkpoints=Checkpoints(tmp_path))
    resumed = build_small_network()
    history = train(resumed, as_pixel_set(), Reconstruction(), plan, checkpoints=Checkpoints(tmp_path))
    assert same(resumed, undisturbed)
    assert history.epochs == whole.epochs
    assert history.steps == whole.steps == 12


def test_another_seed_gives_other_weights() -> None:
    nets = [build_small_network(), build_small_network()]
    for seed, net in enumerate(nets):
        train(net, as_pixel_set(), Reconstruction(), Plan(epochs=1, batch=16, seed=seed))
    assert not same(*nets)


def test_a_checkpoint_of_another_plan_is_not_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "SAVE_EVERY_SECONDS", 0.0)
    train(
        build_small_network(),
        as_pixel_set(),
        Reconstruction(),
        Plan(steps=5, batch=16),
        checkpoints=Checkpoints(tmp_path),
    )
    fresh, after = build_small_network(), build_small_network()
    train(fresh, as_pixel_set(), Reconstruction(), Plan(steps=5, batch=16, lr=1e-4))
    train(
        after,
        as_pixel_set(),
        Reconstruction(),
        Plan(steps=5, batch=16, lr=1e-4),
        checkpoints=Checkpoints(tmp_path),
    )
    assert same(fresh, after)


def test_learns_more_than_the_mean_image() -> None:
    net = build_small_network()
    history = train(net, as_pixel_set(make_blobs(200)), Reconstruction(), Plan(epochs=30, batch=16, val=0.2))
    pixels = make_blobs(200).astype(np.float32) / 127.5 - 1
    variance = float(((pixels - pixels.mean(0)) ** 2).mean())
    first, last = history.epochs[0]["val_loss"], history.epochs[-1]["val_loss"]
    assert last < 0.3 * variance < first


def test_best_weights_by_a_figure_that_is_to_be_large_are_left() -> None:
    class Judged(Objective):
        """Says itself how good the network is after each epoch, whatever its loss; and keeps what it was then."""

        best_by = "figure"

        def __init__(self, net: nn.Module) -> None:
            super().__init__()
            self.loss, self.held, self.kept = Reconstruction(), [net], []

        def forward(self, *args: object) -> Tensor:
            return self.loss(*args)

        def after_validation(self, accelerator: object) -> dict[str, float]:
            self.kept.append({name: value.clone() for name, value in self.held[0].state_dict().items()})
            return {"figure": [0.2, 0.9, 0.4][len(self.kept) - 1]}

    net = build_small_network()
    judge = Judged(net)
    history = train(net, as_pixel_set(), judge, Plan(epochs=3, batch=16, val=0.2))
    assert history.best["epoch"] == 2
    assert all(torch.equal(value, judge.kept[1][name]) for name, value in net.state_dict().items())
    assert any(not torch.equal(value, judge.kept[2][name]) for name, value in net.state_dict().items())


def test_best_weights_by_validation_are_left() -> None:
    net, pixels = build_small_network(), make_blobs()
    plan = Plan(epochs=6, batch=16, val=0.2, lr=5e-3)
    history = train(net, as_pixel_set(pixels), Reconstruction(), plan)
    held = split(len(pixels), 0.2, 0)[1]
    x_BCHW = as_pixel_set(pixels).batch(held)
    with torch.no_grad():
        loss = float(nn.functional.mse_loss(net.eval()(x_BCHW), x_BCHW))
    assert loss == pytest.approx(min(entry["val_loss"] for entry in history.epochs), rel=1e-4)


def test_loss_that_is_no_number_stops_with_advice() -> None:
    class Broken(nn.Module):
        def forward(self, net: nn.Module, x_BCHW: Tensor, *_: object) -> Tensor:
            return net(x_BCHW).sum() * float("nan")

    with pytest.raises(UnpoolError, match=r"became nan in epoch 1; try a smaller learning rate"):
        train(build_small_network(), as_pixel_set(), Broken(), Plan(epochs=2, batch=16))


def test_minutes_become_steps_and_leave_the_weights_alone() -> None:
    timed = build_small_network()
    history = train(timed, as_pixel_set(), Reconstruction(), Plan(minutes=0.01, batch=16))
    assert history.steps >= 1
    counted = build_small_network()
    train(counted, as_pixel_set(), Reconstruction(), Plan(steps=history.steps, batch=16))
    assert same(timed, counted)


def test_fewer_images_than_a_batch() -> None:
    history = train(
        build_small_network(), as_pixel_set(make_blobs(3)), Reconstruction(), Plan(epochs=2, batch=16)
    )
    assert history.steps == 2


def test_contrast_resumes_exactly_with_its_projection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "SAVE_EVERY_SECONDS", 0.0)

    def make() -> tuple[nn.Module, Contrast]:
        net = build_small_network()
        torch.manual_seed(1)
        return net, Contrast(net.dimension(8))

    class Killed(Contrast):
        calls = 0

        def forward(self, *args: object) -> Tensor:
            self.calls += 1
            if self.calls == 8:
                raise Stop
            return super().forward(*args)

    plan = Plan(epochs=3, batch=16, val=0.2)
    whole, objective = make()
    train(whole, as_pixel_set(), objective, plan)
    killed, objective = make()
    objective.__class__ = Killed
    with pytest.raises(Stop):
        train(killed, as_pixel_set(), objective, plan, checkpoints=Checkpoints(tmp_path))
    resumed, objective = make()
    train(resumed, as_pixel_set(), objective, plan, checkpoints=Checkpoints(tmp_path))
    assert same(resumed, whole)
