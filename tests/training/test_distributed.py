"""Two processes that share each batch end where one process ends, and tell and write once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file

from support import commands
from support.masks import write_scenes
from unpool.errors import UnpoolError, UsageError
from unpool.training import distributed
from unpool.training.distributed import (
    check_same_files,
    from_first_process,
    split_batch,
)

TRAIN = ("train", "digits", "--steps", "12", "--json", "--device", "cpu")
BATCH = {"aggregate": "399"}  # three epochs, the last one after the warm-up
RUNS = {
    "reconstruct": ("--network", "conv-small", "--no-indices"),
    "contrast": ("--network", "conv-small", "--objective", "contrast"),
    "aggregate": ("--network", "conv-small", "--objective", "aggregate"),
    "classify": ("--network", "lenet", "--objective", "classify", "--schedule", "one-cycle"),
    "denoise": ("--network", "conv", "--size", "8", "--objective", "denoise"),  # with BatchNorm
}
LAUNCHER = (
    "-m",
    "torch.distributed.run",
    "--nproc-per-node",
    "2",
    "--master-addr",
    "127.0.0.1",
    "--standalone",
)


def start(*words: str) -> str:
    """What a Python process prints that ends well."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MASTER_ADDR": "127.0.0.1"}
    done = subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, timeout=300, env=environment
    )
    assert done.returncode == 0, done.stderr[-6000:]
    return done.stdout


def command_line(name: str, out: Path) -> list[str]:
    return [*TRAIN, *RUNS[name], "--batch", BATCH.get(name, "37"), "--out", str(out)]


def alone(command: list[str]) -> dict[str, Any]:
    """The JSON of a command run by one process: this one."""
    done = commands.run(command)
    assert done["code"] == 0, done["err"]
    answer: dict[str, Any] = json.loads(done["out"])
    return answer


@dataclass
class Pair:
    """What two processes left that ran one command after another."""

    folder: Path
    answers: dict[str, dict[str, Any]]  # of the first process; the other prints nothing


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """All trainings of this file in one start of the launcher."""
    folder = tmp_path_factory.mktemp("pair")
    images, masks = write_scenes(folder, 12)
    # Five to validate on in batches of four: in the last one, a process has none of its own.
    val_images, val_masks = write_scenes(folder / "others", 5, start=100)
    pairs = (str(images), str(masks), "--val-images", str(val_images), "--val-masks", str(val_masks))
    options = ("--backbone", "conv", "--size", "32", "--enlarge", "1", "--lr", "0.01", "--batch", "4")
    lines = {name: command_line(name, folder / name) for name in RUNS}
    lines["segment"] = [
        "segment", "train", *pairs, *options, "--steps", "40", "--device", "cpu", "--json",
        "--out", str(folder / "segment"),
    ]  # fmt: skip
    (folder / "list.json").write_text(json.dumps(list(lines.values())))
    start(*LAUNCHER, commands.__file__, str(folder / "list.json"), str(folder / "results"))
    first, second = (json.loads((folder / f"results-{rank}.json").read_text()) for rank in (0, 1))
    for one, other in zip(first, second, strict=True):
        assert (one["code"], other["code"]) == (0, 0), one["err"] + other["err"]
        assert other["out"] == other["err"] == ""
    answers = [json.loads(one["out"]) for one in first]
    return Pair(folder, dict(zip(lines, answers, strict=True)))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["reconstruct", "contrast", "aggregate", "classify"])
def test_two_processes_train_as_one(name: str, pair: Pair, tmp_path: Path) -> None:
    one, two = alone(command_line(name, tmp_path / "alone")), pair.answers[name]
    assert two["steps"] == one["steps"] == 12
    # Banks that differ by rounding put an image or two into other clusters, which moves the loss by half a hundredth.
    loose = 50 if name == "aggregate" else 1
    for key in ("train_loss", "val_loss"):
        assert two[key] == pytest.approx(one[key], rel=loose * 2e-4)
    first, second = (load_file(Path(each["out"]) / "model.safetensors") for each in (one, two))
    for entry in first:
        np.testing.assert_allclose(second[entry], first[entry], rtol=2e-3, atol=loose * 2e-4)


@pytest.mark.slow
def test_two_processes_train_batch_normalisation_soundly(pair: Pair, tmp_path: Path) -> None:
    one, two = alone(command_line("denoise", tmp_path / "alone")), pair.answers["denoise"]
    assert two["val_loss"] == pytest.approx(one["val_loss"], rel=0.25)
    record = json.loads((Path(two["out"]) / "model.json").read_text())["training"]
    assert record["processes"] == 2


@pytest.mark.slow
def test_two_processes_train_a_segmenter_and_count_every_pixel_once(pair: Pair) -> None:
    answer, model = pair.answers["segment"], pair.folder / "segment"
    assert answer["val_miou"] > 0.4
    record = json.loads((model / "model.json").read_text())["training"]
    assert record["processes"] == 2
    best = [str(pair.folder / "others" / name) for name in ("images", "masks")]
    again = alone(["segment", "evaluate", *best, "--model", str(model), "--device", "cpu", "--json"])
    # An image counted twice moves it by 0.004.
    assert again["mean_iou"] == pytest.approx(answer["val_miou"], abs=1e-3)


@pytest.mark.slow
def test_the_launcher_starts_the_command_itself(tmp_path: Path) -> None:
    """As the manual says it; one object is printed, and the model is the one that one process trains."""
    line = command_line("reconstruct", tmp_path / "two")
    two = json.loads(start(*LAUNCHER, "-m", "unpool", *line))
    assert two["steps"] == 12
    assert (tmp_path / "two" / "model.safetensors").is_file()


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


@pytest.mark.slow
def test_all_processes_validate_with_the_statistics_of_the_first(tmp_path: Path) -> None:
    (tmp_path / "validates.py").write_text(VALIDATES)
    start(*LAUNCHER, str(tmp_path / "validates.py"))


@pytest.mark.parametrize(("count", "world"), [(8, 2), (7, 2), (5, 3), (1, 2)])
def test_shares_cover_the_batch_and_their_weights_average_to_its_mean(count: int, world: int) -> None:
    batch = np.arange(10, 10 + count)
    value = np.random.default_rng(0).normal(size=100)
    shares = [split_batch(batch, rank, world) for rank in range(world)]
    assert sorted(i for own, weight in shares for i in own if weight) == batch.tolist()
    mean = np.mean([weight * value[own].mean() for own, weight in shares])
    assert mean == pytest.approx(value[batch].mean())


class OneOfTwo(SimpleNamespace):
    """A process of two."""

    num_processes = 2


def test_the_first_process_works_for_all_and_fails_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[list[Any]] = []

    def broadcast(values: list[Any]) -> None:
        if values != [None, None]:
            sent.append(list(values))
        else:
            values[:] = sent[-1]

    monkeypatch.setattr("accelerate.utils.broadcast_object_list", broadcast)
    first: Any = OneOfTwo(is_main_process=True)
    second: Any = OneOfTwo(is_main_process=False)
    assert from_first_process(lambda: "state", first) == "state"
    assert from_first_process(lambda: pytest.fail("the second has no such folder"), second) == "state"

    def fail() -> str:
        raise UsageError("it was another run")

    for process in (first, second):
        with pytest.raises(UsageError, match="it was another run"):
            from_first_process(fail, process)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (["a.png", "b.png"], None),
        (["a.png"], "in photos: process 0 sees 2 files, process 1 1; give all machines the same files"),
        (
            ["a.png", "c.png"],
            "process 0 sees 2 files, process 1 as many, but with other names or sizes; give",
        ),
    ],
)
def test_machines_with_other_files_are_an_error(
    other: list[str], message: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(
        distributed, "gather_values", lambda value, accelerator: [seen.append(value) or value] * 2
    )
    process: Any = OneOfTwo()
    check_same_files(other, "photos", process)
    monkeypatch.setattr(distributed, "gather_values", lambda value, accelerator: [value, *seen])
    if message is None:
        check_same_files(["a.png", "b.png"], "photos", process)
        return
    with pytest.raises(UnpoolError, match=message):
        check_same_files(["a.png", "b.png"], "photos", process)
