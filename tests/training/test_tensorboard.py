"""Scalars reach TensorBoard's files; a new run replaces unpool's own files only."""

from __future__ import annotations

from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from unpool.training.tensorboard import ENDING, Log, TensorBoardLog


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    events = EventAccumulator(str(folder))
    events.Reload()
    return {
        name: [(event.step, pytest.approx(event.value)) for event in events.Scalars(name)]
        for name in events.Tags()["scalars"]
    }


def test_losses_and_rates_are_curves(tmp_path: Path) -> None:
    log = TensorBoardLog(tmp_path)
    log.step(5, 0.5, 0.01)
    log.epoch({"step": 10, "train_loss": 0.4, "val_loss": None, "val_accuracy": 0.75})
    log.close()
    assert scalars(tmp_path) == {
        "loss/running": [(5, 0.5)], "learning_rate": [(5, 0.01)], "loss/training": [(10, 0.4)],
        "accuracy/validation": [(10, 0.75)],
    }  # fmt: skip


def test_a_resumed_run_goes_on_and_a_new_one_begins_again(tmp_path: Path) -> None:
    other = tmp_path / "events.out.tfevents.1.somebody"
    other.write_bytes(b"")
    for first, values in ((0, (1, 2)), (2, (3,)), (0, (9,))):
        log = TensorBoardLog(tmp_path, first_step=first)
        for value in values:
            log.step(value, float(value), 0.1)
        log.close()
        expected = {0: [9] if values == (9,) else [1, 2], 2: [1, 3]}[first]
        assert [step for step, _ in scalars(tmp_path)["loss/running"]] == expected
    assert other.exists()
    assert len(list(tmp_path.glob(f"*{ENDING}"))) == 1


def test_a_run_without_a_folder_logs_nothing() -> None:
    log = Log()
    log.step(1, 0.5, 0.1)
    log.epoch({"step": 1})
    log.close()
