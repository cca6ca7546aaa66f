"""State to resume from.

When it is written, whole or not at all, and whether it is of the same run.

A checkpoint holds tensors, numbers and text only and is read with `weights_only`, so that one from
somebody else cannot run code.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unpool.core.atomic_files import write_whole
from unpool.errors import UnpoolError, shorten_reason

NAME = "checkpoint.pt"
SAVE_EVERY_SECONDS = 15.0
SAVE_SHARE = 0.02  # of the time, at most, goes into saving
STATE_TYPES: dict[str, Any] = {
    "run": dict, "total": int, "step": int, "network": dict, "objective": dict, "optimizer": dict,
    "schedule": dict | None, "best": dict | None, "best_loss": float, "epochs": list, "images": int,
    "seconds": float,
}  # fmt: skip
REMEDY = "delete it to train from the start"

State = dict[str, Any]


@dataclass(frozen=True)
class Checkpoints:
    """Where a run keeps its state, to be resumed.

    Args:
        folder: holds the checkpoint; None: nothing is kept.
        run_key: what makes this run this run, beside its plan: network, images.
        requires_same_run: a checkpoint of another run is an error; else it is left unused.
        keeps_last: the state at the end of the run is written too.
    """

    folder: Path | None = None
    run_key: Mapping[str, Any] = field(default_factory=dict)
    requires_same_run: bool = False
    keeps_last: bool = False


class CheckpointPolicy:
    """Load the state of a run, and save it often.

    A kill costs little, and saving a small share of the time.

    Args:
        checkpoints: where, and of which run.
        run: the whole key of the run, with its plan.
        writes: whether this process is the one that writes.
    """

    def __init__(self, checkpoints: Checkpoints, run: Mapping[str, Any], writes: bool) -> None:
        self.folder = checkpoints.folder
        self.run = dict(run)
        self.keeps_last = checkpoints.keeps_last
        self.is_active = self.folder is not None and writes
        self._requires_same_run = checkpoints.requires_same_run
        self._saved_at = time.perf_counter()
        self._save_seconds = 0.0

    def load(self) -> State | None:
        """Return the state of the same run.

        None where there is none.

        Raises:
            UnpoolError: where the checkpoint is damaged, or of another run and that is not allowed.
        """
        state = load_checkpoint(self.folder) if self.folder else None
        if state is None or state["run"] == self.run:
            return state
        if self._requires_same_run:
            raise UnpoolError(
                f"the checkpoint in {self.folder} is of another run: {first_difference(state['run'], self.run)}; "
                "give what it was begun with, or begin anew without --resume"
            )
        return None

    def is_due(self) -> bool:
        """Whether enough time has passed since the last save."""
        limit = max(SAVE_EVERY_SECONDS, self._save_seconds / SAVE_SHARE)
        return time.perf_counter() - self._saved_at > limit

    def save(self, state: State) -> None:
        """Write the state, with the run's key."""
        if self.folder is None or not self.is_active:
            return
        start = time.perf_counter()
        save_checkpoint(self.folder, {"run": self.run, **state})
        self._saved_at = time.perf_counter()
        self._save_seconds = self._saved_at - start


def save_checkpoint(folder: Path, state: State) -> None:
    """Write `state` to FOLDER/checkpoint.pt; a kill leaves the one before."""
    import torch

    try:
        write_whole(folder / NAME, lambda part: torch.save(state, part))
    except RuntimeError as error:  # torch's own writer has no OSError for a full disk
        raise UnpoolError(
            f"{folder / NAME} cannot be written ({shorten_reason(error)}); is there space left? then give --resume"
        ) from error


def load_checkpoint(folder: Path) -> State | None:
    """Read the state last saved in FOLDER.

    None where there is none.

    Raises:
        UnpoolError: where the file is damaged, or is no state of unpool.
    """
    import torch

    path = folder / NAME
    if not path.exists():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise UnpoolError(
            f"the checkpoint {path} cannot be read ({type(error).__name__}); {REMEDY}"
        ) from error
    _check_state(path, state)
    return dict(state)


def first_difference(before: Mapping[str, object], now: Mapping[str, object]) -> str:
    """Describe the first entry in which two run keys differ.

    `files` stands for the images, of which there are `count`.

    >>> first_difference({"lr": 0.1}, {"lr": 0.2})
    'its lr is 0.1, not 0.2'
    >>> first_difference({"files": "5e", "count": 40}, {"files": "a7", "count": 41})
    'it was begun with 40 images, now there are 41'
    """
    name = next(name for name in now if before.get(name) != now[name])
    if name not in ("files", "count"):
        return f"its {name} is {before.get(name)!r}, not {now[name]!r}"
    if before.get("count") != now.get("count"):
        return f"it was begun with {before.get('count')} images, now there are {now.get('count')}"
    return (
        f"it was begun with as many images ({now['count']}), but since then files were changed or took the "
        "place of others"
    )


@contextmanager
def checkpoint_errors(folder: Path | None) -> Iterator[None]:
    """Turn errors of loading into one line about the checkpoint."""
    try:
        yield
    except (RuntimeError, ValueError, TypeError, LookupError, AttributeError) as error:
        path = None if folder is None else folder / NAME
        raise UnpoolError(
            f"the checkpoint {path} does not fit this network ({shorten_reason(error)}); {REMEDY}"
        ) from error


def _check_state(path: Path, state: object) -> None:
    if not isinstance(state, dict):
        raise UnpoolError(
            f"the checkpoint {path} holds a {type(state).__name__}, but must hold a state of unpool; {REMEDY}"
        )
    for key, kind in STATE_TYPES.items():
        if key not in state or not isinstance(state[key], kind):
            held = type(state[key]).__name__ if key in state else "nothing"
            raise UnpoolError(
                f"the checkpoint {path} is not of unpool: it holds {held} for '{key}'; {REMEDY}"
            )
