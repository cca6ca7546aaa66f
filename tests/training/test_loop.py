"""The loop learns, stops on nonsense, and resumed at any step ends with the very same weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from unpool.errors import UnpoolError
from unpool.networks.catalogue import build_network
from unpool.objectives.base import Objective
from unpool.objectives.contrastive import Contrast
from unpool.objectives.reconstruction import Reconstruction
from unpool.training import checkpoint as saving
from unpool.training.checkpoint import Checkpoints
from unpool.training.data.datasets import PixelSet, epoch_batches, split
from unpool.training.loop import train
from unpool.training.plan import Plan


def blobs(count: int = 60, size: int = 8) -> np.ndarray:
    """Bright squares on black: easy to learn, all different."""
    rng = np.random.default_rng(0)
    pixels = np.zeros((count, size, size, 1), np.uint8)
    for image in pixels:
        y, x = rng.integers(0, size - 3, 2)
        image[y : y + 3, x : x + 3] = rng.integers(100, 256)
    return pixels


def network() -> nn.Module:
    net = build_network("conv", size=8, channels=1, width=8, decoder="upsample", seed=3)
    net.use_indices = False
    return net


def data(pixels: np.ndarray | None = None) -> PixelSet:
    return PixelSet(blobs() if pixels is None else pixels, (0.5,), (0.5,), torch.device("cpu"))


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
    undisturbed = network()
    whole = train(undisturbed, data(), Reconstruction(), plan)
    calls = 0

    class Killed(Reconstruction):
        def forward(self, *args: object) -> Tensor:
            nonlocal calls
            calls += 1
            if calls == stop_at:
                raise Stop
            return super().forward(*args)

    with pytest.raises(Stop):
        train(network(), data(), Killed(), plan, checkpoints=Checkpoints(tmp_path))
    resumed = network()
    history = train(resumed, data(), Reconstruction(), plan, checkpoints=Checkpoints(tmp_path))
    assert same(resumed, undisturbed)
    assert history.epochs == whole.epochs
    assert history.steps == whole.steps == 12


def test_another_seed_gives_other_weights() -> None:
    nets = [network(), network()]
    for seed, net in enumerate(nets):
        train(net, data(), Reconstruction(), Plan(epochs=1, batch=16, seed=seed))
    assert not same(*nets)


def test_a_checkpoint_of_another_plan_is_not_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "SAVE_EVERY_SECONDS", 0.0)
    train(network(), data(), Reconstruction(), Plan(steps=5, batch=16), checkpoints=Checkpoints(tmp_path))
    fresh, after = network(), network()
    train(fresh, data(), Reconstruction(), Plan(steps=5, batch=16, lr=1e-4))
    train(
        after, data(), Reconstruction(), Plan(steps=5, batch=16, lr=1e-4), checkpoints=Checkpoints(tmp_path)
    )
    assert same(fresh, after)


def test_learns_more_than_the_mean_image() -> None:
    net = network()
    history = train(net, data(blobs(200)), Reconstruction(), Plan(epochs=30, batch=16, val=0.2))
    pixels = blobs(200).astype(np.float32) / 127.5 - 1
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

    net = network()
    judge = Judged(net)
    history = train(net, data(), judge, Plan(epochs=3, batch=16, val=0.2))
    assert history.best["epoch"] == 2
    assert all(torch.equal(value, judge.kept[1][name]) for name, value in net.state_dict().items())
    assert any(not torch.equal(value, judge.kept[2][name]) for name, value in net.state_dict().items())


def test_best_weights_by_validation_are_left() -> None:
    net, pixels = network(), blobs()
    plan = Plan(epochs=6, batch=16, val=0.2, lr=5e-3)
    history = train(net, data(pixels), Reconstruction(), plan)
    held = split(len(pixels), 0.2, 0)[1]
    x_BCHW = data(pixels).batch(held)
    with torch.no_grad():
        loss = float(nn.functional.mse_loss(net.eval()(x_BCHW), x_BCHW))
    assert loss == pytest.approx(min(entry["val_loss"] for entry in history.epochs), rel=1e-4)


def test_loss_that_is_no_number_stops_with_advice() -> None:
    class Broken(nn.Module):
        def forward(self, net: nn.Module, x_BCHW: Tensor, *_: object) -> Tensor:
            return net(x_BCHW).sum() * float("nan")

    with pytest.raises(UnpoolError, match=r"became nan in epoch 1; try a smaller learning rate"):
        train(network(), data(), Broken(), Plan(epochs=2, batch=16))


def test_minutes_become_steps_and_leave_the_weights_alone() -> None:
    timed = network()
    history = train(timed, data(), Reconstruction(), Plan(minutes=0.01, batch=16))
    assert history.steps >= 1
    counted = network()
    train(counted, data(), Reconstruction(), Plan(steps=history.steps, batch=16))
    assert same(timed, counted)


def test_fewer_images_than_a_batch() -> None:
    history = train(network(), data(blobs(3)), Reconstruction(), Plan(epochs=2, batch=16))
    assert history.steps == 2


def test_batches_hold_every_image_once_in_an_order_of_the_epoch() -> None:
    index = np.arange(10, 47)
    first = list(epoch_batches(index, 8, seed=1, epoch=0))
    assert sorted(np.concatenate(first)) == index.tolist()
    assert [len(batch) for batch in first] == [8, 8, 8, 8, 5]
    again = list(epoch_batches(index, 8, seed=1, epoch=0))
    other = list(epoch_batches(index, 8, seed=1, epoch=1))
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert not (np.concatenate(first) == np.concatenate(other)).all()


def test_pixels_are_normalised_as_the_network_wants() -> None:
    pixels = np.array([0, 51, 255], np.uint8).reshape(1, 1, 3, 1).repeat(3, axis=3)
    set_ = PixelSet(pixels, (0.5, 0.0, 0.2), (0.5, 1.0, 0.4), torch.device("cpu"))
    expected = torch.tensor([[-1, -0.6, 1], [0, 0.2, 1], [-0.5, 0, 2]]).view(1, 3, 1, 3)
    torch.testing.assert_close(set_.batch(np.array([0])), expected)


def test_contrast_resumes_exactly_with_its_projection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "SAVE_EVERY_SECONDS", 0.0)

    def make() -> tuple[nn.Module, Contrast]:
        net = network()
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
    train(whole, data(), objective, plan)
    killed, objective = make()
    objective.__class__ = Killed
    with pytest.raises(Stop):
        train(killed, data(), objective, plan, checkpoints=Checkpoints(tmp_path))
    resumed, objective = make()
    train(resumed, data(), objective, plan, checkpoints=Checkpoints(tmp_path))
    assert same(resumed, whole)
