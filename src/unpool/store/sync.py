"""Keep the table in step with the folder.

It finds what files are new, changed, missing or skipped, and lets labels follow files that were renamed.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from unpool.core.file_identity import content_digest, is_tag, sample_of
from unpool.core.file_names import printable
from unpool.core.markers import WORKSPACE_TABLE, first_foreign
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError
from unpool.images.pixel_cache import map_ordered
from unpool.images.reading.scan import ImageFile, Problem, Scan
from unpool.store.columns import OK, SKIPPED, skipped_row
from unpool.store.fields.values import personal_columns
from unpool.store.lock import LOCKS
from unpool.store.spaces.paths import SPACES, outer_workspace
from unpool.store.state import EXPORTS, SEGMENTER, read_state
from unpool.store.table import ImageTable

MISSING = "missing"
GONE_LABEL = "labelled, but no longer in the folder"
GONE_MARK = "marked as wrong, but no longer in the folder"
GONE_FIELD = "has values of fields, but is no longer in the folder"
SHUT = frozenset({"no-permission", "unreadable"})  # problems of the disk, not of the file
MANY_FILES = 1000  # to compare: from here on a person sees it
OWN = (SEGMENTER, EXPORTS, SPACES, *LOCKS.values())  # what may be there before the table is
NUM_READERS = 8  # threads that compare files: most of the time they wait for the disk


@dataclass(frozen=True)
class Pending:
    """What has to be done.

    Files to embed, and files that are as they were although the file system has other facts of them now.
    """

    files: list[ImageFile]
    same: list[ImageFile]


@dataclass(frozen=True)
class Absent:
    """Paths of the table that are not in the folder.

    They are missing, or away with their whole folder.
    """

    missing: list[str]
    away: list[str]


def check_folder_is_free(work: Path, location: str) -> None:
    """Check that a workspace goes among nobody's files.

    Its folder is empty, or a workspace already. Raises `UsageError` where it is not.
    """
    work = outer_workspace(work)
    if work.exists() and not work.is_dir():
        raise UnpoolError(f"{work} is a file; name another workspace with --work")
    if (work / WORKSPACE_TABLE).is_dir() or _is_state(work):
        return
    if work.is_dir() and str(work.resolve()) == location:
        raise UsageError(f"--work {work} is the folder of the images itself; name another, or leave it out")
    if foreign := first_foreign(work, OWN):
        raise UsageError(
            f"--work {work} is no workspace and holds {printable(foreign)}; name a new or empty folder, or leave it out"
        )


def _is_state(work: Path) -> bool:
    """Whether unpool.yaml is ours, and not a person's own --config."""
    try:
        return "versions" in read_state(work)
    except UnpoolError:
        return False


def find_pending(table: ImageTable, scan: Scan, model: str, *, progress: Progress | None = None) -> Pending:
    """Compare the files of a scan with the table.

    Unchanged files embedded by the model need nothing. A file is unchanged where size, time and stamp are; where one
    of the latter differs, its bytes are compared. On an object store the tag alone says whether a file has changed.

    Args:
        table: The table.
        scan: What the folder holds.
        model: Digest of the model.
        progress: Where the comparison of many files is shown.

    Returns:
        Files to embed, and those that are the same.
    """
    known = _known_files(table, model)
    files, doubtful = [], []
    for file in scan.files:
        row = known.get(file.path)
        if row is None or row["bytes"] != file.bytes:
            files.append(file)
        elif is_tag(file.stamp):
            files += [file] if file.stamp != row["stamp"] else []
        elif row["modified"] != file.modified or file.stamp not in (None, row["stamp"] or "-"):
            doubtful.append(file)
    equal = _compare(doubtful, known, progress or Progress())
    files += [file for file in doubtful if file.path not in equal]
    same = [replace(file, sample=equal[file.path]) for file in doubtful if file.path in equal]
    return Pending(sorted(files, key=lambda file: file.path), same)


def find_absent(table: ImageTable, scan: Scan, *, forget: bool = False, new: Collection[str] = ()) -> Absent:
    """List paths of the table that the folder lacks.

    Args:
        table: The table.
        scan: What the folder holds.
        forget: Whether files are missing too whose whole folder cannot be seen.
        new: Files that this run has brought. What has the content of one was renamed with its folder.

    Returns:
        Those that are missing, and those that are away.
    """
    absent = absent_paths(table, scan)
    away = set() if forget else scan.find_away(absent)
    if away and new:
        rows = table.arrow(["path", "id"])
        content = dict(zip(rows["path"].to_pylist(), rows["id"].to_pylist(), strict=True))
        arrived = {content.get(path) for path in new} - {None}
        away = {path for path in away if content[path] not in arrived}
    return Absent([path for path in absent if path not in away], [path for path in absent if path in away])


def _known_files(table: ImageTable, model: str) -> dict[str, dict[str, Any]]:
    """The rows of usable images that the model embedded, by path."""
    embedded = "vector IS NOT NULL" if table.dimension is not None else "false"
    columns = ["path", "id", "bytes", "modified", "model", "stamp", "sample"]
    rows = table.arrow(columns, where=f"status = '{OK}' AND {embedded}").to_pylist()
    return {row["path"]: row for row in rows if row["model"] == model}


def absent_paths(table: ImageTable, scan: Scan) -> list[str]:
    """List the table's paths that a scan lacks."""
    present = {file.path for file in scan.files} | {problem.path for problem in scan.problems}
    return [path for path in table.arrow(["path"])["path"].to_pylist() if path not in present]


def _compare(
    files: Sequence[ImageFile], known: Mapping[str, Mapping[str, Any]], progress: Progress
) -> dict[str, str]:
    """Compare files with what is known of them by their bytes; returns the samples of those that are the same."""
    equal: dict[str, str] = {}
    progress = progress if len(files) >= MANY_FILES else Progress()
    with progress.stage("comparing files", len(files), "files") as stage:
        compared = map_ordered(lambda file: _sample_if_same(file, known[file.path]), files, NUM_READERS)
        for file, sample in zip(files, compared, strict=True):
            if sample is not None:
                equal[file.path] = sample
            stage.advance()
    return equal


def _sample_if_same(file: ImageFile, row: Mapping[str, Any]) -> str | None:
    """A sample of a file whose content is the known one; None where it is another."""
    if file.stamp is None:  # of a named set: nothing beside size and time
        return None
    sample = sample_of(file.file)
    # Another time says that the file was written again, another change time of the same file that it may have been:
    # then every byte counts. So it does without a sample.
    if (
        row["modified"] == file.modified
        and row["sample"] is not None
        and _is_other_file(file.stamp, row["stamp"])
    ):
        return sample if sample == row["sample"] else None
    if row["sample"] is not None and row["sample"] != sample:
        return None
    return sample if content_digest(file.file) == row["id"] else None


def _is_other_file(stamp: str, former: str | None) -> bool:
    """Whether the file system holds another file under the name, such as a copy that was put back."""
    return bool(stamp and former) and stamp.partition("-")[0] != str(former).partition("-")[0]


def note_unchanged(table: ImageTable, files: Sequence[ImageFile]) -> None:
    """Keep the new facts of files with the same content."""
    table.update([file.path for file in files], {
        "modified": [file.modified for file in files],
        "stamp": [file.stamp for file in files],
        "sample": [file.sample for file in files],
    })  # fmt: skip


def note_problems(table: ImageTable, problems: Sequence[Problem]) -> None:
    """Write the rows of files that were skipped unopened.

    One that cannot be read today is as it was: its row keeps place and group for the day when it can be.
    """
    shut = [problem for problem in problems if problem.problem in SHUT]
    table.upsert([skipped_row(problem) for problem in problems if problem.problem not in SHUT])
    table.upsert([
        {
            "path": problem.path, "status": SKIPPED, "problem": problem.problem, "detail": problem.detail,
            "model": None, "vector": None,  # a search finds it no more
        }
        for problem in shut
    ])  # fmt: skip


@dataclass(frozen=True)
class Annotations:
    """Of which images people decided anything.

    `paths` have a label, a mark or a value of a field, `id_of` has the digest of every row by path.
    """

    paths: list[str]
    id_of: dict[str, str | None]


def read_annotations(table: ImageTable) -> Annotations:
    """Find the images of which people decided anything."""
    import pyarrow.compute as pc

    columns = personal_columns(table)
    rows = table.arrow(["path", "id", *columns])
    is_annotated = functools.reduce(pc.or_, [pc.is_valid(rows[name]) for name in columns])
    id_of = dict(zip(rows["path"].to_pylist(), rows["id"].to_pylist(), strict=True))
    return Annotations(rows["path"].filter(is_annotated).to_pylist(), id_of)


def move_annotations_with_content(table: ImageTable, before: Annotations) -> None:
    """Move annotations along with the content of renamed files.

    A file whose former content is nowhere any more was edited: its annotation stays.

    Args:
        table: The table, with the contents as they are now.
        before: As `read_annotations` gave them before.
    """
    now = table.arrow(["path", "id"], where=f"status = '{OK}'")
    content = dict(zip(now["path"].to_pylist(), now["id"].to_pylist(), strict=True))
    former = before.id_of
    changed = {path for path in before.paths if content.get(path, former[path]) != former[path]}
    if not changed:
        return
    columns = personal_columns(table)
    row_of = {row["path"]: row for row in table.some(before.paths, columns).to_pylist()}
    known = sorted(row_of, key=lambda path: path in changed)  # of two with one content, what moved
    by_content = {former[path]: row_of[path] for path in known if former[path] is not None}
    # A duplicate that lay where it lies is no place that the content has moved to.
    arrived = {digest for path, digest in content.items() if former.get(path) != digest}
    moved = {former[path] for path in changed} & arrived & set(by_content)
    new = {path: by_content.get(content[path]) for path in changed if former[path] in moved}
    for path, digest in content.items():
        if digest in moved and path not in row_of:
            new[path] = by_content[digest]
    empty = [None] * len(new)
    table.update(
        list(new),
        {name: [row and row[name] for row in new.values()] for name in columns}
        | {"suggestion": empty, "suggestion_confidence": empty},
    )


def remove_missing_rows(table: ImageTable, missing: Sequence[str]) -> int:
    """Remove the rows of missing files.

    Annotations move to the same content elsewhere.

    A label, mark or field whose content is nowhere else stays, in a row with the problem `missing`.

    Args:
        table: The table.
        missing: Paths that are no longer in the folder.

    Returns:
        The number of rows that were removed or became `missing` now.
    """
    if not missing:
        return 0
    columns = personal_columns(table)
    frame = table.frame(["path", "id", "status", "problem", *columns])
    vanished = frame["path"].isin(set(missing))
    moved = {column: _move(table, column, frame, vanished) for column in columns}
    present = frame[~vanished & (frame["status"] == OK)]
    is_kept = pd.Series(False, index=frame.index)
    for column in columns:
        elsewhere = moved[column] | set(present[present[column].notna()]["id"])
        is_kept |= vanished & frame[column].notna() & ~frame["id"].isin(elsewhere)
    kept = frame[is_kept]
    dropped = sorted(set(missing) - set(kept["path"]))
    table.delete(dropped)
    kept = kept[kept["problem"] != MISSING]
    # The digest stays: the file may come back under another name.
    table.upsert([
        skipped_row(Problem(row["path"], MISSING, _describe_gone(row))) | {"id": row["id"]}
        for row in kept.to_dict("records")
    ])  # fmt: skip
    return len(dropped) + len(kept)


def _describe_gone(row: dict[Hashable, Any]) -> str:
    """Describe an image that is gone, by its annotation."""
    if isinstance(row["label"], str):
        return GONE_LABEL
    return GONE_FIELD if pd.isna(row["wrong"]) else GONE_MARK


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
