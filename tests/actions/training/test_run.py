"""A run over any task: its record, its folder, and what happens when it is finished already."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from unpool.actions.training.image_task import ImageTask
from unpool.actions.training.run import Run, result_of, train_task
from unpool.actions.training.settings import ResolvedSettings
from unpool.core.progress import Progress
from unpool.errors import UsageError
from unpool.networks.catalogue import build_network
from unpool.training.data.datasets import PixelSet
from unpool.training.distributed import build_accelerator
from unpool.training.model_file import describe_model
from unpool.training.plan import Plan


class Messages(Progress):
    def __init__(self) -> None:
        self.texts: list[str] = []

    def message(self, text: str) -> None:
        self.texts.append(text)


def task() -> ImageTask:
    pixels = np.random.default_rng(0).integers(0, 255, (10, 8, 8, 1), np.uint8)
    data = PixelSet(pixels, (0.5,), (0.5,), torch.device("cpu"))
    settings = ResolvedSettings("reconstruct", Plan(steps=3, batch=4))
    network = build_network("conv", size=8, channels=1, seed=0)
    return ImageTask(network, data, settings, (np.arange(8), np.arange(8, 10)))


def run(out: Path | None, key: dict[str, object], resume: bool = False) -> Run:
    return Run(out, key, resume, build_accelerator(), Messages())


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
