"""Edits by hand: `unpool label`, and what the page's buttons do. Each can be undone.

Every verb takes the workspace first and returns {"changed": how many images, "told": what happened in words}. An
edit changes values, never which images there are. A person's word is certain: the `probability` of an image that
was moved to a group is 1, and 0 where it was moved to none; merging and splitting leave it as it was.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unpool.actions.curation.undo import Change, apply, last_edit, undo
from unpool.errors import UnpoolError, UsageError
from unpool.store.state import groups_stamp
from unpool.store.table import ImageTable

__all__ = [
    "accept", "checked_label", "label", "last_edit", "mark", "merge", "move", "paths_of_group", "refuse", "split",
    "undo",
]  # fmt: skip

LONGEST = 200
NO_GROUP = -1
SUGGESTED = ("suggestion", "suggestion_confidence")

MessageFormat = Callable[[str], str]


def label(work: Path, paths: Sequence[str] | str, name: str | None) -> dict[str, Any]:
    """Give images a label, or take it away with None; a suggestion they had is forgotten.

    Raises `UsageError` for a label that cannot be one, `UnpoolError` for a path that is not in the workspace.
    """
    if name is None:
        return _set(work, paths, {"label": None}, lambda count: f"took the label of {count} away")
    name = checked_label(name)
    after = {"label": name} | dict.fromkeys(SUGGESTED)
    return _set(work, paths, after, lambda count: f"labelled {count} ‘{name}’")


def checked_label(name: str) -> str:
    """The label without spaces around it; `UsageError` where it is empty, too long, or holds control characters.

    >>> checked_label(" shoe ")
    'shoe'
    """
    kept = name.strip()
    if not kept:
        raise UsageError(f"label is {name!r}, but must hold a letter at least; None takes a label away")
    if len(kept) > LONGEST:
        raise UsageError(f"label has {len(kept)} characters, but may have {LONGEST}; give a shorter one")
    if wrong := [sign for sign in kept if unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp")]:
        raise UsageError(f"label {kept!r} holds {wrong[0]!r}, but must be one line of text; leave it out")
    return kept


def mark(work: Path, paths: Sequence[str] | str, wrong: bool = True) -> dict[str, Any]:
    """Mark images as wrong: they do not belong in the collection; or take the mark away."""
    words = "marked {} as wrong" if wrong else "took the mark of {} away"
    return _set(work, paths, {"wrong": True if wrong else None}, words.format)


def accept(work: Path, paths: Sequence[str] | str) -> dict[str, Any]:
    """Make suggestions labels; images without one are passed over."""
    rows = _rows(ImageTable(work), paths, ("label", *SUGGESTED))
    rows = rows.filter(rows["suggestion"].is_valid())
    after: dict[str, Any] = {"label": rows["suggestion"].to_pylist()} | dict.fromkeys(SUGGESTED)
    return _change(work, rows, after, "accepted the suggestion for {}".format)


def refuse(work: Path, paths: Sequence[str] | str) -> dict[str, Any]:
    """Forget suggestions; images without one are passed over."""
    return _set(work, paths, dict.fromkeys(SUGGESTED), "refused the suggestion for {}".format)


def move(work: Path, paths: Sequence[str] | str, group: int) -> dict[str, Any]:
    """Move images to a group: one that there is, the next number for a new one, or -1 for none.

    Raises `UsageError` for another number, `UnpoolError` for images that were never grouped.
    """
    table, group = ImageTable(work), int(group)
    numbers = _numbers(table)
    new = numbers[-1] + 1
    if group not in {NO_GROUP, *numbers, new}:
        known = _listed(numbers)
        raise UsageError(f"group is {group}, but must be one of {known}, {new} for a new one, or -1 for none")
    rows = _rows(table, paths, ("group", "probability"))
    if rows["group"].null_count:
        first = rows.filter(rows["group"].is_null())["path"][0].as_py()
        raise UnpoolError(f"{first} was never grouped; run `unpool group --work {work}` first")
    rows = rows.filter(np.asarray(rows["group"]) != group)
    where = "no group" if group == NO_GROUP else f"group {group}"
    after = {"group": group, "probability": 0.0 if group == NO_GROUP else 1.0}
    return _change(work, rows, after, lambda count: f"moved {count} to {where}")


def merge(work: Path, groups: Sequence[int]) -> dict[str, Any]:
    """Join groups into the one of the smallest number; all other groups keep theirs.

    Raises `UsageError` where there are not two or more different groups of these numbers.
    """
    table = ImageTable(work)
    chosen, numbers = sorted({int(number) for number in groups}), _numbers(table)
    for number in chosen:
        _refuse_unknown(number, numbers)
    if len(chosen) < 2:
        raise UsageError(f"merge: groups {chosen}, but two or more different ones are needed")
    into, gone = chosen[0], chosen[1:]
    rows = _in_groups(table, gone)
    told = f"merged group{'s' * (len(gone) > 1)} {_listed(gone, ' and ')} into group {into} (%s)"
    return _change(work, rows, {"group": into}, lambda count: told % count)


def split(work: Path, group: int, *, seed: int = 0) -> dict[str, Any]:
    """Part a group in two by k-means: the larger part keeps its number, the other gets the next free one.

    Raises `UsageError` where there is no such group, or it has a single image.
    """
    from unpool.analysis.clustering.hierarchy import split as part

    table, group = ImageTable(work), int(group)
    numbers = _numbers(table)
    _refuse_unknown(group, numbers)
    rows = _in_groups(table, [group])
    paths, vectors_ND = table.vectors_of(rows["path"].to_pylist())
    if len(paths) < 2:
        raise UsageError(f"split: group {group} has {len(paths)} image to part, but two are needed")
    part_N = part(vectors_ND, np.full(len(paths), group), group, seed=seed)
    other = {path for path, number in zip(paths, part_N, strict=True) if number != group}
    is_other = [path in other for path in rows["path"].to_pylist()]
    new = numbers[-1] + 1
    told = f"split group {group}: %s of {rows.num_rows} are group {new} now"
    return _change(work, rows.filter(is_other), {"group": new}, lambda count: told % count)


def paths_of_group(work: Path, group: int) -> list[str]:
    """The images of a group, sorted by path; `UsageError` where there is no such group."""
    table = ImageTable(work)
    _refuse_unknown(group, [NO_GROUP, *_numbers(table)])
    paths: list[str] = _in_groups(table, [group])["path"].to_pylist()
    return paths


def _set(
    work: Path, paths: Sequence[str] | str, after: dict[str, Any], told: MessageFormat
) -> dict[str, Any]:
    """The same values for all of these images."""
    return _change(work, _rows(ImageTable(work), paths, list(after)), after, told)


def _change(work: Path, rows: Any, after: dict[str, Any], told: MessageFormat) -> dict[str, Any]:
    """Give rows other values, those that have them already left out; a list is one value a row."""
    count = rows.num_rows
    before = {name: rows[name].to_pylist() for name in after}
    wanted = {name: value if isinstance(value, list) else [value] * count for name, value in after.items()}
    changed = [row for row in range(count) if any(before[name][row] != wanted[name][row] for name in after)]
    paths = rows["path"].to_pylist()
    change = Change(
        told(images(len(changed))) if changed else "nothing to change",
        [paths[row] for row in changed],
        {name: [values[row] for row in changed] for name, values in before.items()},
        {name: [values[row] for row in changed] for name, values in wanted.items()},
        groups_stamp(work) if "group" in after else None,
    )
    return apply(work, ImageTable(work), change)


def images(count: int) -> str:
    """How many images, in words.

    >>> images(1), images(12)
    ('1 image', '12 images')
    """
    return f"{count} image" if count == 1 else f"{count} images"


def _rows(table: ImageTable, paths: Sequence[str] | str, columns: Sequence[str]) -> Any:
    """Path and columns of these images, each once; `UnpoolError` for the first that is not there."""
    wanted = list(dict.fromkeys([paths] if isinstance(paths, str) else paths))
    rows = table.some([path for path in wanted if _is_text(path)], columns)
    if rows.num_rows != len(wanted):
        known = set(rows["path"].to_pylist())
        first = next(path for path in wanted if path not in known)
        raise UnpoolError(
            f"{first!r} is no image of {table.work}; paths are relative to its folder, as in groups.csv"
        )
    return rows


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _in_groups(table: ImageTable, groups: Sequence[int]) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = table.arrow(["path", "group"])
    return rows.filter(pc.is_in(rows["group"], value_set=pa.array(groups, pa.int32())))


def _numbers(table: ImageTable) -> list[int]:
    """The groups there are, rising; `UnpoolError` where there is none."""
    import pyarrow.compute as pc

    found = pc.unique(table.arrow(["group"])["group"]).to_pylist()
    numbers = sorted(number for number in found if number is not None and number >= 0)
    if not numbers:
        raise UnpoolError(f"{table.work} has no groups yet; run `unpool group --work {table.work}` first")
    return numbers


def _refuse_unknown(group: int, numbers: Sequence[int]) -> None:
    if group not in numbers:
        raise UsageError(f"group is {group}, but must be one of {_listed(numbers)}")


def _listed(numbers: Sequence[int], last: str = ", ") -> str:
    """The numbers in words, a long row by its ends.

    >>> _listed([0, 1, 2, 3]), _listed([1, 4, 7], " and ")
    ('0 to 3', '1, 4 and 7')
    """
    if len(numbers) > 2 and list(numbers) == list(range(numbers[0], numbers[-1] + 1)):
        return f"{numbers[0]} to {numbers[-1]}"
    words = [str(number) for number in numbers]
    return last.join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
