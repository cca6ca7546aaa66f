"""State to resume from, written whole or not at all.

A checkpoint holds tensors, numbers and text only and is read with `weights_only`, so that one from a
stranger cannot run code.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from unpool.errors import UnpoolError
from unpool.files import write_whole

NAME = "checkpoint.pt"


def save_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    """Write `state` to FOLDER/checkpoint.pt; a kill leaves the one before."""
    import torch

    write_whole(folder / NAME, lambda part: torch.save(state, part))


def load_checkpoint(folder: Path) -> dict[str, Any] | None:
    """The state last saved in FOLDER, or None where there is none; UnpoolError where it is corrupt."""
    import torch

    path = folder / NAME
    if not path.exists():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise UnpoolError(
            f"the checkpoint {path} cannot be read ({type(error).__name__}); delete it to train from the start"
        ) from error
    return dict(state)
