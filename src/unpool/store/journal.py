"""What was done to a workspace, step by step.

`WORK/edits/NUMBER.json` holds a step: an edit with its values before and after, or a verb with the versions of the
table before and after it. `WORK/edits/undone/` holds what was undone, until something else is done.
"""

from __future__ import annotations

import contextlib
import functools
import json
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ParamSpec

from unpool.core.atomic_files import whole_folder, write_text
from unpool.errors import UnpoolError
from unpool.store.lock import workspace_of
from unpool.store.state import MODEL, read_state, write_state
from unpool.store.table import ImageTable
from unpool.store.versions import TABLE, has_version, keep_only, keep_version, read_version, restore_version

EDITS, UNDONE = "edits", "undone"
MAX_HEAD_BYTES = 10_000  # of the line that says what a step did
MAX_STEPS, MAX_STEP_BYTES = 100, 200_000_000  # that can be undone; fewer where they are large
MAX_WHOLE_VERSIONS = 3  # steps that keep the whole table as it was, which can be large
OLD_MESSAGE = "told"  # what version 0.1.0 called `message`
UNDER_WAY = "under-way"  # in EDITS: the version that a verb began from
MODELS = "models"  # in EDITS: those that a step replaced

P = ParamSpec("P")
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
    """

    message: str
    paths: list[str]
    before: Columns
    after: Columns
    grouped: str | None = None
    embedded_by: str | None = None


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
    """

    message: str
    version_before: int
    version_after: int
    columns: list[str] | None
    state_before: dict[str, Any]
    state_after: dict[str, Any]


Entry = Change | Step
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

    Verbs that it calls are part of it. Nothing is recorded of a verb that fails, that makes the workspace, or that
    does nothing.

    Args:
        work: The workspace.
        columns: Those that the verb changes; None for the table as a whole.

    Yields:
        A function to be called with what was done, in one line, or None where nothing was.
    """
    messages: list[str | None] = []
    inside: set[Path] = _recording.__dict__.setdefault("works", set())
    if work in inside:
        yield messages.append
        return
    inside.add(work)
    try:
        start = _begin(work, columns) if (work / TABLE).is_dir() else None
        yield messages.append
    finally:
        inside.discard(work)
    if start is not None:
        _finish(work, columns, start, messages[-1] if messages else None)


def _begin(work: Path, columns: list[str] | None) -> tuple[int, dict[str, Any]]:
    """Keep table and model as they are; the version and the state."""
    version, state = ImageTable(work).version, read_state(work)
    write_text(work / EDITS / UNDER_WAY, str(version))
    keep_version(work, version)
    if columns is None:
        _keep_model(work, state)
    return version, state


def _finish(
    work: Path, columns: list[str] | None, start: tuple[int, dict[str, Any]], message: str | None
) -> None:
    (before, state), after = start, ImageTable(work).version
    if message is not None and after != before:
        keep_version(work, after)
        add(work, Step(message, before, after, columns, *_changed_entries(state, read_state(work))))
    (work / EDITS / UNDER_WAY).unlink(missing_ok=True)
    prune(work)


def _changed_entries(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    names = [
        name for name in {**before, **after} if before.get(name) != after.get(name) and name != "versions"
    ]
    return {name: before.get(name) for name in names}, {name: after.get(name) for name in names}


def add(work: Path, entry: Entry) -> None:
    """Write a step down.

    What was undone before can no longer be redone.
    """
    shutil.rmtree(work / EDITS / UNDONE, ignore_errors=True)
    files = done_steps(work)
    number = int(files[-1].stem) + 1 if files else 1
    values = asdict(entry)
    head = {"message": values.pop("message"), "is_step": isinstance(entry, Step)}
    lines = [json.dumps(part, ensure_ascii=False, separators=(",", ":")) for part in (head, values)]
    write_text(work / EDITS / f"{number:06}.json", "\n".join(lines) + "\n")
    prune(work)


def prune(work: Path) -> None:
    """Forget the oldest steps where there are too many.

    The versions and models that no step names go too.
    """
    room, whole, versions, models = MAX_STEP_BYTES, 0, _versions_under_way(work), set[str]()
    is_full = False
    newest_first = [*done_steps(work), *undone_steps(work)][::-1]
    for count, file in enumerate(newest_first, start=1):
        room -= file.stat().st_size
        step = _read_step(file)
        whole += step is not None and step.columns is None
        is_full = is_full or (count > 1 and (count > MAX_STEPS or room < 0)) or whole > MAX_WHOLE_VERSIONS
        if is_full:
            file.unlink(missing_ok=True)
        elif step is not None:
            versions |= {step.version_before, step.version_after}
            models |= {str(each.get("embedded_by")) for each in (step.state_before, step.state_after)}
    keep_only(work, versions)
    for folder in (work / EDITS / MODELS).glob("*"):
        if folder.name not in models:
            shutil.rmtree(folder, ignore_errors=True)


def _versions_under_way(work: Path) -> set[int]:
    """The version that a verb under way began from: an edit meanwhile must not give it up."""
    try:
        return {int((work / EDITS / UNDER_WAY).read_text("utf-8"))}
    except (OSError, ValueError):
        return set()


def done_steps(work: Path) -> list[Path]:
    """The files of steps that can be undone, oldest first."""
    return _numbered(work / EDITS)


def undone_steps(work: Path) -> list[Path]:
    """The files of undone steps, the next to redo first."""
    return _numbered(work / EDITS / UNDONE)


def move_to_undone(work: Path, file: Path) -> None:
    """Note that a step was undone."""
    folder = work / EDITS / UNDONE
    folder.mkdir(parents=True, exist_ok=True)
    file.replace(folder / file.name)


def move_to_done(work: Path, file: Path) -> None:
    """Note that a step was redone."""
    file.replace(work / EDITS / file.name)


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
            f"“{step.message}” cannot be undone: the table of {work} as it was is no longer kept"
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


def _keep_model(work: Path, state: Mapping[str, Any]) -> None:
    """Keep the model's files under a second name; a step may replace them."""
    kept = work / EDITS / MODELS / str(state.get("embedded_by"))
    if state.get("embedded_by") and (work / MODEL).is_dir() and not kept.is_dir():
        with whole_folder(kept) as part:
            _link_files(work / MODEL, part)


def _bring_model_back(work: Path, state: Mapping[str, Any]) -> None:
    kept = work / EDITS / MODELS / str(state.get("embedded_by"))
    if "embedded_by" not in state or not kept.is_dir():
        return
    _keep_model(work, read_state(work))
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


def _read_step(file: Path) -> Step | None:
    """The verb of a record; None for an edit, which can be large and is not read, and for a damaged one."""
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
