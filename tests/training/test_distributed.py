"""Two processes that share each batch end where one process ends, and tell and write once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file

from support.masks import write_scenes
from unpool.training.distributed import share

TRAIN = ("train", "digits", "--steps", "12", "--json", "--device", "cpu")
BATCH = {"aggregate": "399"}  # three epochs, the last one after the warm-up
RUNS = {
    "reconstruct": ("--network", "conv-small", "--no-indices"),
    "contrast": ("--network", "conv-small", "--objective", "contrast"),
    "aggregate": ("--network", "conv-small", "--objective", "aggregate"),
    "classify": ("--network", "lenet", "--objective", "classify", "--schedule", "one-cycle"),
    "denoise": ("--network", "conv", "--size", "8", "--objective", "denoise"),  # with BatchNorm
}


def run(folder: Path, name: str, *launcher: str) -> dict[str, Any]:
    """Train in a process of its own, or in those that torch's launcher starts."""
    out = folder / f"{name}-{len(launcher)}"
    return told((*TRAIN, *RUNS[name], "--batch", BATCH.get(name, "37"), "--out", str(out)), *launcher)


def told(typed: Sequence[str], *launcher: str) -> dict[str, Any]:
    """What the command prints as JSON."""
    words = [sys.executable, *launcher, "-m", "unpool", *typed]
    done = subprocess.run(
        words,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1", "MASTER_ADDR": "127.0.0.1"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answer: dict[str, Any] = json.loads(done.stdout)  # one object: the other process told nothing
    return answer


LAUNCHER = (
    "-m",
    "torch.distributed.run",
    "--nproc-per-node",
    "2",
    "--master-addr",
    "127.0.0.1",
    "--standalone",
)


@pytest.mark.parametrize("name", ["reconstruct", "contrast", "aggregate", "classify"])
def test_two_processes_train_as_one(name: str, tmp_path: Path) -> None:
    alone, together = run(tmp_path, name), run(tmp_path, name, *LAUNCHER)
    assert together["steps"] == alone["steps"] == 12
    # Banks that differ by rounding put an image or two into other clusters.
    loose = 20 if name == "aggregate" else 1
    for key in ("train_loss", "val_loss"):
        assert together[key] == pytest.approx(alone[key], rel=loose * 2e-4)
    weights = [load_file(Path(told["out"]) / "model.safetensors") for told in (alone, together)]
    for entry in weights[0]:
        first, second = (state[entry].numpy() for state in weights)
        np.testing.assert_allclose(second, first, rtol=2e-3, atol=loose * 2e-4)


def test_two_processes_train_batch_normalisation_soundly(tmp_path: Path) -> None:
    alone, together = run(tmp_path, "denoise"), run(tmp_path, "denoise", *LAUNCHER)
    assert together["val_loss"] == pytest.approx(alone["val_loss"], rel=0.25)
    record = json.loads((Path(together["out"]) / "model.json").read_text())["training"]
    assert record["processes"] == 2


def test_two_processes_train_a_segmenter_and_count_every_pixel_once(tmp_path: Path) -> None:
    images, masks = write_scenes(tmp_path, 12)
    # Five to validate on in batches of four: in the last one, a process has none of its own.
    val_images, val_masks = write_scenes(tmp_path / "others", 5, start=100)
    pairs = (str(images), str(masks), "--val-images", str(val_images), "--val-masks", str(val_masks))
    options = ("--backbone", "conv", "--size", "32", "--enlarge", "1", "--lr", "0.01", "--batch", "4")
    train = ("segment", "train", *pairs, *options, "--steps", "120", "--device", "cpu", "--json")
    answer = told((*train, "--out", str(tmp_path / "model")), *LAUNCHER)
    assert answer["val_miou"] > 0.6
    record = json.loads((tmp_path / "model" / "model.json").read_text())["training"]
    assert record["processes"] == 2
    best = ("segment", "evaluate", str(val_images), str(val_masks), "--model", str(tmp_path / "model"))
    again = told((*best, "--device", "cpu", "--json"))
    # An image counted twice moves it by 0.004.
    assert again["mean_iou"] == pytest.approx(answer["val_miou"], abs=1e-3)


VALIDATES = """
import numpy as np, torch
from torch import nn
from unpool.objectives.base import Objective
from unpool.training.data.datasets import PixelSet
from unpool.training.loop import train
from unpool.training.plan import Plan

class Watching(Objective):
    def forward(self, network, x_BCHW, index_B, epoch):
        return network(x_BCHW).square().mean()

    def after_validation(self, accelerator):
        seen_P3 = accelerator.gather(network[0].running_mean[None])
        assert len(seen_P3) == 2 and torch.equal(seen_P3[0], seen_P3[1]), seen_P3
        return {}

# Sixteen to train on: in the last step the processes see different images, and one each would be the same.
pixels_NSSC = np.random.default_rng(0).integers(0, 256, (24, 8, 8, 3)).astype(np.uint8)
parts = np.arange(16), np.arange(16, 24)
network = nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 2, 3))
data = PixelSet(pixels_NSSC, (0.5,) * 3, (0.5,) * 3, torch.device("cpu"))
train(network, data, Watching(), Plan(epochs=2, batch=8), parts=parts)
torch.distributed.barrier()
torch.distributed.destroy_process_group()
"""


def test_all_processes_validate_with_the_statistics_of_the_first(tmp_path: Path) -> None:
    (tmp_path / "validates.py").write_text(VALIDATES)
    words = [sys.executable, *LAUNCHER, str(tmp_path / "validates.py")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MASTER_ADDR": "127.0.0.1"}
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize(("count", "world"), [(8, 2), (7, 2), (5, 3), (1, 2)])
def test_shares_cover_the_batch_and_their_weights_average_to_its_mean(count: int, world: int) -> None:
    batch = np.arange(10, 10 + count)
    value = np.random.default_rng(0).normal(size=100)
    shares = [share(batch, rank, world) for rank in range(world)]
    assert sorted(i for own, weight in shares for i in own if weight) == batch.tolist()
    mean = np.mean([weight * value[own].mean() for own, weight in shares])
    assert mean == pytest.approx(value[batch].mean())
