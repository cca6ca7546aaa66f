"""What a training on images is measured by, and what is kept of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from support.messages import Messages
from unpool.actions.training.image_task import NUM_EXAMPLES, ImageTask, Labels
from unpool.actions.training.settings import ResolvedSettings
from unpool.errors import UnpoolError
from unpool.networks.catalogue import build_network
from unpool.networks.classifier import with_classes
from unpool.objectives.classification import Classification
from unpool.objectives.denoising import Denoising
from unpool.report import grid
from unpool.training.data.datasets import PixelSet
from unpool.training.history import History
from unpool.training.plan import Plan

HISTORY = History(epochs=[{"epoch": 1, "val_loss": 0.5, "train_loss": 0.25}])


def task(objective: str = "reconstruct", num_train: int = 8, **more: Any) -> ImageTask:
    network = more.pop("network", None) or build_network("conv", size=8, channels=1, seed=0)
    pixels = np.random.default_rng(0).integers(0, 255, (10, 8, 8, 1), np.uint8)
    data = PixelSet(pixels, (0.5,), (0.5,), torch.device("cpu"))
    parts = np.arange(num_train), np.arange(num_train, 10)
    return ImageTask(network, data, ResolvedSettings(objective, Plan(steps=1, batch=4)), parts, **more)


def test_too_few_images_to_compare_are_refused() -> None:
    with pytest.raises(UnpoolError, match="--objective aggregate compares images and needs 3 or more"):
        task("aggregate", num_train=2)
    assert task("reconstruct", num_train=1)


def test_the_rank_is_measured_of_codes_that_are_compared() -> None:
    assert task("contrast").measure(HISTORY)["effective_rank"] > 1
    found = task().measure(HISTORY)
    assert found == {"objective": "reconstruct", "best_val_loss": 0.5}


def test_a_classifier_has_a_confusion_of_the_images_held_out(tmp_path: Path) -> None:
    network = with_classes(build_network("conv", size=8, channels=1, seed=0), 2)
    labels = Labels(np.arange(10) % 2, ["even", "odd"])
    record: dict[str, Any] = {}
    built = task("classify", network=network, labels=labels)
    built.write_report(tmp_path, record, HISTORY)
    assert np.sum(record["confusion"], axis=1).tolist() == [1, 1]
    assert (tmp_path / "confusion.png").is_file()
    assert built.model(HISTORY).classes == ["even", "odd"]


def test_reconstructions_are_drawn_where_there_is_a_decoder(tmp_path: Path) -> None:
    task().write_report(tmp_path, {}, HISTORY)
    assert (tmp_path / "reconstructions.png").is_file()


def test_the_plan_has_the_rate_of_an_encoder_that_is_adapted() -> None:
    assert task(encoder_lr=0.5).plan.backbone_lr == 0.5
    assert task().plan.backbone_lr is None


def test_a_collapse_of_the_codes_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    progress = Messages()
    one = task("contrast", progress=progress)
    monkeypatch.setattr(one.network, "embed", lambda x: torch.ones(len(x), 32))
    found = one.measure(HISTORY)
    assert found["effective_rank"] < 1.5
    assert len(progress.texts) == 1
    assert task("contrast", progress=(quiet := Messages())).measure(HISTORY)["effective_rank"] > 1.5
    assert quiet.texts == []


def test_objectives_get_their_labels_and_corruption() -> None:
    network = with_classes(build_network("conv", size=8, channels=1, seed=0), 2)
    labels = Labels(np.arange(10) % 2, ["even", "odd"])
    assert isinstance(task("classify", network=network, labels=labels).build_objective(), Classification)
    assert isinstance(task("denoise").build_objective(), Denoising)


@pytest.mark.parametrize(
    ("objective", "expected"),
    [("reconstruct", ["input", "output"]), ("denoise", ["input", "corrupted", "output"])],
)
def test_pictures_have_a_row_of_what_was_corrupted(
    objective: str, expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}
    draw = grid.draw_grid
    monkeypatch.setattr(grid, "draw_grid", lambda rows: seen.update(rows) or draw(rows))
    one = task(objective)
    one.build_objective()
    one.write_report(tmp_path, {}, HISTORY)
    assert list(seen) == expected
    if objective == "denoise":
        assert (seen["corrupted"] != seen["input"]).any()


@pytest.mark.parametrize(("num_train", "shown"), [(8, [8, 9]), (10, list(range(10)))])
def test_pictures_show_what_is_held_out_or_else_what_was_trained_on(
    num_train: int, shown: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = task(num_train=num_train)
    seen: list[list[int]] = []
    batches = one.data.batches
    monkeypatch.setattr(
        one.data,
        "batches",
        lambda indices: seen.extend(each.tolist() for each in indices) or batches(indices),
    )
    one.write_report(tmp_path, {}, HISTORY)
    assert seen == [shown]
    assert len(shown) <= NUM_EXAMPLES


def test_nothing_is_drawn_without_a_decoder(tmp_path: Path) -> None:
    network = build_network("conv", size=8, channels=1, decoder="none", seed=0)
    task("contrast", network=network).write_report(tmp_path, {}, HISTORY)
    assert list(tmp_path.iterdir()) == []


def test_the_network_is_kept_whole_where_only_its_head_was_trained() -> None:
    full = build_network("conv", size=8, channels=1, seed=0)
    last = {name: value + 1 for name, value in list(full.state_dict().items())[:1]}
    kept = task(full_network=full).model(History(last=last))
    assert kept.network is full
    assert kept.last is not None
    assert set(kept.last) == set(full.state_dict())
    (name,) = last
    assert torch.equal(kept.last[name], last[name])
    plain = task()
    assert plain.model(History(last=last)).last == last
    assert plain.model(HISTORY).last is None
    assert plain.model(HISTORY).network is plain.network
