"""Keep the table true to the folder: which files are new, changed, gone, or skipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from unpool.core.markers import WORKSPACE_TABLE
from unpool.errors import UnpoolError, UsageError
from unpool.images.reading.scan import ImageFile, Problem, Scan
from unpool.store.columns import OK, SKIPPED, skipped_row
from unpool.store.state import MODEL, REPORT, STATE, read_state
from unpool.store.table import ImageTable

MISSING = "missing"


@dataclass(frozen=True)
class Pending:
    """What a folder asks of the table: files to embed, and paths in the table that are no longer there."""

    files: list[ImageFile]
    gone: list[str]


def check_same_images(work: Path, location: str) -> None:
    """A workspace holds one collection: UnpoolError where it was made from another place."""
    before = read_state(work).get("images")
    if before not in (None, location):
        raise UnpoolError(f"{work} holds the images of {before}, not of {location}; name another with --work")


def check_folder_is_free(work: Path, location: str) -> None:
    """`UsageError` where the images themselves lie in `work`, or a `model` or `report` that would be replaced."""
    if (work / STATE).exists() or (work / WORKSPACE_TABLE).exists():
        return
    if str(work.resolve()) == location:
        raise UsageError(f"--work {work} is the folder of the images itself; name another, or leave it out")
    for own in (work / MODEL, work / REPORT):
        if own.is_file() or (own.is_dir() and any(own.iterdir())):
            raise UsageError(f"{own} is there already, and {work} is no workspace; name another with --work")


def find_pending(table: ImageTable, scan: Scan, model: str) -> Pending:
    """Compare a scan with the table: unchanged files embedded by `model` need nothing."""
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
    there = {file.path for file in scan.files} | {problem.path for problem in scan.problems}
    gone = [path for path in table.arrow(["path"])["path"].to_pylist() if path not in there]
    return Pending(files, gone)


def note_problems(table: ImageTable, problems: Sequence[Problem]) -> None:
    """Write the rows of what was refused before it was opened."""
    table.upsert([skipped_row(problem) for problem in problems])


def read_annotations(table: ImageTable) -> list[dict[str, Any]]:
    """Path, content (id), label and mark of every image that a person said something of."""
    import pyarrow.compute as pc

    rows = table.arrow(["path", "id", "label", "wrong"])
    said = pc.or_(pc.is_valid(rows["label"]), pc.is_valid(rows["wrong"]))
    found: list[dict[str, Any]] = rows.filter(said).to_pylist()
    return found


def move_annotations_with_content(table: ImageTable, said: Sequence[dict[str, Any]]) -> None:
    """Where files have changed places under the same names, what was `said` goes with the images, not the names.

    A file whose former content is nowhere any more was edited: what was said of it stays.
    """
    if not said:
        return
    now = table.arrow(["path", "id", "label", "wrong"], where=f"status = '{OK}'").to_pylist()
    content = {row["path"]: row["id"] for row in now}
    words = {row["id"]: row for row in said if row["id"] is not None}
    left = {row["path"]: row["id"] for row in said if content.get(row["path"], row["id"]) != row["id"]}
    moved = set(left.values()) & set(content.values()) & set(words)
    told = {path: words.get(content[path], {}) for path, digest in left.items() if digest in moved}
    for row in now:
        if row["id"] in moved and row["path"] not in told and row["label"] is None and row["wrong"] is None:
            told[row["path"]] = words[row["id"]]
    nothing = [None] * len(told)
    table.update(list(told), {
        "label": [row.get("label") for row in told.values()],
        "wrong": [row.get("wrong") for row in told.values()],
        "suggestion": nothing, "suggestion_confidence": nothing,
    })  # fmt: skip


def remove_missing_rows(table: ImageTable, gone: Sequence[str]) -> int:
    """Drop the rows of vanished files; what a person said of them moves to the same image under another name.

    A label whose image is nowhere else stays, with a row of the problem `missing`. Returns how many rows went or
    became such: those that were missing before and still are do not count.
    """
    if not gone:
        return 0
    frame = table.frame(["path", "id", "status", "problem", "label", "wrong"])
    vanished = frame["path"].isin(set(gone))
    moved = {column: _move(table, column, frame, vanished) for column in ("label", "wrong")}
    labelled = frame["label"].notna()
    elsewhere = moved["label"] | set(frame[~vanished & (frame["status"] == OK) & labelled]["id"])
    kept = frame[vanished & labelled & ~frame["id"].isin(elsewhere)]
    dropped = sorted(set(gone) - set(kept["path"]))
    table.delete(dropped)
    kept = kept[kept["problem"] != MISSING]
    told = "labelled, but no longer in the folder"
    # The digest stays: the file may come back under another name.
    table.upsert([
        skipped_row(Problem(path, MISSING, told)) | {"id": digest}
        for path, digest in zip(kept["path"], kept["id"], strict=True)
    ])  # fmt: skip
    return len(dropped) + len(kept)


def _move(table: ImageTable, column: str, frame: pd.DataFrame, vanished: pd.Series) -> set[str]:
    """Give the values of vanished images to the same images elsewhere that have none; returns their digests."""
    noted = frame[vanished & frame[column].notna() & frame["id"].notna()]
    value = dict(zip(noted["id"], noted[column], strict=True))
    target = frame[~vanished & (frame["status"] == OK) & frame[column].isna() & frame["id"].isin(value)]
    told: dict[str, Any] = {column: [value[digest] for digest in target["id"]]}
    if column == "label":  # which no image has beside a suggestion
        told |= {name: [None] * len(target) for name in ("suggestion", "suggestion_confidence")}
    table.update(target["path"].tolist(), told)
    return set(target["id"])


def counts(table: ImageTable) -> tuple[int, int]:
    """How many images are usable, and how many were skipped."""
    status = table.arrow(["status"])["status"].to_pylist()
    return status.count(OK), status.count(SKIPPED)


def problem_rows(table: ImageTable) -> list[tuple[str, str, str]]:
    """Path, problem and detail of everything skipped, sorted by path."""
    rows: Any = table.arrow(["path", "problem", "detail"], where=f"status = '{SKIPPED}'")
    return [tuple(text or "" for text in row.values()) for row in rows.to_pylist()]  # type: ignore[misc]
