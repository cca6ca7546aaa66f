"""True classes of images, from folders or a CSV."""

from __future__ import annotations

import csv
from pathlib import Path

from unpool.errors import UnpoolError


def read_true_labels(paths: list[str], labels: str) -> list[str | None]:
    """Read the true class of each image.

    Args:
        paths: the images, relative to their folder.
        labels: "folders", the folder that an image lies in, or a CSV file of path,label.

    Returns:
        A class for each of `paths`, None where it has none.

    Raises:
        UnpoolError: the labels fit no image, or the file cannot be read.
    """
    if labels == "folders":
        classes: list[str | None] = [Path(path).parent.name or None for path in paths]
        if not any(classes):
            raise UnpoolError(
                "--labels folders: no image lies in a folder of its own class; give a CSV of path,label instead"
            )
        return classes
    class_of = _read_csv(Path(labels))
    classes = [class_of.get(path) for path in paths]
    if not any(classes):
        example = next(iter(class_of), "nothing")
        raise UnpoolError(f"{labels} names no image of this workspace (it has {example!r}, not {paths[0]!r})")
    return classes


def _read_csv(path: Path) -> dict[str, str]:
    """Path → label from a CSV whose header names `path` and `label`, in any order."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if not {"path", "label"} <= set(rows.fieldnames or ()):
                raise UnpoolError(f"{path} has the columns {rows.fieldnames}, but must have path and label")
            return {row["path"]: row["label"] for row in rows if row["label"]}
    except FileNotFoundError as error:
        raise UnpoolError(f"there is no file {path}; give `folders` or a CSV of path,label") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnpoolError(f"{path} cannot be read as a CSV of path,label: {error}") from error
