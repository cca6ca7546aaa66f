"""What `unpool check` found, as far as it still holds.

Images removed or changed since are left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unpool.analysis.checks.kinds import PROBLEM_KINDS, checked_kinds
from unpool.store.columns import OK
from unpool.store.inspection.inspector import KIND as NOT_GOOD
from unpool.store.inspection.inspector import found_not_good
from unpool.store.state import REPORT, read_state
from unpool.store.table import ImageTable

FILE, SETS = "check.json", "near_duplicates.json"
FORMAT = 1

# `path` and `id` of an image; `of` and `of_id` of the one kept of its set, or of the one that it is a copy of;
# `detail`; of a label that looks wrong `label`, `predicted`, `probability`, and `is_given` where no folder says it.
Entry = dict[str, Any]


def found_problems(work: Path) -> dict[str, list[str]] | None:
    """Read the paths of each problem kind, the worst first.

    Of duplicates the images to keep are not listed.

    Returns:
        Paths by kind; None where nothing was ever checked.

    Raises:
        UnpoolError: There is no workspace.
    """
    found = _valid_entries(work)
    if found is None:
        return None
    found[NOT_GOOD] = found_not_good(work)
    return {kind: [entry["path"] for entry in entries] for kind, entries in found.items()}


def found_figures(work: Path) -> dict[str, dict[str, float]]:
    """Read the figure that each finding was judged by.

    Returns:
        Figures by kind and path; of kinds without a figure there are none.

    Raises:
        UnpoolError: There is no workspace.
    """
    found = _valid_entries(work) or {}
    if not_good := found_not_good(work):
        found[NOT_GOOD] = not_good
    return {
        kind: {entry["path"]: float(entry["figure"]) for entry in entries if _has_figure(entry)}
        for kind, entries in found.items()
    }


def found_doubts(work: Path) -> list[Entry]:
    """Read the labels that look wrong, the likeliest first.

    Those that were corrected or kept since are left out.

    Returns:
        `path`, `label`, `predicted` and `probability` of each, among others.
    """
    doubts = (_valid_entries(work) or {}).get("mislabelled", [])
    return [
        each for each in doubts if {"label", "predicted"} <= set(each) and _is_number(each.get("probability"))
    ]


def found_sets(work: Path, kind: str) -> list[list[str]]:
    """Read the sets of a problem kind.

    The image to keep comes first in each.

    Args:
        work: The workspace.
        kind: `duplicates`, `near_duplicates`, or another kind with sets.

    Returns:
        Lists of paths; none where nothing was checked.
    """
    sets: dict[str, list[str]] = {}
    for entry in (_valid_entries(work) or {}).get(kind, []):
        sets.setdefault(entry["of"], [entry["of"]]).append(entry["path"])
    return list(sets.values())


def found_unsure(work: Path, kind: str) -> set[str]:
    """Read the images that were compared by thumbnails only."""
    return {entry["path"] for entry in (_valid_entries(work) or {}).get(kind, []) if entry.get("unsure")}


def found_rows(work: Path) -> list[tuple[str, str, str]]:
    """List path, problem and detail of every finding, for problems.csv.

    Those of labels that were corrected since are listed: the file says what was found.
    """
    found = (_valid_entries(work, with_settled=True) or {}) | {NOT_GOOD: found_not_good(work)}
    return [
        (entry["path"], PROBLEM_KINDS[kind].word, _detail(entry, PROBLEM_KINDS[kind].has_sets))
        for kind, entries in found.items()
        for entry in entries
    ]


def _detail(entry: Entry, has_sets: bool) -> str:
    if not has_sets:
        return str(entry.get("detail", ""))
    unsure = "; unsure, compared by thumbnails only" if entry.get("unsure") else ""
    made = f"{entry['how']}; " if isinstance(entry.get("how"), str) else ""
    return f"{made}of {entry['of']}{unsure}"


def _valid_entries(work: Path, *, with_settled: bool = False) -> dict[str, list[Entry]] | None:
    """The entries of each kind whose images are in the table as they were; settled ones too if `with_settled`.

    What is not good is no finding of a check but follows from scores and threshold: it is left empty.
    """
    report = _read(work / REPORT / FILE)
    if report is None:
        return None
    is_same_model = report.get("model") == read_state(work).get("embedded_by")
    entries = {
        kind.name: _entries(report["problems"].get(kind.name), kind.has_sets)
        if kind.name != NOT_GOOD and (is_same_model or not kind.depends_on_model)
        else []
        for kind in checked_kinds()
    }
    now = _read_images(work, [entry for found in entries.values() for entry in found])
    digests = {path: row["id"] for path, row in now.items()}
    valid = {kind: [e for e in found if digests.get(e["path"]) == e["id"]] for kind, found in entries.items()}
    return {
        kind: _promote_next(found, digests)
        if PROBLEM_KINDS[kind].has_sets
        else [each for each in found if _holds(each, now, with_settled)]
        for kind, found in valid.items()
    }


def _holds(entry: Entry, now: Mapping[str, Entry], with_settled: bool) -> bool:
    """Whether the copy is there too, and the label is neither another nor confirmed."""
    if "of" in entry:
        return entry["of"] in now and now[entry["of"]]["id"] == entry.get("of_id")
    if "label" not in entry or with_settled:
        return True
    row = now[entry["path"]]
    label = row["label"] if entry.get("is_given") or row["label"] is not None else entry["label"]
    return bool(label == entry["label"] != row["kept_label"])


def _read(path: Path) -> dict[str, Any] | None:
    try:
        report = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(report, dict) or report.get("format") != FORMAT:
        return None
    return report if isinstance(report.get("problems"), dict) else None


def _entries(found: object, has_sets: bool) -> list[Entry]:
    needed = ("path", "id", "of", "of_id") if has_sets else ("path", "id")
    rows = found if isinstance(found, list) else []
    return [row for row in rows if isinstance(row, dict) and _has_texts(row, needed)]


def _has_texts(row: Entry, needed: Sequence[str]) -> bool:
    """Whether these are there, and all that name an image or a label are texts."""
    is_whole = all(isinstance(row.get(name), str) for name in needed)
    return is_whole and all(
        isinstance(row.get(name, ""), str) for name in ("of", "of_id", "label", "predicted")
    )


def _has_figure(entry: Entry) -> bool:
    return _is_number(entry.get("figure"))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _read_images(work: Path, entries: Sequence[Entry]) -> dict[str, Entry]:
    """Digest and labels of each usable image that an entry names."""
    paths = {entry["path"] for entry in entries} | {entry["of"] for entry in entries if "of" in entry}
    rows = ImageTable(work).some(sorted(paths), ["id", "status", "label", "kept_label"]).to_pylist()
    return {row["path"]: row for row in rows if row["status"] == OK}


def _promote_next(entries: Sequence[Entry], digests: Mapping[str, str]) -> list[Entry]:
    """Where the image to keep was removed, keep the next of its set, which is no longer listed."""
    replacements: dict[str, Entry] = {}
    valid = []
    for entry in entries:
        if digests.get(entry["of"]) == entry["of_id"]:
            valid.append(entry)
        elif entry["of"] in replacements:
            replacement = replacements[entry["of"]]
            valid.append(entry | {"of": replacement["path"], "of_id": replacement["id"]})
        else:
            replacements[entry["of"]] = entry
    return valid
