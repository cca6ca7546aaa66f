"""All phases of a training together take the minutes given, also after a stop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unpool.actions.embedding.choose_network import Choice
from unpool.actions.embedding.train_encoder import train_encoder
from unpool.actions.embedding.training_time import (
    DEFAULT_MINUTES,
    DEFAULT_STEPS,
    MIN_REFINEMENT_MINUTES,
    Clock,
    contrastive_plan,
    refinement_plan,
    total_minutes,
)
from unpool.core.progress import Progress
from unpool.training import loop
from unpool.training.history import History


def test_steps_are_counted_where_they_are_given_or_images_are_small() -> None:
    assert total_minutes(64, 3.0, None) == 3.0
    assert total_minutes(64, None, 9) is total_minutes(32, None, None) is None
    assert total_minutes(33, None, None) == DEFAULT_MINUTES
    assert contrastive_plan(10, None, 18, 0).steps == 10
    assert contrastive_plan(10, None, None, 0).steps == DEFAULT_STEPS
    assert contrastive_plan(10_000_000, None, None, 0).steps == 39_063, "each image is seen once"
    assert refinement_plan(0, 0).steps == 1


def test_a_refinement_leaves_time_for_groupings_and_refinements_to_come() -> None:
    clock = Clock(10.0)
    clock.spent, clock.grouping = 7.0, 1.0
    assert clock.refinement_minutes(0) == pytest.approx(1.0)
    clock.spent = 9.5
    assert clock.refinement_minutes(1) == pytest.approx(0.5)
    clock.spent = 11.0
    assert clock.refinement_minutes(1) == MIN_REFINEMENT_MINUTES


def test_a_stopped_run_goes_on_with_the_time_it_had(tmp_path: Path) -> None:
    clock = Clock(10.0)
    clock.spent = 6.0
    planned = clock.refinement_plan(0, tmp_path, {"images": "a"}, 1)
    assert planned.minutes == pytest.approx(2.0)
    clock.spent = 9.0
    assert clock.refinement_plan(0, tmp_path, {"images": "a"}, 1) == planned
    assert clock.refinement_plan(0, tmp_path, {"images": "b"}, 1).minutes == pytest.approx(0.5)
    longer = Clock(20.0)
    assert longer.refinement_plan(0, tmp_path, {"images": "b"}, 1).minutes == pytest.approx(10.0)


def test_the_minutes_are_used_and_not_exceeded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contrast that took a fifth longer than planned leaves less for the refinements."""
    planned: list[float] = []

    def trained(network: object, data: object, objective: object, plan: Any, **_: object) -> History:
        planned.append(plan.minutes)
        slower = 1.2 if len(planned) == 1 else 1.0
        planned[-1] *= slower
        history = History(best_by=None)
        history.steps, history.seconds = 40, 60 * planned[-1]
        return history

    monkeypatch.setattr(loop, "train", trained)
    light_N = 60 * (np.arange(80) % 4)
    pixels_NSSC = np.tile(light_N[:, None, None, None], (1, 8, 8, 1)).astype(np.uint8)
    train_encoder(
        tmp_path / "model", Choice("conv", None, 8, ""), pixels_NSSC, checkpoints=tmp_path / "steps",
        minutes=10.0, steps=None, groups=4, progress=Progress(),
    )  # fmt: skip
    assert len(planned) == 3
    assert planned[0] == pytest.approx(1.2 * 6.6)
    assert 9.5 < sum(planned) <= 10.0
