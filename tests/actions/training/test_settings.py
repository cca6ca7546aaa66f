"""Options and recipes become a plan; what excludes each other is said."""

from __future__ import annotations

from typing import Any

import pytest

from unpool.actions.training.settings import (
    LoopSettings,
    TrainSettings,
    check_one_duration,
    check_optimisation,
    check_patience_has_validation,
    has_duration,
    read_val,
    resolve_settings,
)
from unpool.errors import UsageError
from unpool.training.plan import Plan
from unpool.training.recipes import recipe_for


def resolve(network: str = "conv", val: float = 0.1, **options: Any) -> Any:
    settings = TrainSettings(**options)
    return resolve_settings(settings, recipe_for(network), val=val, augment=settings.augment)


def test_the_recipe_is_replaced_part_by_part() -> None:
    plan = resolve("denoiser").plan
    assert (plan.steps, plan.epochs, plan.batch) == (5000, None, 32)
    plan = resolve("denoiser", epochs=2, lr=0.5, batch=7).plan
    assert (plan.steps, plan.epochs, plan.batch, plan.lr) == (None, 2, 7, 0.5)
    assert resolve("denoiser").objective == "denoise"
    assert resolve(optimizer="rprop").plan.weight_decay is None
    assert resolve("lenet", optimizer="sgd").plan.weight_decay == 1e-2


def test_the_key_is_flat_and_leaves_out_where_and_how_it_runs() -> None:
    key = resolve(objective="contrast", augment="crops").run_key()
    assert (key["objective"], key["augment"], key["val"], key["lr"]) == ("contrast", "crops", 0.1, 2e-3)
    assert key == resolve(objective="contrast", augment="crops", resume=True, device="cpu").run_key()
    assert all(not isinstance(value, dict) for value in key.values())


def test_only_a_head_is_trained_on_a_frozen_encoder_that_is_compared() -> None:
    assert resolve(objective="contrast", freeze=True).trains_head
    assert not resolve(freeze=True).trains_head
    assert resolve(objective="contrast", augment="crops").views == "crops"
    assert resolve(objective="contrast").views is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 1, "minutes": 1.0}, "each say how long to train"),
        ({"corruption": "mask"}, "--corruption is for --objective denoise, not reconstruct"),
        ({"objective": "contrast", "loss": "mse"}, "--loss has no effect on --objective contrast"),
        ({"objective": "contrast", "augment": "none"}, "which would be the same"),
        ({"loss": "mze"}, "did you mean 'mse'"),
        ({"schedule": "cosin"}, "did you mean 'cosine'"),
    ],
)
def test_options_that_exclude_each_other(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        resolve(**options)


def test_val_is_a_share_or_a_folder() -> None:
    assert (TrainSettings().val_share, TrainSettings().val_source) == (0.1, None)
    assert (TrainSettings(val=0).val_share, TrainSettings(val="held").val_source) == (0.0, "held")
    assert TrainSettings(val="held").val_share == 0.0
    assert (read_val(None), read_val("0.3"), read_val("x")) == (None, 0.3, "x")
    with pytest.raises(UsageError, match="--val is empty"):
        read_val("")


def test_patience_needs_a_validation() -> None:
    check_patience_has_validation(Plan(patience=2), validates=True)
    with pytest.raises(UsageError, match="--patience 2 waits for a better validation loss"):
        check_patience_has_validation(Plan(patience=2), validates=False)


@pytest.mark.parametrize("network", ["conv", "denoiser"])  # whose recipes have epochs, and steps
@pytest.mark.parametrize("length", [{"epochs": 3}, {"steps": 3}, {"minutes": 3.0}])
def test_a_typed_length_replaces_that_of_the_recipe(length: dict[str, Any], network: str) -> None:
    plan = resolve(network, **length).plan
    assert {name: getattr(plan, name) for name in ("epochs", "steps", "minutes")} == {
        "epochs": None, "steps": None, "minutes": None
    } | length  # fmt: skip
    assert has_duration(LoopSettings(**length))
    check_one_duration(LoopSettings(**length))


def test_nothing_typed_is_no_length() -> None:
    assert not has_duration(LoopSettings())


def test_what_is_typed_reaches_the_plan() -> None:
    options = {
        "optimizer": "sgd:momentum=0.9", "schedule": "constant", "weight_decay": 0.5, "patience": 3, "seed": 7,
        "drop_last": True, "batch": 9,
    }  # fmt: skip
    plan = resolve(val=0.3, **options).plan
    assert {name: getattr(plan, name) for name in options} == options
    assert plan.val == 0.3
    assert plan.backbone_lr is None


@pytest.mark.parametrize(
    "options", [{"seed": 1}, {"lr": 0.5}, {"freeze": True}, {"loss": "huber"}, {"batch": 3}]
)
def test_every_setting_that_changes_the_result_is_in_the_key(options: dict[str, Any]) -> None:
    assert resolve(**options).run_key() != resolve().run_key()


def test_names_of_classes_and_of_pixels_are_reported_apart() -> None:
    assert resolve(objective="classify", loss="cross-entropy").loss == "cross-entropy"
    with pytest.raises(UsageError, match="unknown"):
        resolve(objective="classify", loss="huber")
    with pytest.raises(UsageError, match="did you mean 'salt-pepper'"):
        resolve(objective="denoise", corruption="salt-peper")
    with pytest.raises(UsageError, match="unknown objective 'contrst'; did you mean 'contrast'"):
        resolve(objective="contrst")


def test_an_optimiser_is_checked_with_its_arguments() -> None:
    check_optimisation(Plan(steps=1, optimizer="sgd:momentum=0.9", weight_decay=None))
    with pytest.raises(UsageError, match="did you mean 'nadam'"):
        check_optimisation(Plan(steps=1, optimizer="nadan"))
    with pytest.raises(UsageError, match="momentun"):
        check_optimisation(Plan(steps=1, optimizer="sgd:momentun=0.9"))


def test_no_patience_needs_no_validation() -> None:
    check_patience_has_validation(Plan(), validates=False)


def test_views_are_names_and_other_augmentations_are_none() -> None:
    assert resolve(objective="contrast", augment="mine.yaml").views is None
