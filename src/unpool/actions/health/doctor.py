"""`unpool doctor`: what is wrong with a workspace, and its repair."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from unpool.actions.health.findings import Findings
from unpool.actions.health.group_state import check_lists, check_report, check_tree
from unpool.actions.health.model_files import check_model
from unpool.actions.health.rows import (
    check_search_index,
    check_thumbnails,
    check_vectors,
    join_duplicate_rows,
    name_some,
)
from unpool.actions.health.small_files import (
    check_records,
    check_report_files,
    check_state,
    end_stopped_commands,
    find_stale_locks,
    sweep_partial_files,
)
from unpool.core.markers import WORKSPACE_TABLE
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.store.lock import working
from unpool.store.origin import is_place, known_location
from unpool.store.remote.mirror import remote_of
from unpool.store.rescue.manifests import FileChecks
from unpool.store.rescue.put_aside import DAMAGED
from unpool.store.rescue.table_rescue import Rescue, rescue_table
from unpool.store.spaces.paths import SPACES, space_folder, spaces_of
from unpool.store.state import NewerVersionError, check_format, write_state
from unpool.store.table import ImageTable, has_table


def doctor(work: Path, *, progress: Progress | None = None) -> dict[str, Any]:
    """Find what is wrong with a workspace, and repair it.

    Nothing that a person gave is deleted: damaged files go to WORK/damaged. A second call finds nothing of what the
    first has repaired.

    Args:
        work: the workspace.
        progress: where stages go.

    Returns:
        The JSON object of `unpool doctor`: `problems` lists kind, what, where, repaired and remedy of each.

    Raises:
        UnpoolError: there is no workspace, or another command works in it.
    """
    if not has_table(work):
        raise UnpoolError(f"no workspace at {work}: it has no {WORKSPACE_TABLE}; name another with --work")
    found = Findings(work)
    try:
        check_format(work)
        find_stale_locks(found)
        with working(work, "unpool doctor"):
            _examine(found, progress or Progress())
    except NewerVersionError as error:  # of which nothing is known, so that nothing is touched
        what, _, remedy = str(error).rpartition("; ")
        found.left("version", work, what, remedy)
    return _result(found)


def _examine(found: Findings, progress: Progress) -> None:
    checks = FileChecks()
    if remote_of(found.work) is not None and not _is_open(found):
        return
    try:
        with progress.stage("reading the table"):
            rescue = None if remote_of(found.work) is not None else rescue_table(found.work, checks)
    except UnpoolError as error:
        what, _, remedy = str(error).rpartition("; ")
        found.left("version", WORKSPACE_TABLE, what, remedy)
        return
    if rescue is not None:
        _add_rescue(found, rescue)
        if not rescue.is_saved:
            return
    sweep_partial_files(found)
    check_state(found)
    if rescue is not None:
        write_state(found.work, finished=None)  # so that the next run does all of it
    check_records(
        found, checks
    )  # before a command is undone: a new version may take the number of a lost one
    end_stopped_commands(found)
    join_duplicate_rows(found)
    check_thumbnails(found, progress)
    _examine_vectors(found, progress)
    for name in spaces_of(found.work):
        check_space(found, name, progress)
    _find_images(found)


def check_space(found: Findings, name: str, progress: Progress) -> None:
    """Examine what a space has for itself.

    Args:
        found: Of the workspace; gets what is wrong with the space.
        name: The space.
        progress: Where stages go.
    """
    own = Findings(space_folder(found.work, name))
    check_state(own)
    _examine_vectors(own, progress)
    for entry in own.entries:
        is_of_table = entry["where"].startswith(WORKSPACE_TABLE)
        where = entry["where"] if is_of_table else f"{SPACES}/{name}/{entry['where']}"
        found.entries.append({**entry, "where": where, "what": f"space {name}: {entry['what']}"})


def _examine_vectors(found: Findings, progress: Progress) -> None:
    """Check the vectors of a workspace or space, and what came of them."""
    check_vectors(found)
    check_search_index(found)
    check_model(found, progress)
    check_tree(found)
    damaged = check_report_files(found)
    check_lists(found)
    check_report(found, progress, damaged)


def _is_open(found: Findings) -> bool:
    """Whether the table on a store can be opened; nothing of it is changed, for the network may be at fault."""
    try:
        ImageTable(found.work)
    except UnpoolError as error:
        remedy = (
            "give the command again; bring it back by the versions that the store keeps, where it has some"
        )
        found.left("table", WORKSPACE_TABLE, str(error).rpartition("; ")[0], remedy)
        return False
    return True


def _add_rescue(found: Findings, rescue: Rescue) -> None:
    """One entry a damaged file; the last says what became of the rows."""
    if not rescue.is_saved:
        remedy = "restore it from a copy, or move the workspace away and run again"
        found.left("table", WORKSPACE_TABLE, "no version of the table can be opened", remedy)
        return
    done = _describe_rescue(rescue)
    for name, reason in rescue.files.items():
        found.repaired("table", name, f"a file of the table is damaged: {reason}", done)


def _describe_rescue(rescue: Rescue) -> str:
    if rescue.version is not None:
        done = f"version {rescue.version} of the table, the newest whole one, was restored"
    elif rescue.lost or rescue.num_lost:
        done = "no older version is whole: what can be read of the newest was kept"
    else:
        done = "what can be read of it was kept"
    if any(name.endswith(".manifest") for name in rescue.files):
        done += "; labels and groups given after it may be lost, though edits/ still names them"
    if not rescue.num_lost:
        return f"{done}; no row is lost, and `unpool run` computes what is missing"
    named = f": {name_some(rescue.lost)}" if rescue.lost else ""
    noun = "row is" if rescue.num_lost == 1 else "rows are"
    return f"{done}; {rescue.num_lost} {noun} lost{named}; `unpool run` embeds those whose files are there"


def _find_images(found: Findings) -> None:
    location = known_location(found.work)
    if location is None or not Path(location).is_absolute() or is_place(Path(location)):
        return
    found.left(
        "images", location, "the folder or archive of the images is away",
        "connect its disk, or give `unpool run FOLDER --relocate` where they have moved; everything else works without",
    )  # fmt: skip


def _result(found: Findings) -> dict[str, Any]:
    left = found.num_left
    return {
        "work": str(found.work), "problems": found.entries, "repaired": len(found.entries) - left, "left": left,
        "damaged": str(found.work / DAMAGED) if (found.work / DAMAGED).is_dir() else None,
    }  # fmt: skip
