"""A run over any task: its record, its folder, and what happens when it is finished already."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from support.messages import Messages
from support.small_networks import as_pixel_set, build_small_network, make_blobs
from unpool.actions.training.image_task import ImageTask
from unpool.actions.training.run import Run, result_of, train_task
from unpool.actions.training.settings import ResolvedSettings
from unpool.errors import UnpoolError, UsageError
from unpool.objectives.base import Objective
from unpool.objectives.reconstruction import Reconstruction
from unpool.training.checkpoint import NAME
from unpool.training.data.datasets import split
from unpool.training.distributed import build_accelerator
from unpool.training.model_file import describe_model, load_model
from unpool.training.plan import Plan


def task(**plan: Any) -> ImageTask:
    data = as_pixel_set(make_blobs(10))
    settings = ResolvedSettings("reconstruct", Plan(**({"steps": 3, "batch": 4} | plan)))
    return ImageTask(build_small_network(), data, settings, split(10, 0.2, 0))


def run(out: Path | None, key: dict[str, object], resume: bool = False) -> Run:
    return Run(out, key, resume, build_accelerator(), Messages())


class Killed(Reconstruction):
    """Stops the run at its second batch."""

    def forward(self, *args: Any) -> torch.Tensor:
        self.calls = getattr(self, "calls", 0) + 1
        if self.calls == 2:
            raise KeyboardInterrupt
        return super().forward(*args)


def stop(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave a run that was stopped after its first step."""
    monkeypatch.setattr("unpool.training.checkpoint.SAVE_EVERY_SECONDS", 0.0)
    stopped = task()
    monkeypatch.setattr(stopped, "build_objective", Killed)
    with pytest.raises(KeyboardInterrupt):
        train_task(stopped, run(out, {"start": 1}, resume=True))
    assert (out / "training" / NAME).is_file()


def test_the_record_and_the_folder_of_a_run(tmp_path: Path) -> None:
    record, history = train_task(task(), run(tmp_path / "m", {"lr": 1}))
    assert (record["steps"], record["images"], record["asked"]) == (3, 10, {"lr": 1})
    assert record["network"] == "conv"
    assert record["val_loss"] == history.epochs[-1]["val_loss"]
    assert describe_model(tmp_path / "m")["training"]["steps"] == 3
    assert {path.name for path in (tmp_path / "m").iterdir()} >= {
        "loss.png",
        "reconstructions.png",
        "model.json",
    }
    assert not (tmp_path / "m" / "training").exists()
    result = result_of(tmp_path / "m", record, ("best_val_loss", "none_such"))
    assert (result["epochs"], result["none_such"]) == (len(history.epochs), None)


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    record, _ = train_task(task(), run(None, {}))
    assert record["steps"] == 3
    assert list(tmp_path.iterdir()) == []


def test_a_finished_run_is_not_repeated_and_another_is_refused(tmp_path: Path) -> None:
    train_task(task(), run(tmp_path, {"lr": 1}))
    again = run(tmp_path, {"lr": 1}, resume=True)
    record = again.finished_record(remedy="give another --out")
    assert record is not None
    assert record["steps"] == 3
    assert again.progress.texts == [f"{tmp_path} is finished: nothing to do"]  # type: ignore[attr-defined]
    assert run(tmp_path, {"lr": 1}).finished_record(remedy="") is None
    with pytest.raises(UsageError, match=r"whose lr was 1, not 2; .*or give another --out"):
        run(tmp_path, {"lr": 2}, resume=True).finished_record(remedy="give another --out")


def test_a_stopped_run_is_no_finished_one_and_ends_with_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = task()
    train_task(whole, run(tmp_path / "m", {"start": 1}))
    stop(tmp_path / "m", monkeypatch)  # a model of before is still there
    again, resumed = run(tmp_path / "m", {"start": 1}, resume=True), task()
    assert again.finished_record(remedy="") is None
    record, history = train_task(resumed, again)
    assert record["steps"] == 3
    assert history.seconds_before > 0, "it went on from the checkpoint"
    for name, value in whole.network.state_dict().items():
        assert torch.equal(resumed.network.state_dict()[name], value)


def test_the_checkpoint_of_another_run_is_an_error_or_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop(tmp_path, monkeypatch)
    with pytest.raises(UnpoolError, match="its start is 1, not 2"):
        train_task(task(), run(tmp_path, {"start": 2}, resume=True))
    run(tmp_path, {"start": 2}).open_folder(resume=True)
    assert (tmp_path / "training" / NAME).is_file()
    run(tmp_path, {"start": 2}).open_folder()
    assert not (tmp_path / "training" / NAME).exists()
    assert (tmp_path / "training").is_dir()


def test_the_model_is_written_with_its_best_weights_and_its_last(tmp_path: Path) -> None:
    one = task(epochs=3, steps=None)
    record, history = train_task(one, run(tmp_path, {}))
    assert record["best_epoch"] == history.best["epoch"]
    assert describe_model(tmp_path)["training"]["epochs"] == history.epochs
    kept, last = load_model(tmp_path).state_dict(), load_file(tmp_path / "last.safetensors")
    assert all(torch.equal(kept[name], value) for name, value in one.network.state_dict().items())
    assert history.last is not None
    assert all(torch.equal(last[name], value) for name, value in history.last.items())


def test_what_an_objective_remarks_is_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    class Remarking(Reconstruction):
        def remark(self) -> str | None:
            return "nothing was compared"

    one, begun = task(), run(None, {})
    assert isinstance(Remarking(), Objective)
    monkeypatch.setattr(one, "build_objective", Remarking)
    train_task(one, begun)
    assert begun.progress.texts == ["nothing was compared"]  # type: ignore[attr-defined]
    quiet = run(None, {})
    train_task(task(), quiet)
    assert quiet.progress.texts == []  # type: ignore[attr-defined]


def test_the_time_of_a_run_begins_before_its_first_step() -> None:
    begun = run(None, {})
    before = Run(None, {}, False, build_accelerator(), began=begun.began - 100)
    record, _ = train_task(task(), before)
    assert 100 < record["seconds"] < 160
    assert record["images_per_second"] == pytest.approx(12 / record["seconds"], rel=0.01)  # 4 a step
    assert begun.scratch is None


def test_a_result_has_the_common_keys_and_those_of_the_command() -> None:
    record = {"epochs": [{}, {}], "steps": 7, "own": 0.5}
    result = result_of(Path("m"), record, ("own",))
    assert (result["out"], result["epochs"], result["steps"], result["own"]) == ("m", 2, 7, 0.5)
    assert result["val_loss"] is None
