"""What `unpool check` found, as far as it still holds: images that have gone or changed since are left out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unpool.options import PROBLEMS
from unpool.store.columns import OK
from unpool.store.state import REPORT, read_state
from unpool.store.table import ImageTable

FILE, SETS = "check.json", "near_duplicates.json"
FORMAT = 1
OF_OTHERS = ("duplicates", "near_duplicates")  # problems of an image beside another, which is kept

Entry = dict[str, Any]


def found_problems(work: Path) -> dict[str, list[str]] | None:
    """The paths of each kind of problem, the worst first; None where nothing was ever checked.

    Of duplicates the images to keep are not listed. Raises `UnpoolError` where there is no workspace.
    """
    found = _valid_entries(work)
    return None if found is None else {kind: [entry["path"] for entry in found[kind]] for kind in PROBLEMS}


def found_sets(work: Path, kind: str) -> list[list[str]]:
    """Sets of `duplicates` or `near_duplicates`, the image to keep first; none where nothing was checked."""
    sets: dict[str, list[str]] = {}
    for entry in (_valid_entries(work) or {}).get(kind, []):
        sets.setdefault(entry["of"], [entry["of"]]).append(entry["path"])
    return list(sets.values())


def found_rows(work: Path) -> list[tuple[str, str, str]]:
    """Path, problem and detail of everything that was found, for problems.csv."""
    found = _valid_entries(work) or {}
    return [
        (entry["path"], PROBLEMS[kind], _detail(entry)) for kind in PROBLEMS for entry in found.get(kind, [])
    ]


def _detail(entry: Entry) -> str:
    return f"of {entry['of']}" if "of" in entry else str(entry.get("detail", ""))


def _valid_entries(work: Path) -> dict[str, list[Entry]] | None:
    """The entries of each kind whose images are in the table as they were."""
    told = _read(work / REPORT / FILE)
    if told is None:
        return None
    entries = {kind: _entries(told["problems"].get(kind), kind in OF_OTHERS) for kind in PROBLEMS}
    if told.get("model") != read_state(work).get("embedded_by"):
        entries["outliers"] = []  # seen by another network, others are odd
    digests = _digests(work, [entry for kind in PROBLEMS for entry in entries[kind]])
    standing = {kind: [e for e in entries[kind] if digests.get(e["path"]) == e["id"]] for kind in PROBLEMS}
    return standing | {kind: _promote_next(standing[kind], digests) for kind in OF_OTHERS}


def _read(path: Path) -> dict[str, Any] | None:
    try:
        told = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    known = isinstance(told, dict) and told.get("format") == FORMAT and isinstance(told.get("problems"), dict)
    return told if known else None


def _entries(told: Any, of_others: bool) -> list[Entry]:
    needed = ("path", "id", "of", "of_id") if of_others else ("path", "id")
    rows = told if isinstance(told, list) else []
    return [
        row
        for row in rows
        if isinstance(row, dict) and all(isinstance(row.get(name), str) for name in needed)
    ]


def _digests(work: Path, entries: Sequence[Entry]) -> dict[str, str]:
    """The digest of each usable image that is spoken of."""
    paths = {entry["path"] for entry in entries} | {entry["of"] for entry in entries if "of" in entry}
    rows = ImageTable(work).some(sorted(paths), ["id", "status"])
    columns = (rows[name].to_pylist() for name in ("path", "id", "status"))
    return {path: digest for path, digest, status in zip(*columns, strict=True) if status == OK}


def _promote_next(entries: Sequence[Entry], digests: Mapping[str, str]) -> list[Entry]:
    """Where the image to keep has gone, the next of its set is kept instead, and no longer listed."""
    heirs: dict[str, Entry] = {}
    standing = []
    for entry in entries:
        if digests.get(entry["of"]) == entry["of_id"]:
            standing.append(entry)
        elif entry["of"] in heirs:
            heir = heirs[entry["of"]]
            standing.append(entry | {"of": heir["path"], "of_id": heir["id"]})
        else:
            heirs[entry["of"]] = entry
    return standing
