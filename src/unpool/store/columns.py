"""The columns of the table: what one row holds of an image."""

from __future__ import annotations

from typing import Any

from unpool.images.reading.scan import ImageFile, Problem

Row = dict[str, Any]
OK, SKIPPED = "ok", "skipped"

# name → Arrow type, in the order people see them; `vector` is added once its length is known.
COLUMNS: dict[str, str] = {
    "path": "string",
    "id": "string",
    "width": "int32",
    "height": "int32",
    "mode": "string",
    "bytes": "int64",
    "modified": "double",
    "status": "string",
    "problem": "string",
    "detail": "string",
    "thumbnail": "binary",
    "grey": "bool",
    "model": "string",
    "group": "int32",
    "probability": "float",
    "x": "float",
    "y": "float",
    "reconstruction_error": "float",
    "outlier_score": "float",
    "duplicate_of": "string",
    "sharpness": "float",
    "brightness": "float",
    "label": "string",
    "wrong": "bool",
    "suggestion": "string",
    "suggestion_confidence": "float",
}


def skipped_row(problem: Problem, file: ImageFile | None = None) -> Row:
    """The row of something that looks like an image and cannot be used; nothing of an older state stays."""
    cleared = ("id", "width", "height", "mode", "thumbnail", "grey", "vector", "model", "group", "probability",
               "x", "y", "reconstruction_error", "outlier_score", "duplicate_of", "sharpness", "brightness",
               "suggestion", "suggestion_confidence",
               )  # fmt: skip
    row: Row = dict.fromkeys(cleared)
    row |= {"path": problem.path, "status": "skipped", "problem": problem.problem, "detail": problem.detail}
    return row | {"bytes": file.bytes if file else None, "modified": file.modified if file else None}
