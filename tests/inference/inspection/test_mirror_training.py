"""A training of the mirror that is stopped and goes on; seeds.

N pictures, S side.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from support.messages import Messages
from support.striped import draw_stripes
from unpool.core.progress import Progress
from unpool.inference.inspection.mirror_training import train_mirror
from unpool.training import loop

STEPS = 12


def weights(out: Path, **more: int) -> np.ndarray:
    good = [draw_stripes(number) for number in range(12)]
    levels = train_mirror(good, 64, out=out, progress=Progress(), **{"steps": STEPS, **more})
    return torch.cat([each.flatten() for each in levels.parameters()]).numpy()


def test_a_stopped_training_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = weights(tmp_path / "whole")
    monkeypatch.setattr(loop.Trainer, "update", _stop_at(5, loop.Trainer.update))
    monkeypatch.setattr("unpool.training.checkpoint.SAVE_EVERY_SECONDS", 0.0)
    monkeypatch.setattr("unpool.training.checkpoint.SAVE_SHARE", 1e9)
    with pytest.raises(RuntimeError, match="stopped"):
        weights(tmp_path / "stopped")
    assert (tmp_path / "stopped" / "training" / "checkpoint.pt").is_file()
    monkeypatch.undo()
    messages = Messages()
    good = [draw_stripes(number) for number in range(12)]
    levels = train_mirror(good, 64, out=tmp_path / "stopped", progress=messages, steps=STEPS)
    found = torch.cat([each.flatten() for each in levels.parameters()]).numpy()
    assert np.array_equal(found, whole)
    assert any("went on after" in line for line in messages.texts)


def _stop_at(number: int, update):  # type: ignore[no-untyped-def]
    taken: list[int] = []

    def stop(self) -> None:  # type: ignore[no-untyped-def]
        taken.append(1)
        if len(taken) > number:
            raise RuntimeError("stopped")
        update(self)

    return stop


def test_the_seed_makes_the_weights(tmp_path: Path) -> None:
    first = weights(tmp_path / "a", steps=3)
    assert np.array_equal(first, weights(tmp_path / "b", steps=3))
    assert not np.array_equal(first, weights(tmp_path / "c", steps=3, seed=1))
