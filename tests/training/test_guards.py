"""Numbers that are none, steps that cannot be trained on and states of others are reported, and nothing is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from unpool.errors import UnpoolError, UsageError
from unpool.networks.catalogue import build_network
from unpool.training import checkpoint as saving
from unpool.training import model_file
from unpool.training.checkpoint import NAME, Checkpoints, load_checkpoint, save_checkpoint
from unpool.training.data.datasets import PixelSet
from unpool.training.loop import train
from unpool.training.meters import LossMeter, accumulation_dtype
from unpool.training.model_file import save_model
from unpool.training.plan import Plan
from unpool.training.trainer import Trainer


class Squared(nn.Module):
    """The mean square of what the network gives, made NaN by `spoilt` in validation or in the gradient."""

    def __init__(self, spoilt: str = "") -> None:
        super().__init__()
        self.spoilt = spoilt

    def forward(self, net: nn.Module, x_BCHW: Tensor, *_: object) -> Tensor:
        loss: Tensor = net(x_BCHW).square().mean()
        if self.spoilt == "gradient":
            loss.register_hook(lambda gradient: gradient * float("nan"))
        return loss * float("nan") if self.spoilt == "validation" and not net.training else loss


class Normalised(nn.Module):
    """Batch normalisation on one plane of 1×1."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(1, 4, 8), nn.BatchNorm2d(4))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        made: Tensor = self.layers(x_BCHW)
        return made


def images(count: int = 20) -> PixelSet:
    pixels = np.random.default_rng(0).integers(0, 256, (count, 8, 8, 1)).astype(np.uint8)
    return PixelSet(pixels, (0.5,), (0.5,), torch.device("cpu"))


def test_a_validation_loss_that_is_no_number_is_reported() -> None:
    with pytest.raises(UnpoolError, match=r"the validation loss became nan in epoch 1; try a smaller"):
        train(Normalised(), images(), Squared("validation"), Plan(epochs=1, batch=10))


def test_weights_that_are_no_numbers_are_reported_where_no_loss_tells() -> None:
    result = r"weights layers.0.weight are no numbers any more after step 1; try a smaller learning rate"
    with pytest.raises(UnpoolError, match=result):
        train(Normalised(), images(), Squared("gradient"), Plan(steps=1, batch=10, val=0))


def test_a_lost_state_is_not_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "SAVE_EVERY_SECONDS", 0.0)
    monkeypatch.setattr(saving, "SAVE_SHARE", 1e9)
    saved: list[dict[str, Any]] = []
    monkeypatch.setattr(saving, "save_checkpoint", lambda folder, state: saved.append(state))
    with pytest.raises(UnpoolError, match="the loss became nan"):
        train(
            Normalised(),
            images(),
            Squared("gradient"),
            Plan(epochs=1, batch=5, val=0),
            checkpoints=Checkpoints(tmp_path),
        )
    assert [state["step"] for state in saved] == [1]


@pytest.mark.parametrize(
    ("count", "plan"), [(21, Plan(epochs=1, batch=10, val=0)), (4, Plan(steps=2, batch=1, val=0))]
)
def test_a_step_of_one_image_is_reported_before_the_first(count: int, plan: Plan) -> None:
    net = Normalised()
    before = [value.clone() for value in net.state_dict().values()]
    with pytest.raises(UsageError, match=r"leave a step of one image.*--drop-last or another --batch"):
        train(net, images(count), Squared(), plan)
    assert all(torch.equal(old, new) for old, new in zip(before, net.state_dict().values(), strict=True))


@pytest.mark.parametrize(
    "plan", [Plan(epochs=1, batch=10, val=0, drop_last=True), Plan(steps=2, batch=10, val=0)]
)
def test_a_step_of_one_image_that_never_comes_is_no_matter(plan: Plan) -> None:
    assert train(Normalised(), images(21), Squared(), plan).steps == 2


def test_trying_one_image_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def weights() -> list[Tensor]:
        torch.manual_seed(0)
        net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
        train(net, images(21), Squared(), Plan(epochs=1, batch=10, val=0))
        return list(net.state_dict().values())

    tried = weights()
    monkeypatch.setattr(Trainer, "check_smallest_batch", lambda trainer: None)
    assert all(torch.equal(one, other) for one, other in zip(tried, weights(), strict=True))


def test_sums_take_the_widest_floats_of_their_device(monkeypatch: pytest.MonkeyPatch) -> None:
    assert LossMeter(torch.device("cpu")).totals.dtype == torch.float64
    asked: list[Any] = []
    zeros = torch.zeros
    monkeypatch.setattr(
        torch, "zeros", lambda *size, dtype, device: asked.append(dtype) or zeros(*size, dtype=dtype)
    )
    assert LossMeter(torch.device("mps")).totals.dtype == torch.float32
    assert asked == [torch.float32] == [accumulation_dtype(torch.device("mps"))]


def saved_state(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    with monkeypatch.context() as patch:
        patch.setattr(saving, "SAVE_EVERY_SECONDS", 0.0)
        patch.setattr(saving, "SAVE_SHARE", 1e9)
        train(Normalised(), images(), Squared(), Plan(epochs=2, batch=10), checkpoints=Checkpoints(folder))
    state = load_checkpoint(folder)
    assert state is not None
    return state


def test_a_checkpoint_that_is_not_ours_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = saved_state(tmp_path, monkeypatch)
    for wrong, result in (
        ([1, 2], "holds a list, but must hold a state of unpool; delete it"),
        ({"state_dict": {}}, "it holds nothing for 'run'; delete it"),
        (state | {"step": "3"}, "it holds str for 'step'; delete it"),
    ):
        torch.save(wrong, tmp_path / NAME)
        with pytest.raises(UnpoolError, match=result):
            load_checkpoint(tmp_path)


@pytest.mark.parametrize("key", ["network", "best", "optimizer", "sums", "schedule"])
def test_a_checkpoint_that_does_not_fit_is_reported(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = saved_state(tmp_path, monkeypatch)
    odd: Any = torch.zeros(7) if key == "sums" else {"odd": torch.zeros(1)}
    save_checkpoint(tmp_path, state | {key: odd})
    with pytest.raises(UnpoolError, match=r"checkpoint\.pt does not fit this network .*; delete it"):
        train(Normalised(), images(), Squared(), Plan(epochs=2, batch=10), checkpoints=Checkpoints(tmp_path))


def test_a_checkpoint_for_which_there_is_no_space_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise RuntimeError("PytorchStreamWriter failed writing file data/0: file write failed")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(UnpoolError, match=r"checkpoint\.pt cannot be written .*is there space left\?"):
        save_checkpoint(tmp_path, {})


def test_a_model_without_space_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import safetensors.torch
    from safetensors import SafetensorError

    def full(*_: object) -> None:
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(safetensors.torch, "save_file", full)
    with pytest.raises(UnpoolError, match=r"model\.safetensors cannot be written .*No space left"):
        save_model(tmp_path, build_network("conv", size=8, channels=1))


def test_model_json_holds_no_nan(tmp_path: Path) -> None:
    with pytest.raises(UnpoolError, match=r"cannot be written to model\.json .*finite numbers"):
        save_model(tmp_path, build_network("conv", size=8, channels=1), training={"val_loss": float("nan")})
    assert not (tmp_path / model_file.JSON).exists()
