"""Keep the table in step with the folder.

Files that are new, changed, missing or skipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import pandas as pd

from unpool.core.markers import WORKSPACE_TABLE
from unpool.errors import UnpoolError, UsageError
from unpool.images.reading.scan import ImageFile, Problem, Scan
from unpool.store.columns import OK, SKIPPED, skipped_row
from unpool.store.state import MODEL, REPORT, STATE, read_state
from unpool.store.table import ImageTable

MISSING = "missing"


class Annotation(TypedDict):
    """What a person said of an image.

    Its label, and whether it is marked as wrong.
    """

    path: str
    id: str | None  # of the content
    label: str | None
    wrong: bool | None


@dataclass(frozen=True)
class Pending:
    """What has to be done.

    Files to embed, and paths of the table that are no longer in the folder.
    """

    files: list[ImageFile]
    missing: list[str]


def check_same_images(work: Path, location: str) -> None:
    """Check that a workspace holds these images.

    Raises `UnpoolError` where it holds others.
    """
    before = read_state(work).get("images")
    if before not in (None, location):
        raise UnpoolError(f"{work} holds the images of {before}, not of {location}; name another with --work")


def check_folder_is_free(work: Path, location: str) -> None:
    """Check that a new workspace replaces nothing.

    Raises `UsageError` where it would.
    """
    if (work / STATE).exists() or (work / WORKSPACE_TABLE).exists():
        return
    if str(work.resolve()) == location:
        raise UsageError(f"--work {work} is the folder of the images itself; name another, or leave it out")
    for own in (work / MODEL, work / REPORT):
        if own.is_file() or (own.is_dir() and any(own.iterdir())):
            raise UsageError(f"{own} is there already, and {work} is no workspace; name another with --work")


def find_pending(table: ImageTable, scan: Scan, model: str) -> Pending:
    """Compare a scan with the table.

    Unchanged files embedded by the model need nothing.

    Args:
        table: The table.
        scan: What the folder holds.
        model: Digest of the model.

    Returns:
        Files to embed, and paths that are missing.
    """
    embedded = "vector IS NOT NULL" if table.dimension is not None else "false"
    rows = table.arrow(["path", "bytes", "modified", "model"], where=f"status = '{OK}' AND {embedded}")
    done = {
        path: (size, modified)
        for path, size, modified, by in zip(
            *(rows[name].to_pylist() for name in rows.schema.names), strict=True
        )
        if by == model
    }
    files = [file for file in scan.files if done.get(file.path) != (file.bytes, file.modified)]
    present = {file.path for file in scan.files} | {problem.path for problem in scan.problems}
    missing = [path for path in table.arrow(["path"])["path"].to_pylist() if path not in present]
    return Pending(files, missing)


def note_problems(table: ImageTable, problems: Sequence[Problem]) -> None:
    """Write the rows of files that were skipped unopened."""
    table.upsert([skipped_row(problem) for problem in problems])


def read_annotations(table: ImageTable) -> list[Annotation]:
    """Read the annotations of all images with label or mark."""
    import pyarrow.compute as pc

    rows = table.arrow(["path", "id", "label", "wrong"])
    is_annotated = pc.or_(pc.is_valid(rows["label"]), pc.is_valid(rows["wrong"]))
    annotations: list[Annotation] = rows.filter(is_annotated).to_pylist()
    return annotations


def move_annotations_with_content(table: ImageTable, annotations: Sequence[Annotation]) -> None:
    """Move annotations along with the content of renamed files.

    A file whose former content is nowhere any more was edited: its annotation stays.

    Args:
        table: The table, with the contents as they are now.
        annotations: As `read_annotations` gave them before.
    """
    if not annotations:
        return
    now = table.arrow(["path", "id", "label", "wrong"], where=f"status = '{OK}'").to_pylist()
    content = {row["path"]: row["id"] for row in now}
    by_content = {row["id"]: row for row in annotations if row["id"] is not None}
    changed = {
        row["path"]: row["id"] for row in annotations if content.get(row["path"], row["id"]) != row["id"]
    }
    moved = set(changed.values()) & set(content.values()) & set(by_content)
    new: dict[str, Annotation | None] = {
        path: by_content.get(content[path]) for path, digest in changed.items() if digest in moved
    }
    for row in now:
        if row["id"] in moved and row["path"] not in new and row["label"] is None and row["wrong"] is None:
            new[row["path"]] = by_content[row["id"]]
    empty = [None] * len(new)
    table.update(list(new), {
        "label": [row and row["label"] for row in new.values()],
        "wrong": [row and row["wrong"] for row in new.values()],
        "suggestion": empty, "suggestion_confidence": empty,
    })  # fmt: skip


def remove_missing_rows(table: ImageTable, missing: Sequence[str]) -> int:
    """Remove the rows of missing files.

    Annotations move to the same content elsewhere.

    A label whose content is nowhere else stays, in a row with the problem `missing`.

    Args:
        table: The table.
        missing: Paths that are no longer in the folder.

    Returns:
        The number of rows that were removed or became `missing` now.
    """
    if not missing:
        return 0
    frame = table.frame(["path", "id", "status", "problem", "label", "wrong"])
    vanished = frame["path"].isin(set(missing))
    moved = {column: _move(table, column, frame, vanished) for column in ("label", "wrong")}
    labelled = frame["label"].notna()
    elsewhere = moved["label"] | set(frame[~vanished & (frame["status"] == OK) & labelled]["id"])
    kept = frame[vanished & labelled & ~frame["id"].isin(elsewhere)]
    dropped = sorted(set(missing) - set(kept["path"]))
    table.delete(dropped)
    kept = kept[kept["problem"] != MISSING]
    detail = "labelled, but no longer in the folder"
    # The digest stays: the file may come back under another name.
    table.upsert([
        skipped_row(Problem(path, MISSING, detail)) | {"id": digest}
        for path, digest in zip(kept["path"], kept["id"], strict=True)
    ])  # fmt: skip
    return len(dropped) + len(kept)


def _move(table: ImageTable, column: str, frame: pd.DataFrame, vanished: pd.Series) -> set[str]:
    """Copy the values of vanished images to the same content elsewhere that has none; returns their digests."""
    annotated = frame[vanished & frame[column].notna() & frame["id"].notna()]
    value = dict(zip(annotated["id"], annotated[column], strict=True))
    target = frame[~vanished & (frame["status"] == OK) & frame[column].isna() & frame["id"].isin(value)]
    columns: dict[str, list[object]] = {column: [value[digest] for digest in target["id"]]}
    if column == "label":  # which no image has beside a suggestion
        columns |= {name: [None] * len(target) for name in ("suggestion", "suggestion_confidence")}
    table.update(target["path"].tolist(), columns)
    return set(target["id"])


def counts(table: ImageTable) -> tuple[int, int]:
    """Count the usable images and the skipped files."""
    status = table.arrow(["status"])["status"].to_pylist()
    return status.count(OK), status.count(SKIPPED)


def problem_rows(table: ImageTable) -> list[tuple[str, str, str]]:
    """List path, problem and detail of all skipped files."""
    rows = table.arrow(["path", "problem", "detail"], where=f"status = '{SKIPPED}'").to_pylist()
    return [(row["path"], row["problem"] or "", row["detail"] or "") for row in rows]
