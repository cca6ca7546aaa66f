"""True classes of images, from folders or a CSV."""

from __future__ import annotations

import csv
from pathlib import Path

from unpool.errors import UnpoolError


def classes_of(paths: list[str], labels: str) -> list[str | None]:
    """The class of each path, by folder or from a CSV; UnpoolError where the labels fit no image."""
    if labels == "folders":
        found: list[str | None] = [Path(path).parent.name or None for path in paths]
        if not any(found):
            raise UnpoolError(
                "--labels folders: no image lies in a folder of its own class; give a CSV instead"
            )
        return found
    known = _read_labels(Path(labels))
    found = [known.get(path) for path in paths]
    if not any(found):
        example = next(iter(known), "nothing")
        raise UnpoolError(f"{labels} names no image of this workspace (it has {example!r}, not {paths[0]!r})")
    return found


def _read_labels(path: Path) -> dict[str, str]:
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
