"""Marks of folders and files that unpool wrote.

No scan takes the pictures in them for images of the collection.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from pathlib import Path

WORKSPACE_ENDING = ".unpool"
WORKSPACE_TABLE = "images.lance"
WORKSPACE_STATE = "unpool.yaml"
MODEL_FILES = ("model.json", "model.safetensors")
TRAINING = "training"  # in a model folder, while its run can be resumed
MARKER = ".unpool-training"  # in TRAINING: written by unpool; no user names a file like this
COPIES = ".unpool-copies"  # an empty folder in every class folder that `unpool export` writes
PREDICTIONS = "predictions.jsonl"  # the record of what a command predicts, in its output folder


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


def first_foreign(folder: Path, own: Collection[str] = ()) -> str | None:
    """Name a file that unpool has not written.

    Hidden ones do not count, nor those that Windows leaves in every folder.

    Args:
        folder: Where unpool is to write; it may be missing.
        own: Names that may be there.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / ".DS_Store").write_text(""), (folder / "model").mkdir()
    >>> first_foreign(folder, ["model"]), first_foreign(folder)
    (None, 'model')
    """
    try:
        names = sorted(path.name for path in folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return None
    return next((name for name in names if name not in own and not _is_left_by_system(name)), None)


def _is_left_by_system(name: str) -> bool:
    return name.startswith(".") or name.lower() in ("thumbs.db", "desktop.ini")


def is_marked(folder: Path) -> bool:
    """Whether `folder` is the scratch folder of an unfinished run."""
    return os.path.lexists(folder / MARKER)


def mark_copies(class_folder: Path) -> None:
    """Mark a class folder as one of copies.

    So they are not taken for further images. The mark is a folder and not a file: programs that count the files of
    a class, or take folders for classes, see none.
    """
    (class_folder / COPIES).mkdir(exist_ok=True)


def predicted_files(folder: Path | str) -> frozenset[str]:
    """List the pictures that `segment predict` or `inspect predict` wrote.

    Args:
        folder: Its output folder.

    Returns:
        Paths relative to the folder, with slashes; none where the folder has no record of it.
    """
    try:
        lines = (Path(folder) / PREDICTIONS).read_text("utf-8", "replace").splitlines()
    except OSError:
        return frozenset()
    found: set[str] = set()
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:  # the last line was cut off by a kill
            continue
        files = entry.get("files") if isinstance(entry, dict) else None
        found.update(name for name in files or () if isinstance(name, str))
    return frozenset(found)
