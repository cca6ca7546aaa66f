"""Options of a segmenter's training become its plan and its key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from unpool.actions.segmentation.settings import SegmentationSettings, build_plan, check_segmentation
from unpool.core.settings import settings_from
from unpool.errors import UsageError

CHANGED: dict[str, Any] = {
    "network": "segnet", "backbone": "conv", "weights": "none", "upsampling": "dense", "enlarge": 2.0, "size": 64,
    "loss": "dice", "class_weights": "sqrt", "augment": "none", "freeze": True, "unknown": "ignore",
    "classes": Path("c"), "ignore": 3, "val_images": Path("i"), "val_masks": Path("m"), "val": 0.5, "seed": 9,
    "batch": 3, "lr": 0.5, "steps": 7, "optimizer": "sgd", "schedule": "step", "patience": 2, "backbone_lr": 0.1,
}  # fmt: skip


def test_defaults_and_what_is_typed() -> None:
    plan = build_plan(SegmentationSettings())
    assert (plan.epochs, plan.batch, plan.lr, plan.optimizer, plan.weight_decay) == (
        40,
        8,
        3e-3,
        "adamw",
        1e-2,
    )
    plan = build_plan(SegmentationSettings(steps=5, optimizer="rprop", lr=0.1, backbone_lr=0.2))
    assert (plan.epochs, plan.steps, plan.weight_decay, plan.lr, plan.backbone_lr) == (
        None,
        5,
        None,
        0.1,
        0.2,
    )


def test_the_key_changes_with_the_options_and_the_folders(tmp_path: Path) -> None:
    key = SegmentationSettings().run_key(tmp_path / "a", tmp_path / "b")
    assert key["location"] == str(tmp_path / "a")
    assert (key["upsampling"], key["val"], key["batch"]) == ("interpolate", None, 8)
    assert SegmentationSettings(loss="dice").run_key(tmp_path / "a", tmp_path / "b") != key
    assert SegmentationSettings().run_key(tmp_path / "c", tmp_path / "b") != key
    resumed = SegmentationSettings(resume=True, device="cpu").run_key(tmp_path / "a", tmp_path / "b")
    assert resumed == key


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 1, "steps": 1}, "--epochs, --steps and --minutes each say how long to train"),
        ({"val_images": Path("a")}, "--val-images and --val-masks go together"),
        ({"val": 0.1, "val_images": Path("a"), "val_masks": Path("b")}, "both say what is validated on"),
        ({"freeze": True, "backbone_lr": 0.1}, "a frozen backbone learns nothing"),
        ({"network": "segnet", "upsampling": "dense"}, "has no effect on --network segnet"),
        ({"loss": "dise"}, "did you mean 'dice'"),
        ({"optimizer": "adamm"}, "did you mean 'adam"),
    ],
)
def test_options_that_exclude_each_other(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_segmentation(settings_from(SegmentationSettings, options))


def test_folders_are_the_same_by_any_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    relative = SegmentationSettings(classes=Path("c.txt")).run_key(Path("a"), Path("b"))
    assert relative == SegmentationSettings(classes=tmp_path / "c.txt").run_key(
        tmp_path / "a", tmp_path / "b"
    )


@pytest.mark.parametrize("name", CHANGED)
def test_every_option_that_changes_the_model_changes_the_key(name: str) -> None:
    settings = SegmentationSettings()
    folders = Path("images"), Path("masks")
    before, after = settings.run_key(*folders), replace(settings, **{name: CHANGED[name]}).run_key(*folders)
    assert before != after
    assert set(before) == set(after)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"class_weights": "rare"}, "--class-weights 'rare' must be one of"),
        ({"augment": "scene"}, "did you mean 'scenes'"),
        ({"schedule": "cosin"}, "did you mean 'cosine'"),
    ],
)
def test_names_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_segmentation(replace(SegmentationSettings(), **options))
    check_segmentation(SegmentationSettings())
