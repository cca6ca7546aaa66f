"""The record of a run knows its best epoch."""

from __future__ import annotations

import pytest

from unpool.core.progress import Stage
from unpool.training.history import History, TrainingProgress, show_on


def test_best_is_the_smallest_validation_loss() -> None:
    epochs = [{"epoch": 1, "val_loss": 0.5}, {"epoch": 2, "val_loss": 0.0}, {"epoch": 3, "val_loss": 0.7}]
    assert History(epochs=epochs).best["epoch"] == 2, "a loss of 0 counts"


def test_best_is_the_largest_figure_where_one_is_named() -> None:
    epochs = [{"epoch": 1, "val_miou": 0.2}, {"epoch": 2, "val_miou": 0.6}, {"epoch": 3, "val_miou": None}]
    assert History(epochs=epochs, best_by="val_miou").best["epoch"] == 2


def test_without_validation_the_last_epoch_is_best() -> None:
    assert History(epochs=[{"epoch": 1, "val_loss": None}, {"epoch": 2, "val_loss": None}]).best["epoch"] == 2


def test_progress_in_words_and_on_a_bar() -> None:
    class Bar(Stage):
        reached: tuple[float, float | None, str | None]

        def reach(self, done: float, total: float | None = None, note: str | None = None) -> None:
            self.reached = (done, total, note)

    bar = Bar()
    show_on(bar)(TrainingProgress(0.25, 2, 0.5, 0.75, 12.4))
    assert bar.reached == (pytest.approx(25), 100, "epoch 2, loss 0.5000, validation 0.7500, 12 images/s")


def test_a_printed_history_has_ten_lines_at_most() -> None:
    epochs = [
        {"epoch": number, "train_loss": 1 / number, "val_loss": None, "iou": [0.5] * 99, "val_miou": 0.25}
        for number in range(1, 501)
    ]
    lines = repr(History(500, 1000, 12.0, epochs=epochs, last={"weight": [0.0] * 9999})).splitlines()
    assert lines[0] == "History: 500 epochs, 500 steps, 1000 images in 12.0 s"
    assert lines[1] == "epoch 1: train_loss 1, val_miou 0.25"
    assert lines[4] == "… 495 more in .epochs"
    assert lines[-1] == "best: epoch 500"
    assert len(lines) <= 10
    assert max(len(line) for line in lines) < 120
    assert repr(History()) == str(History()) == "History: 0 epochs, 0 steps, 0 images in 0.0 s"
