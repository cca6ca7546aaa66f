"""State to resume from, written whole or not at all.

A checkpoint holds tensors, numbers and text only and is read with `weights_only`, so that one from a
stranger cannot run code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from unpool.core.atomic_files import write_whole
from unpool.errors import UnpoolError

NAME = "checkpoint.pt"
KINDS: dict[str, Any] = {
    "run": dict, "total": int, "step": int, "network": dict, "objective": dict, "optimizer": dict,
    "schedule": dict | None, "best": dict | None, "best_loss": float, "epochs": list, "images": int,
    "seconds": float,
}  # fmt: skip
ANEW = "delete it to train from the start"


def save_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    """Write `state` to FOLDER/checkpoint.pt; a kill leaves the one before."""
    import torch

    try:
        write_whole(folder / NAME, lambda part: torch.save(state, part))
    except RuntimeError as error:  # torch's own writer has no OSError for a full disk
        raise UnpoolError(
            f"{folder / NAME} cannot be written ({_short(error)}); is there space left? then give --resume"
        ) from error


def load_checkpoint(folder: Path) -> dict[str, Any] | None:
    """The state last saved in FOLDER, or None where there is none; UnpoolError where it is corrupt or not ours."""
    import torch

    path = folder / NAME
    if not path.exists():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise UnpoolError(f"the checkpoint {path} cannot be read ({type(error).__name__}); {ANEW}") from error
    _refuse_foreign(path, state)
    return dict(state)


def first_difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """What tells two runs apart, in words. `files` stands for their images, which are `count`.

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
    """Tell in one line where what the checkpoint of FOLDER holds does not fit what it is loaded into."""
    try:
        yield
    except (RuntimeError, ValueError, TypeError, LookupError, AttributeError) as error:
        path = None if folder is None else folder / NAME
        raise UnpoolError(
            f"the checkpoint {path} does not fit this network ({_short(error)}); {ANEW}"
        ) from error


def _refuse_foreign(path: Path, state: Any) -> None:
    if not isinstance(state, dict):
        raise UnpoolError(
            f"the checkpoint {path} holds a {type(state).__name__}, but must hold a state of unpool; {ANEW}"
        )
    for key, kind in KINDS.items():
        if key not in state or not isinstance(state[key], kind):
            held = type(state[key]).__name__ if key in state else "nothing"
            raise UnpoolError(f"the checkpoint {path} is not of unpool: it holds {held} for '{key}'; {ANEW}")


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:160]
