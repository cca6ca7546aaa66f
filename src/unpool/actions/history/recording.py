"""Record what verbs do, and tidy up after killed ones.

What a killed verb has changed is undone by the next command; a run that was stopped stays as far as it came, and is a
step that can be undone. A killed edit was made or was not, and a killed undo is completed.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from unpool.actions.grouping.group_files import rewrite_group_files
from unpool.actions.history.restore import restore, values_to_restore, write_values
from unpool.errors import UnpoolError
from unpool.store.csv_files import write_groups
from unpool.store.journal import (
    UNDONE,
    Change,
    EditUnderWay,
    Entry,
    Step,
    VerbUnderWay,
    add,
    done_steps,
    edits_folder,
    end_under_way,
    keep_model,
    move_to_done,
    move_to_undone,
    note_under_way,
    place_of,
    prune,
    read_entry,
    read_step,
    read_under_way,
)
from unpool.store.lock import BOTH, PATIENCE, Area, exclusive, working, workspace_of
from unpool.store.spaces.paths import outer_workspace, space_of
from unpool.store.state import read_state, write_state
from unpool.store.table import ImageTable, has_table
from unpool.store.versions import has_version, keep_version

P = ParamSpec("P")
R = TypeVar("R")
STOPPED = "a run that was stopped before its end"
COMPLETED = "run: stopped, and then completed"
NUM_SEARCHED = 10  # of the last steps: edits can be made while a verb computes
TIDYING = "tidying up after a stopped command"
# What can be edited while groups, maps and checks are computed.
EDIT_COLUMNS = frozenset({"label", "kept_label", "wrong", "suggestion", "suggestion_confidence", "verdict"})
_recording = threading.local()  # the workspaces in which this thread records a verb


def recorded(
    describe: Callable[[dict[str, Any]], str | None], *columns: str
) -> Callable[[Callable[P, dict[str, Any]]], Callable[P, dict[str, Any]]]:
    """Decorate a verb that takes its workspace first.

    What it does can be undone.

    Args:
        describe: From the verb's result what was done, in one line; None where nothing was.
        columns: Those that the verb changes.
    """

    def decorate(verb: Callable[P, dict[str, Any]]) -> Callable[P, dict[str, Any]]:
        @functools.wraps(verb)
        def record(*args: P.args, **kwargs: P.kwargs) -> dict[str, Any]:
            with recording(workspace_of(args, kwargs), list(columns)) as note:
                result = verb(*args, **kwargs)
                note(describe(result))
            return result

        return record

    return decorate


@contextlib.contextmanager
def recording(work: Path, columns: list[str] | None) -> Iterator[Callable[[str | None], None]]:
    """Record a verb as a step.

    Verbs that it calls are part of it. A verb that fails is undone, a run that fails is a step as far as it came.
    Nothing is recorded of a verb that makes the workspace, or that does nothing.

    Args:
        work: The workspace.
        columns: Those that the verb changes; None for the table as a whole.

    Yields:
        A function to be called with what was done, in one line, or None where nothing was.
    """
    messages: list[str | None] = []
    inside: set[Path] = _recording.__dict__.setdefault("works", set())
    if (outer := outer_workspace(work)) in inside:
        yield messages.append
        return
    begun = None
    if has_table(work):
        recover(work, *_areas_of_verb(columns))
        begun = _begin(work, columns)
    inside.add(outer)
    try:
        yield messages.append
        if begun is not None:
            _finish(work, begun, messages[-1] if messages else None)
    except BaseException:
        with contextlib.suppress(Exception):  # what cannot be tidied up now is by the next command
            _end_verb(work)
        raise
    finally:
        inside.discard(outer)


def _begin(work: Path, columns: list[str] | None) -> VerbUnderWay:
    """Keep table and model as they are."""
    state, stopped = read_state(work), _find_stopped_run(work) if columns is None else None
    if stopped is None:
        begun = VerbUnderWay(ImageTable(work).version, columns, state, space=space_of(work))
    else:
        file, step = stopped
        begun = VerbUnderWay(step.version_before, None, state | step.state_before, file.name, space_of(work))
    note_under_way(work, begun)
    keep_version(work, begun.version)
    if columns is None:
        keep_model(work, state)
    return begun


def _finish(work: Path, begun: VerbUnderWay, message: str | None) -> None:
    if message is None and begun.replaces is not None:
        message = COMPLETED
    if message is not None:
        _add_step(work, begun, message, is_finished=True)
    end_under_way(work, VerbUnderWay)
    prune(work)


def _add_step(work: Path, begun: VerbUnderWay, message: str, *, is_finished: bool) -> None:
    after = ImageTable(work).version
    if after == begun.version:
        return
    keep_version(work, after)
    changed = _changed_entries(begun.state, read_state(work))
    add(work, Step(message, begun.version, after, begun.columns, *changed, is_finished))
    if begun.replaces is not None:
        (edits_folder(work) / begun.replaces).unlink(missing_ok=True)


def _changed_entries(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    names = [
        name
        for name in {**before, **after}
        if before.get(name) != after.get(name) and name not in ("format", "versions")
    ]
    return {name: before.get(name) for name in names}, {name: after.get(name) for name in names}


def _find_stopped_run(work: Path) -> tuple[Path, Step] | None:
    """The record of the last step, and the step, where that is a run that was stopped."""
    for file in done_steps(work)[-1:]:
        step = read_step(file)
        is_here = step is not None and step.space == space_of(work)
        if step is not None and is_here and not step.is_finished and has_version(work, step.version_before):
            return file, step
    return None


def last_whole_step(work: Path) -> Step | None:
    """Find the last step that embedded images.

    None where its former table is not kept.
    """
    for file in reversed(done_steps(work)):
        step = read_step(file)
        if step is not None and step.columns is None and step.space == space_of(work):
            return step if has_version(work, step.version_before) else None
    return None


def edits(command: str, *areas: Area) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate an edit that takes its workspace first.

    It holds the workspace while it works, and begins where no other command has left anything half done.

    Args:
        command: What works there, for others: `unpool label`.
        areas: What it changes; all where none is given.

    Returns:
        The decorator.
    """

    def decorate(verb: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(verb)
        def start(*args: P.args, **kwargs: P.kwargs) -> R:
            recover(workspace_of(args, kwargs), *areas)
            return verb(*args, **kwargs)

        return exclusive(command, *areas, patience=PATIENCE)(start)

    return decorate


def make_change(work: Path, record: str, change: Change, *, refresh: bool = True) -> None:
    """Record a change, then make it.

    Args:
        work: The workspace.
        record: The name that its record gets.
        change: What to do.
        refresh: Rewrite the files of the groups and the report, where groups change.
    """
    state = read_state(work)
    former = {"group": state.get("group")} if "group" in change.after else {}
    with _editing(work, EditUnderWay("make", record, _areas_of_edit(change), former, space_of(work))):
        add(work, change)
        if "group" in change.after:
            write_state(work, group=(state.get("group") or {}) | {"source": "hand"})
        write_values(work, ImageTable(work), change.paths, change.after, refresh)


def take_step(work: Path, file: Path, entry: Entry, *, undo: bool, refresh: bool = True) -> int:
    """Undo what a record says, or redo it.

    Args:
        work: The workspace.
        file: The record.
        entry: What it says.
        undo: Whether to undo it, else to redo it.
        refresh: Rewrite the files of the groups and the report, where groups change.

    Returns:
        The number of images that changed.
    """
    with _editing(work, EditUnderWay("undo" if undo else "redo", file.name, list(BOTH), {}, entry.space)):
        return _take_step(work, file, entry, undo=undo, refresh=refresh)


def _take_step(work: Path, file: Path, entry: Entry, *, undo: bool, refresh: bool = True) -> int:
    changed = restore(place_of(work, entry), entry, undo=undo, refresh=refresh)
    (move_to_undone if undo else move_to_done)(work, file)
    return changed


@contextlib.contextmanager
def _editing(work: Path, mark: EditUnderWay) -> Iterator[None]:
    note_under_way(work, mark)
    try:
        yield
    except BaseException as error:
        with contextlib.suppress(Exception):
            if isinstance(error, UnpoolError) and mark.action != "make":  # raised before anything was changed
                end_under_way(work, EditUnderWay)
            else:
                _end_edit(work)
        raise
    end_under_way(work, EditUnderWay)


def recover(work: Path, *areas: Area, patience: float = PATIENCE) -> None:
    """End what killed commands have begun.

    Args:
        work: The workspace.
        areas: Those that are held, so that no living command works in them; all where none is given.
        patience: Seconds to wait for another command to end.

    Raises:
        WorkingError: Another command works in the workspace.
    """
    held = set(areas or BOTH)
    verb, edit = read_under_way(work, VerbUnderWay), read_under_way(work, EditUnderWay)
    is_inside = outer_workspace(work) in _recording.__dict__.get("works", ())
    if verb is not None and not is_inside and held & set(needed := _areas_of_verb(verb.columns)):
        with working(work, TIDYING, *needed, patience=patience):
            _end_verb(work)
    if edit is not None and held & set(edit.areas):
        with working(work, TIDYING, *edit.areas, patience=patience):
            _end_edit(work)


def _areas_of_verb(columns: Sequence[str] | None) -> list[Area]:
    """What is held while these columns are computed."""
    return list(BOTH) if columns is None or EDIT_COLUMNS & set(columns) else ["results"]


def _areas_of_edit(change: Change) -> list[Area]:
    """What is held while an edit is made."""
    return ["edits"] if set(change.after) <= EDIT_COLUMNS else list(BOTH)


def _end_verb(work: Path) -> None:
    """Undo what a verb has changed; a run becomes a step as far as it came."""
    begun = read_under_way(work, VerbUnderWay)
    if begun is None:
        return
    work = place_of(work, begun)
    with contextlib.suppress(UnpoolError):  # a table that cannot be read
        if not _has_ended(work, begun):
            _end_unfinished(work, begun)
        prune(work)
    end_under_way(work, VerbUnderWay)


def _has_ended(work: Path, begun: VerbUnderWay) -> bool:
    """Whether its step was recorded: all else was written before."""
    steps = [step for file in done_steps(work)[-NUM_SEARCHED:] if (step := read_step(file)) is not None]
    return any(step.is_finished and step.version_before == begun.version for step in steps)


def _end_unfinished(work: Path, begun: VerbUnderWay) -> None:
    version, changed = ImageTable(work).version, _changed_entries(begun.state, read_state(work))
    if not has_version(work, begun.version) or (version == begun.version and not changed[0]):
        return
    if begun.columns is None:
        _add_step(work, begun, STOPPED, is_finished=False)
    else:
        restore(work, Step("", begun.version, version, begun.columns, *changed), undo=True)


def _end_edit(work: Path) -> None:
    """Complete an undo or redo; drop an edit that was not made yet."""
    mark = read_under_way(work, EditUnderWay)
    if mark is None:
        return
    work = place_of(work, mark)
    with contextlib.suppress(UnpoolError):  # a record that cannot be read
        file = edits_folder(work) / (UNDONE if mark.action == "redo" else "") / mark.record
        if file.is_file():
            entry = read_entry(file)
            if mark.action != "make":
                _take_step(work, file, entry, undo=mark.action == "undo")
            elif isinstance(entry, Change):
                _end_making(work, file, entry, mark)
    end_under_way(work, EditUnderWay)


def _end_making(work: Path, file: Path, change: Change, mark: EditUnderWay) -> None:
    table = ImageTable(work)
    if not values_to_restore(table, change)[0]:
        file.unlink()
        if mark.state:
            write_state(work, **mark.state)
    elif "group" in change.after:
        write_groups(work, table)
        rewrite_group_files(work)
