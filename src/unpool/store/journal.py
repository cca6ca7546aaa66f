"""What was done to a workspace, step by step.

`WORK/edits/NUMBER.json` holds a step: an edit with its values before and after, or a verb with the versions of the
table before and after it. `WORK/edits/undone/` holds what was undone, until something else is done. While a command
works, `WORK/edits/under-way` or `edit-under-way` says from where it began, so that a killed one can be tidied up.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from unpool.core.atomic_files import PARTIAL, whole_folder, write_text
from unpool.errors import UnpoolError
from unpool.store.lock import Area
from unpool.store.spaces.paths import outer_workspace, space_folder, space_of, spaces_of
from unpool.store.state import MODEL, read_state, write_state
from unpool.store.table import ImageTable
from unpool.store.versions import has_version, keep_only, read_version, restore_version

EDITS, UNDONE = "edits", "undone"
MAX_HEAD_BYTES = 10_000  # of the line that says what a step did
MAX_STEPS, MAX_STEP_BYTES = 100, 200_000_000  # that can be undone; fewer where they are large
MAX_WHOLE_VERSIONS = 3  # steps that keep the whole table as it was, which can be large
OLD_MESSAGE = "told"  # what version 0.1.0 called `message`
UNDER_WAY = "under-way"  # in EDITS: where a verb began from
EDIT_UNDER_WAY = "edit-under-way"  # in EDITS: which edit is made, undone or redone
SPREAD = "spread"  # of unpool.yaml: the name of the suggestions that the table holds
MODELS = "models"  # in EDITS: those that a step replaced

Columns = dict[str, list[Any]]


@dataclass(frozen=True)
class Change:
    """Some columns of some images, before and after an edit.

    Attributes:
        message: what the edit did, in one line.
        paths: the images it changed.
        before: their values of each column before it.
        after: their values of each column after it.
        grouped: which grouping the numbers belong to, where groups are changed.
        embedded_by: the model whose suggestions there were.
        space: which it was in; None for the workspace's own.
    """

    message: str
    paths: list[str]
    before: Columns
    after: Columns
    grouped: str | None = None
    embedded_by: str | None = None
    space: str | None = None


@dataclass(frozen=True)
class Step:
    """A verb, by the table before and after it.

    Attributes:
        message: what it did, in one line.
        version_before: of the table.
        version_after: of the table.
        columns: those it changed; None where images came, went or were embedded.
        state_before: entries of unpool.yaml that it changed, None for those there were not.
        state_after: the same after it.
        is_finished: whether it came to its end; a run that was stopped goes on later.
        space: which it was in; None for the workspace's own.
    """

    message: str
    version_before: int
    version_after: int
    columns: list[str] | None
    state_before: dict[str, Any]
    state_after: dict[str, Any]
    is_finished: bool = True
    space: str | None = None


@dataclass(frozen=True)
class VerbUnderWay:
    """Where a verb began from.

    Attributes:
        version: of the table before it.
        columns: those it changes; None for the table as a whole.
        state: unpool.yaml before it.
        replaces: the record of a stopped run that it goes on with.
        space: which it is in; None for the workspace's own.
    """

    version: int
    columns: list[str] | None
    state: dict[str, Any]
    replaces: str | None = None
    space: str | None = None


@dataclass(frozen=True)
class EditUnderWay:
    """An edit that is made, undone or redone.

    Attributes:
        action: which of these.
        record: name of the edit's record.
        areas: those of the lock that are held meanwhile.
        state: entries of unpool.yaml before it that it changes.
        space: which it is in; None for the workspace's own.
    """

    action: Literal["make", "undo", "redo"]
    record: str
    areas: list[Area]
    state: dict[str, Any]
    space: str | None = None


Entry = Change | Step
Mark = TypeVar("Mark", VerbUnderWay, EditUnderWay)
_FILE_OF = {VerbUnderWay: UNDER_WAY, EditUnderWay: EDIT_UNDER_WAY}


def edits_folder(work: Path) -> Path:
    """Return where the steps of a workspace lie.

    Those of its spaces lie there too.
    """
    return outer_workspace(work) / EDITS


def place_of(work: Path, entry: Entry | VerbUnderWay | EditUnderWay) -> Path:
    """Return where something was done.

    That is the workspace, or the path of a space.
    """
    return space_folder(outer_workspace(work), entry.space)


def _as_stored(entry: Entry | VerbUnderWay | EditUnderWay) -> dict[str, Any]:
    """Without a space as versions before 0.3 wrote it, which still read it then."""
    values = asdict(entry)
    return values if entry.space else {name: value for name, value in values.items() if name != "space"}


def note_under_way(work: Path, mark: VerbUnderWay | EditUnderWay) -> None:
    """Write down what a command begins."""
    write_text(edits_folder(work) / _FILE_OF[type(mark)], json.dumps(_as_stored(mark), ensure_ascii=False))


def end_under_way(work: Path, kind: type[VerbUnderWay] | type[EditUnderWay]) -> None:
    """Note that it has come to its end."""
    (edits_folder(work) / _FILE_OF[kind]).unlink(missing_ok=True)


def read_under_way(work: Path, kind: type[Mark]) -> Mark | None:
    """Read what a command has begun.

    None for nothing, or for a mark that cannot be read.
    """
    try:
        return kind(**json.loads((edits_folder(work) / _FILE_OF[kind]).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def next_record(work: Path) -> str:
    """Name the record of the next step."""
    files = done_steps(work)
    return f"{int(files[-1].stem) + 1 if files else 1:06}.json"


def add(work: Path, entry: Entry) -> None:
    """Write a step down.

    What was undone before can no longer be redone.
    """
    forget_undone(work)
    values = _as_stored(replace(entry, space=space_of(work)))
    head = {"message": values.pop("message"), "is_step": isinstance(entry, Step)}
    lines = [json.dumps(part, ensure_ascii=False, separators=(",", ":")) for part in (head, values)]
    write_text(edits_folder(work) / next_record(work), "\n".join(lines) + "\n")
    prune(work)


def forget_undone(work: Path) -> None:
    """Forget what was undone.

    All or nothing: of steps that follow each other none may be left alone.
    """
    aside = edits_folder(work) / f"{PARTIAL}{os.getpid()}-{UNDONE}"
    for left in edits_folder(work).glob(f"{PARTIAL}*"):  # by a killed command
        shutil.rmtree(left, ignore_errors=True)
    if (edits_folder(work) / UNDONE).is_dir():
        (edits_folder(work) / UNDONE).replace(aside)
        shutil.rmtree(aside, ignore_errors=True)


def seeds_file(work: Path, name: str) -> Path:
    """The file that holds the labels which suggestions came from."""
    return edits_folder(work) / f"seeds-{name}.json"


def prune(work: Path) -> None:
    """Forget the oldest steps where there are too many.

    The versions, models and labels of suggestions that no step names go too.
    """
    outer = outer_workspace(work)
    places = [outer, *(space_folder(outer, name) for name in spaces_of(outer))]
    room, whole, spreads = MAX_STEP_BYTES, 0, {read_state(place).get(SPREAD) for place in places}
    begun = read_under_way(work, VerbUnderWay)
    versions, models = (
        ({begun.version}, {str(begun.state.get("embedded_by"))}) if begun else (set[int](), set[str]())
    )
    is_full = False
    newest_first = [*done_steps(work), *undone_steps(work)][::-1]
    for count, file in enumerate(newest_first, start=1):
        room -= file.stat().st_size
        step = read_step(file)
        whole += step is not None and step.columns is None
        is_full = is_full or (count > 1 and (count > MAX_STEPS or room < 0)) or whole > MAX_WHOLE_VERSIONS
        if is_full:
            file.unlink(missing_ok=True)
        elif step is not None:
            versions |= {step.version_before, step.version_after}
            states = (step.state_before, step.state_after)
            models |= {str(each.get("embedded_by")) for each in states}
            spreads |= {each.get(SPREAD) for each in states}
    keep_only(work, versions)
    for file in edits_folder(work).glob("seeds-*.json"):
        if file not in {seeds_file(work, str(name)) for name in spreads}:
            file.unlink(missing_ok=True)
    for folder in (edits_folder(work) / MODELS).glob("*"):
        if folder.name not in models:
            shutil.rmtree(folder, ignore_errors=True)


def done_steps(work: Path) -> list[Path]:
    """The files of steps that can be undone, oldest first."""
    return _numbered(edits_folder(work))


def undone_steps(work: Path) -> list[Path]:
    """The files of undone steps, the next to redo first."""
    return _numbered(edits_folder(work) / UNDONE)


def move_to_undone(work: Path, file: Path) -> None:
    """Note that a step was undone."""
    folder = edits_folder(work) / UNDONE
    folder.mkdir(parents=True, exist_ok=True)
    file.replace(folder / file.name)


def move_to_done(work: Path, file: Path) -> None:
    """Note that a step was redone."""
    file.replace(edits_folder(work) / file.name)


def read_message(file: Path) -> str:
    """Say what a step did, reading its head only."""
    try:
        return str(_read_head(file)["message"])
    except (ValueError, KeyError, TypeError):
        return "an edit whose record is damaged"


def read_entry(file: Path) -> Entry:
    """Read a step.

    Raises `UnpoolError` where it is damaged.
    """
    try:
        head, values = file.read_text("utf-8").strip("\n").split("\n")
        described, content = _head(head), json.loads(values)
        kind = Step if described.get("is_step") else Change
        return kind(message=described["message"], **content)
    except (ValueError, TypeError, KeyError) as error:
        raise UnpoolError(f"{file} is damaged; delete it to undo the edit before it") from error


def bring_back(work: Path, step: Step, *, undo: bool) -> int:
    """Bring back what was before a step, or after it.

    Args:
        work: The workspace.
        step: The step.
        undo: Whether to what it was before it, else after it.

    Returns:
        The number of images.

    Raises:
        UnpoolError: The table as it was is gone.
    """
    version, state = (
        (step.version_before, step.state_before) if undo else (step.version_after, step.state_after)
    )
    if not has_version(work, version):
        raise UnpoolError(
            f"“{step.message}” cannot be {'undone' if undo else 'redone'}: "
            f"the table of {work} as it was is no longer kept"
        )
    if step.columns is None:
        restore_version(work, version)
        count = len(ImageTable(work))
    else:
        count = _restore_columns(work, version, step.columns)
    _bring_model_back(work, state)
    write_state(work, **state)
    return count


def _restore_columns(work: Path, version: int, columns: list[str]) -> int:
    """Write the values of a version where they are others now; the number of images."""
    rows, table = read_version(work, version, columns), ImageTable(work)
    old = {path: row for row, path in enumerate(rows["path"].to_pylist())}
    now = table.some(list(old), columns)
    paths = now["path"].to_pylist()
    order = [old[path] for path in paths]
    there = rows.schema.names
    before = {name: rows[name].to_pylist() if name in there else [None] * len(old) for name in columns}
    values = {name: [before[name][row] for row in order] for name in columns}
    present = {name: now[name].to_pylist() for name in columns}
    changed = [row for row in range(len(paths)) if any(values[n][row] != present[n][row] for n in columns)]
    table.update(
        [paths[row] for row in changed],
        {name: [column[row] for row in changed] for name, column in values.items()},
    )
    return len(changed)


def keep_model(work: Path, state: Mapping[str, Any]) -> None:
    """Keep the model's files under a second name.

    A step may replace them.
    """
    kept = edits_folder(work) / MODELS / str(state.get("embedded_by"))
    if state.get("embedded_by") and (work / MODEL).is_dir() and not kept.is_dir():
        with whole_folder(kept) as part:
            _link_files(work / MODEL, part)


def _bring_model_back(work: Path, state: Mapping[str, Any]) -> None:
    kept = edits_folder(work) / MODELS / str(state.get("embedded_by"))
    if "embedded_by" not in state or not kept.is_dir():
        return
    keep_model(work, read_state(work))
    with whole_folder(work / MODEL) as part:
        _link_files(kept, part)


def _link_files(source: Path, target: Path) -> None:
    """The files of a folder, not those of its folders; linked, for whole files are only ever replaced."""
    for file in source.iterdir():
        if file.is_file():
            try:
                (target / file.name).hardlink_to(file)
            except OSError:  # a disk without hard links
                shutil.copyfile(file, target / file.name)


def _numbered(folder: Path) -> list[Path]:
    found = [path for path in folder.glob("*.json") if path.stem.isdecimal()]
    return sorted(found, key=lambda path: int(path.stem))


def read_step(file: Path) -> Step | None:
    """Read the verb of a record.

    None for an edit, which can be large and is not read, and for a damaged one.
    """
    try:
        if not _read_head(file).get("is_step"):
            return None
        entry = read_entry(file)
    except (UnpoolError, ValueError, TypeError):
        return None
    return entry if isinstance(entry, Step) else None


def _read_head(file: Path) -> dict[str, Any]:
    with file.open("rb") as stream:
        return _head(stream.readline(MAX_HEAD_BYTES).decode("utf-8", "replace"))


def _head(line: str) -> dict[str, Any]:
    """The first line of a record, as this version or an older one wrote it."""
    head: dict[str, Any] = json.loads(line)
    if OLD_MESSAGE in head:
        head = {"message": head[OLD_MESSAGE]}
    return head
