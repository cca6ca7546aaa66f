"""Folders that unpool wrote, told from the user's: no scan takes their pictures for images of the collection."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

WORKSPACE_ENDING = ".unpool"
WORKSPACE_TABLE = "images.lance"
MODEL_FILES = ("model.json", "model.safetensors")
TRAINING = "training"  # in a model folder, while its run can be resumed
MARKER = ".unpool-training"  # in TRAINING: this one is ours; no folder that a user names has such a name


def is_unpool_folder(folder: Path | str, names: Collection[str]) -> bool:
    """Whether a folder that holds `names` is a workspace, a model, or the scratch of a run under way.

    >>> is_unpool_folder("photos", ["model.json", "model.safetensors", "loss.png"]), is_unpool_folder("photos", ["a.png"])
    (True, False)
    """
    whole = WORKSPACE_TABLE in names or MARKER in names or all(name in names for name in MODEL_FILES)
    return whole or (TRAINING in names and is_marked(Path(folder) / TRAINING))


def is_marked(folder: Path) -> bool:
    """Whether `folder` is the scratch of a run that has begun and not come to its end."""
    return os.path.lexists(folder / MARKER)
