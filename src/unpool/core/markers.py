"""Marks by which folders that unpool wrote are known.

No scan takes the pictures in them for images of the collection.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

WORKSPACE_ENDING = ".unpool"
WORKSPACE_TABLE = "images.lance"
MODEL_FILES = ("model.json", "model.safetensors")
TRAINING = "training"  # in a model folder, while its run can be resumed
MARKER = ".unpool-training"  # in TRAINING: written by unpool; no user names a file like this


def is_unpool_folder(folder: Path | str, names: Collection[str]) -> bool:
    """Whether unpool wrote a folder that holds `names`.

    That is a workspace, a model, or the scratch folder of a training under way.

    >>> is_unpool_folder("photos", ["model.json", "model.safetensors", "loss.png"])
    True
    >>> is_unpool_folder("photos", ["a.png"])
    False
    """
    whole = WORKSPACE_TABLE in names or MARKER in names or all(name in names for name in MODEL_FILES)
    return whole or (TRAINING in names and is_marked(Path(folder) / TRAINING))


def is_marked(folder: Path) -> bool:
    """Whether `folder` is the scratch folder of an unfinished run."""
    return os.path.lexists(folder / MARKER)
