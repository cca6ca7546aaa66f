"""Checkpoints: whole, of the same run, and harmless."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch

from unpool.errors import UnpoolError
from unpool.training import checkpoint
from unpool.training.checkpoint import (
    NAME,
    CheckpointPolicy,
    Checkpoints,
    checkpoint_errors,
    first_difference,
    load_checkpoint,
    save_checkpoint,
)


def state(**changed: Any) -> dict[str, Any]:
    return {
        "run": {"lr": 0.1}, "total": 10, "step": 3, "network": {"w": torch.ones(2)}, "objective": {},
        "optimizer": {}, "schedule": None, "best": None, "best_loss": 0.5, "epochs": [], "images": 30,
        "seconds": 1.5,
    } | changed  # fmt: skip


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path) is None
    save_checkpoint(tmp_path, state())
    found = load_checkpoint(tmp_path)
    assert found is not None
    assert torch.equal(found.pop("network")["w"], torch.ones(2))
    expected = state()
    expected.pop("network")
    assert found == expected
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no archive", "cannot be read"),
        ([1, 2], "holds a list, but must hold a state of unpool"),
        (state(step="3"), "holds str for 'step'"),
        ({"run": {}}, "holds nothing for 'total'"),
    ],
)
def test_another_file_is_named_with_what_to_do(tmp_path: Path, content: Any, message: str) -> None:
    if isinstance(content, bytes):
        (tmp_path / NAME).write_bytes(content)
    else:
        torch.save(content, tmp_path / NAME)
    with pytest.raises(UnpoolError, match=message) as caught:
        load_checkpoint(tmp_path)
    assert str(tmp_path / NAME) in str(caught.value)
    assert "delete it to train from the start" in str(caught.value)


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (os.environ["UNPOOL_BOMB"],)


def test_a_strangers_checkpoint_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNPOOL_BOMB", str(tmp_path / "exploded"))
    torch.save(state(network=Bomb()), tmp_path / NAME)
    with pytest.raises(UnpoolError, match="cannot be read"):
        load_checkpoint(tmp_path)
    assert not (tmp_path / "exploded").exists()


def test_the_policy_takes_only_the_same_run(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, state())
    same = CheckpointPolicy(Checkpoints(tmp_path), {"lr": 0.1}, writes=True).load()
    assert same is not None
    assert same["step"] == 3
    assert CheckpointPolicy(Checkpoints(tmp_path), {"lr": 0.2}, writes=True).load() is None
    strict = CheckpointPolicy(Checkpoints(tmp_path, requires_same_run=True), {"lr": 0.2}, writes=True)
    with pytest.raises(UnpoolError, match=r"is of another run: its lr is 0\.1, not 0\.2"):
        strict.load()


def test_saving_is_due_by_time_and_by_what_it_costs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock:
        now = 0.0

        def perf_counter(self) -> float:
            return self.now

    clock = Clock()
    monkeypatch.setattr(checkpoint, "time", clock)
    policy = CheckpointPolicy(Checkpoints(tmp_path), {"lr": 0.1}, writes=True)
    clock.now = checkpoint.SAVE_EVERY_SECONDS - 1
    assert not policy.is_due()
    clock.now += 2
    assert policy.is_due()

    def slow(*_: Any) -> None:
        clock.now += 1

    monkeypatch.setattr(checkpoint, "save_checkpoint", slow)
    policy.save(state())
    clock.now += 1 / checkpoint.SAVE_SHARE - 1
    assert not policy.is_due(), "a save of a second may come each fifty seconds only"
    clock.now += 2
    assert policy.is_due()


def test_only_the_writing_process_writes(tmp_path: Path) -> None:
    CheckpointPolicy(Checkpoints(tmp_path), {}, writes=False).save(state())
    CheckpointPolicy(Checkpoints(None), {}, writes=True).save(state())
    assert list(tmp_path.iterdir()) == []


def test_files_that_changed_are_reported_from_more_files() -> None:
    before, now = {"files": "a", "count": 3}, {"files": "b", "count": 3}
    assert "as many images (3)" in first_difference(before, now)
    assert "3 images, now there are 4" in first_difference(before, now | {"count": 4})


def test_a_state_of_another_network_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnpoolError, match="does not fit this network"), checkpoint_errors(tmp_path):
        torch.nn.Linear(2, 2).load_state_dict({})
