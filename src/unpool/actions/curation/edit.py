"""Edits by hand: `unpool label`, and what the page's buttons do. Each can be undone.

Every verb takes the workspace first and returns {"changed": number of images, "message": what happened}. An edit
changes values, never which images there are. A person's word is certain: the `probability` of an image that was
moved to a group is 1, and 0 where it was moved to none; merging and splitting leave it as it was. Where groups
change, their files and the report are rewritten, unless `refresh` is False.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unpool.actions.curation.row_changes import Paths, change_rows, read_rows, set_values
from unpool.actions.curation.stale_suggestions import SUGGESTION_COLUMNS
from unpool.actions.curation.undo import EditResult, redo, undo
from unpool.actions.grouping.group_levels import message_of, move_to_level
from unpool.actions.history.recording import edits, recorded
from unpool.actions.history.restore import write_group_files
from unpool.actions.sharing.levels import read_levels
from unpool.errors import UnpoolError, UsageError
from unpool.store.fields.group_names import NAME, read_group_names
from unpool.store.state import read_state, write_state
from unpool.store.table import ImageTable

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "check_label", "label", "mark", "merge", "move", "move_along", "paths_of_group", "redo", "split", "undo",
]  # fmt: skip

MAX_LABEL_LENGTH = 200
NO_GROUP = -1


@edits("unpool label", "edits")
def label(work: Path, paths: Paths, name: str | None) -> EditResult:
    """Label images, or remove their label with None.

    A suggestion that they had is forgotten, and those that came from a label which they lose.

    Args:
        work: the workspace.
        paths: the images, relative to their folder.
        name: the label.

    Returns:
        How many images were changed, and a message.

    Raises:
        UsageError: the label is empty, too long or more than a line.
        UnpoolError: a path is not in the workspace.
    """
    if name is None:
        return set_values(work, paths, {"label": None}, "removed the label of {}".format)
    name = check_label(name)
    values = {"label": name} | dict.fromkeys(SUGGESTION_COLUMNS)
    return set_values(work, paths, values, lambda count: f"labelled {count} ‘{name}’")


def check_label(name: str) -> str:
    """Return the label without surrounding spaces.

    Raises:
        UsageError: it is empty, too long, or holds control characters.

    >>> check_label(" shoe ")
    'shoe'
    """
    stripped = name.strip()
    if not stripped:
        raise UsageError(f"label is {name!r}, but must hold a letter at least; None removes a label")
    if len(stripped) > MAX_LABEL_LENGTH:
        raise UsageError(
            f"label has {len(stripped)} characters, but may have {MAX_LABEL_LENGTH}; give a shorter one"
        )
    if invalid := [sign for sign in stripped if unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp")]:
        raise UsageError(
            f"label {stripped!r} holds {invalid[0]!r}, but must be one line of text; leave it out"
        )
    return stripped


@edits("unpool label", "edits")
def mark(work: Path, paths: Paths, wrong: bool = True) -> EditResult:
    """Mark images as wrong, or remove the mark.

    Args:
        work: the workspace.
        paths: the images, relative to their folder.
        wrong: whether they do not belong in the collection.

    Returns:
        How many images were changed, and a message.
    """
    message = "marked {} as wrong" if wrong else "removed the mark of {}"
    return set_values(work, paths, {"wrong": True if wrong else None}, message.format)


@edits("an edit of groups")
def move(work: Path, paths: Paths, group: int, *, refresh: bool = True) -> EditResult:
    """Move images to a group.

    Args:
        work: the workspace.
        paths: the images, relative to their folder.
        group: the number of a present group, the next number for a new one, or -1 for none.
        refresh: rewrite the files of the groups and the report.

    Returns:
        How many images were changed, and a message.

    Raises:
        UsageError: another number.
        UnpoolError: an image was never grouped, or is not in the workspace.
    """
    table, group = ImageTable(work), int(group)
    numbers = _group_numbers(table)
    new = _new_number(work, numbers)
    if group not in {NO_GROUP, *numbers, new}:
        known = _enumerate(numbers)
        raise UsageError(f"group is {group}, but must be one of {known}, {new} for a new one, or -1 for none")
    names = read_group_names(table)
    rows = read_rows(table, paths, ("group", "probability", "leaf", *([NAME] if names else [])))
    if rows["group"].null_count:
        first = rows.filter(rows["group"].is_null())["path"][0].as_py()
        raise UnpoolError(f"{first} was never grouped; run `unpool group --work {work}` first")
    rows = rows.filter(np.asarray(rows["group"]) != group)
    target = "no group" if group == NO_GROUP else f"group {group}"
    values = {"group": group, "probability": 0.0 if group == NO_GROUP else 1.0} | _leaf_values(work, group)
    values |= {NAME: names.get(group)} if names else {}
    return change_rows(work, rows, values, lambda count: f"moved {count} to {target}", refresh)


@edits("an edit of groups")
def merge(work: Path, groups: Sequence[int], *, refresh: bool = True) -> EditResult:
    """Join groups into the one of the smallest number.

    All other groups keep their numbers.

    Args:
        work: the workspace.
        groups: the numbers of two or more different groups.
        refresh: rewrite the files of the groups and the report.

    Returns:
        How many images were changed, and a message.

    Raises:
        UsageError: there are not two or more different groups of these numbers.
    """
    table = ImageTable(work)
    joined, numbers = sorted({int(number) for number in groups}), _group_numbers(table)
    for number in joined:
        _check_group_exists(number, numbers)
    if len(joined) < 2:
        raise UsageError(f"merge: groups {joined}, but two or more different ones are needed")
    into, gone = joined[0], joined[1:]
    rows = _rows_in_groups(table, gone)
    message = f"merged group{'s' * (len(gone) > 1)} {_enumerate(gone, ' and ')} into group {into} (%s)"
    values = {"group": into} | _leaf_values(work, into)
    return change_rows(work, rows, values, lambda count: message % count, refresh)


@edits("an edit of groups")
def split(work: Path, group: int, *, seed: int = 0, refresh: bool = True) -> EditResult:
    """Divide a group in two by k-means.

    The larger part keeps its number, the other gets the next free one.

    Args:
        work: the workspace.
        group: the number of the group.
        seed: of the random start of k-means.
        refresh: rewrite the files of the groups and the report.

    Returns:
        How many images were changed, and a message.

    Raises:
        UsageError: there is no such group, or it has a single image.
    """
    from unpool.analysis.clustering.hierarchy import split as split_labels

    table, group = ImageTable(work), int(group)
    numbers = _group_numbers(table)
    _check_group_exists(group, numbers)
    rows = _rows_in_groups(table, [group])
    paths, vectors_ND = table.vectors_of(rows["path"].to_pylist())
    if len(paths) < 2:
        raise UsageError(f"split: group {group} has {len(paths)} image to divide, but two are needed")
    label_N = split_labels(vectors_ND, np.full(len(paths), group), group, seed=seed)
    second = {path for path, number in zip(paths, label_N, strict=True) if number != group}
    is_second = [path in second for path in rows["path"].to_pylist()]
    new = _new_number(work, numbers)
    message = f"split group {group}: %s of {rows.num_rows} are group {new} now"
    values = {"group": new} | _leaf_values(work, new)
    return change_rows(work, rows.filter(is_second), values, lambda count: message % count, refresh)


@edits("an edit of groups")
@recorded(lambda result: result["message"], "group", "leaf")
def move_along(work: Path, groups: int, *, refresh: bool = True) -> dict[str, Any]:
    """Move all groups to another level of their tree.

    Groups made by hand since they were found stay.

    Args:
        work: the workspace.
        groups: the number of groups of the level, without those made by hand.
        refresh: rewrite the files of the groups and the report.

    Returns:
        How many images were changed, and a message.

    Raises:
        UsageError: the tree has no such level.
        UnpoolError: there is no tree.
    """
    levels = read_levels(work)
    if levels is None:
        raise UnpoolError(f"the groups of {work} have no tree; run `unpool group --work {work}` again")
    if not 2 <= groups <= levels.num_leaves:
        raise UsageError(f"groups is {groups}, but the tree has levels of 2 to {levels.num_leaves} groups")
    if groups == levels.level:
        return {"changed": 0, "message": "nothing to change"}
    table = ImageTable(work)
    changed, num_groups = move_to_level(table, levels, groups)
    state = read_state(work).get("group") or {}
    state.pop("auto", None)
    # A run that finds groups by itself keeps those that somebody chose.
    source = "hand" if state.get("source") == "hand" else "requested"
    # `run --groups 12` has to find twelve again: what a run ended with are other groups now.
    write_state(work, group=state | {"groups": num_groups, "source": source}, finished=None)
    write_group_files(work, table, refresh)
    return {"changed": changed, "message": message_of(levels, groups)}


def paths_of_group(work: Path, group: int) -> list[str]:
    """Return the images of a group, sorted by path.

    Raises:
        UsageError: there is no such group.
    """
    table = ImageTable(work)
    _check_group_exists(group, [NO_GROUP, *_group_numbers(table)])
    paths: list[str] = _rows_in_groups(table, [group])["path"].to_pylist()
    return paths


def _leaf_values(work: Path, group: int) -> dict[str, object]:
    """What images that somebody puts in a group get as `leaf`, so that they stay in it on other levels."""
    levels = read_levels(work)
    return {} if levels is None else {"leaf": levels.main_leaf(group)}


def _new_number(work: Path, numbers: Sequence[int]) -> int:
    """The number of a new group: one that no leaf of the tree has on the present level, though it be empty."""
    levels = read_levels(work)
    return max(numbers[-1] + 1, 0 if levels is None else levels.level)


def _rows_in_groups(table: ImageTable, groups: Sequence[int]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = table.arrow(["path", "group", "leaf"])
    return rows.filter(pc.is_in(rows["group"], value_set=pa.array(groups, pa.int32())))


def _group_numbers(table: ImageTable) -> list[int]:
    """The numbers of the present groups, rising; `UnpoolError` where there is none."""
    import pyarrow.compute as pc

    found = pc.unique(table.arrow(["group"])["group"]).to_pylist()
    numbers = sorted(number for number in found if number is not None and number >= 0)
    if not numbers:
        raise UnpoolError(f"{table.work} has no groups yet; run `unpool group --work {table.work}` first")
    return numbers


def _check_group_exists(group: int, numbers: Sequence[int]) -> None:
    if group not in numbers:
        raise UsageError(f"group is {group}, but must be one of {_enumerate(numbers)}")


def _enumerate(numbers: Sequence[int], last: str = ", ") -> str:
    """Write numbers as a list, a long run by its ends.

    >>> _enumerate([0, 1, 2, 3]), _enumerate([1, 4, 7], " and ")
    ('0 to 3', '1, 4 and 7')
    """
    if len(numbers) > 2 and list(numbers) == list(range(numbers[0], numbers[-1] + 1)):
        return f"{numbers[0]} to {numbers[-1]}"
    shown = [str(number) for number in numbers]
    return last.join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]
