"""`unpool clean`: move superfluous files away, and back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from unpool.actions.cleaning.manifest import (
    CLEANED,
    DONE,
    UNDONE,
    Manifest,
    Move,
    find_manifests,
    read_manifest,
    write_manifest,
)
from unpool.actions.cleaning.moving import bring_back, move_file, partial_of
from unpool.actions.cleaning.plan import Plan, is_unchanged, make_plan, write_plan
from unpool.actions.cleaning.rows import bring_rows_back, keep_rows, remove_rows, state_of
from unpool.actions.cleaning.settings import TRASH, CleanSettings
from unpool.actions.cleaning.trash import TrashedFiles, send_to_trash
from unpool.actions.history.recording import edits
from unpool.core.file_names import printable
from unpool.core.progress import Progress
from unpool.core.settings import check_settings
from unpool.errors import UnpoolError, UsageError
from unpool.store.origin import folder_of
from unpool.store.remote.mirror import remote_of
from unpool.store.table import ImageTable

PLAN_FILE = "clean-plan.csv"  # of a dry run, in the workspace


@dataclass
class Outcome:
    """What became of the files of a manifest.

    `left` counts those that were not moved, by reason, with the first of each.
    """

    paths: list[str] = field(default_factory=list)
    bytes: int = 0
    left: dict[str, tuple[int, str]] = field(default_factory=dict)

    def add(self, move: Move) -> None:
        """Count a file that was moved."""
        self.paths.append(move.what.path)
        self.bytes += move.what.bytes

    def leave(self, reason: str, move: Move) -> None:
        """Count a file that was not moved."""
        count, first = self.left.get(reason, (0, move.what.path))
        self.left[reason] = count + 1, first

    def describe_left(self) -> list[str]:
        """Say what was not moved, a line for each reason."""
        return [
            f"{count} not moved: {reason} ({printable(first)}{' …' if count > 1 else ''})"
            for reason, (count, first) in self.left.items()
        ]


def clean(work: Path, settings: CleanSettings, *, progress: Progress | None = None) -> dict[str, Any]:
    """Move the files of a problem away, or back.

    Args:
        work: the workspace.
        settings: which files go and where, or the manifest to undo.
        progress: where stages and messages go.

    Returns:
        The JSON object of `unpool clean`.

    Raises:
        UsageError: no problem is named, --undo has company, or the folder lies among the images.
        UnpoolError: nothing was checked yet, or no file can be moved.
    """
    check_settings(settings)
    progress = progress or Progress()
    if settings.undo is not None:
        if settings.problem is not None or settings.dry_run:
            raise UsageError("--undo takes no --problem and no --dry-run; nothing was moved")
        return restore(work, settings.undo, progress=progress)
    if settings.problem is None:
        raise UsageError("clean needs --problem KIND, such as duplicates, or --undo MANIFEST")
    ImageTable(work)
    if remote_of(work) is not None:
        raise UnpoolError(
            f"{work} lies on an object store, and a manifest must stay on this machine; copy the workspace here first"
        )
    _check_target(work, settings.to)
    plan = make_plan(work, settings.problem, settings.keep)
    for reason, count in plan.left.items():
        progress.message(f"{count} files are left alone: {reason}")
    if settings.dry_run:
        write_plan(plan, work / PLAN_FILE)
        return {
            "kept": plan.num_kept, "moved": len(plan.files), "bytes": plan.bytes, "manifest": None, "dry_run": True,
            "plan": str(work / PLAN_FILE), "left": sum(plan.left.values()),
        }  # fmt: skip
    return carry_out(work, plan, settings.to, progress=progress)


@edits("unpool clean")
def carry_out(work: Path, plan: Plan, to: str, *, progress: Progress | None = None) -> dict[str, Any]:
    """Move the files of a plan, and no others.

    A file that has changed since, or whose set has lost the one that was to stay, is not moved.

    Args:
        work: the workspace.
        plan: what goes.
        to: the trash, or a folder.
        progress: where a stage and messages go.

    Returns:
        The JSON object of `unpool clean`.

    Raises:
        UnpoolError: no file can be moved.
    """
    progress = progress or Progress()
    _check_target(work, to)
    _complete_killed(work)
    if not plan.files:
        return {
            "kept": plan.num_kept,
            "moved": 0,
            "bytes": 0,
            "manifest": None,
            "left": sum(plan.left.values()),
        }
    manifest = write_manifest(work, plan, to, state_of(work))
    keep_rows(work, manifest)
    done = _move_all(manifest, progress)
    remove_rows(work, done.paths)
    manifest.note(DONE)
    for line in done.describe_left():
        progress.message(line)
    if not done.paths:
        reason = next(iter(done.left))
        raise UnpoolError(
            f"none of {len(manifest.moves)} files was moved: {reason}; {manifest.file} names them"
        )
    left = sum(plan.left.values()) + len(manifest.moves) - len(done.paths)
    return {
        "kept": plan.num_kept, "moved": len(done.paths), "bytes": done.bytes, "manifest": str(manifest.file),
        "left": left,
    }  # fmt: skip


def _check_target(work: Path, to: str) -> None:
    """Refuse a folder among the images, where the next run would take the files for more."""
    if to == TRASH:
        return
    folder, out = folder_of(work), Path(to).resolve()
    if out.exists() and not out.is_dir():
        raise UsageError(f"--to {to} is a file; name a folder, or trash")
    if folder is not None and out.is_relative_to(folder.resolve()) and not out.is_relative_to(work.resolve()):
        raise UsageError(
            f"--to {to} lies in {folder}, among the images, and the next run would take its files for more; name a "
            "folder elsewhere, or trash"
        )


def _complete_killed(work: Path) -> None:
    """Remove the rows of files that killed clean-ups have moved."""
    for manifest in find_manifests(work):
        if not (manifest.is_noted(DONE) or manifest.is_noted(UNDONE)):
            moves = _where_images_are(work, manifest).moves
            remove_rows(work, [move.what.path for move in moves if not Path(move.what.file).exists()])
            manifest.note(DONE)


def _move_all(manifest: Manifest, progress: Progress) -> Outcome:
    done, checked = Outcome(), dict[str, bool]()
    with progress.stage("moving", len(manifest.moves), "files") as stage:
        for move in manifest.moves:
            stage.advance()
            stays = move.stays
            if stays is not None and stays.file not in checked:
                checked[stays.file] = is_unchanged(Path(stays.file), stays.id, stays.bytes)
            if stays is not None and not checked[stays.file]:
                done.leave("the image that was to stay has changed or is gone", move)
            else:
                _move_one(move, done)
    return done


def _move_one(move: Move, done: Outcome) -> None:
    file, what = Path(move.what.file), move.what
    if file.is_symlink() or not is_unchanged(file, what.id, what.bytes):
        done.leave("changed or gone since the plan was made", move)
        return
    try:
        if move.target is None:
            send_to_trash(file)
        else:
            move_file(file, Path(move.target), what.id)
    except OSError as error:  # of send2trash too
        there = "; give --to DIR instead of the trash" if move.target is None else ""
        done.leave(f"{error.strerror or error}{there}", move)
    else:
        done.add(move)


@edits("unpool clean --undo")
def restore(work: Path, file: Path, *, progress: Progress | None = None) -> dict[str, Any]:
    """Bring back the files of a clean-up.

    It may have been stopped anywhere. Nothing is overwritten: where something else lies in a file's place by now, both
    stay where they are.

    Args:
        work: the workspace.
        file: the manifest, or its folder.
        progress: where a stage and messages go.

    Returns:
        The JSON object of `unpool clean --undo`.

    Raises:
        UnpoolError: it is no manifest of this workspace, or no file can be brought back.
    """
    progress, manifest = progress or Progress(), _where_images_are(work, _read_own(work, file))
    trashed = TrashedFiles([Path(move.what.file) for move in manifest.moves if move.target is None])
    done, in_place = Outcome(), list[str]()
    with progress.stage("bringing back", len(manifest.moves), "files") as stage:
        for move in manifest.moves:
            stage.advance()
            if _is_in_place(move):
                in_place.append(move.what.path)
            else:
                _bring_one_back(move, trashed, done)
    bring_rows_back(work, manifest, [*done.paths, *in_place])
    for line in done.describe_left():
        progress.message(line.replace("not moved", "not brought back"))
    if not done.left:
        manifest.note(UNDONE)
    elif not done.paths and not in_place:
        raise UnpoolError(f"none of {len(manifest.moves)} files was brought back: {next(iter(done.left))}")
    return {
        "restored": len(done.paths), "in_place": len(in_place), "bytes": done.bytes, "manifest": str(manifest.file),
        "left": len(manifest.moves) - len(done.paths) - len(in_place),
    }  # fmt: skip


def _read_own(work: Path, file: Path) -> Manifest:
    """Read a manifest of this workspace.

    The rows of another one's would come into it: that raises `UnpoolError`.
    """
    manifest = read_manifest(file)
    above = manifest.folder.resolve().parent
    if above != (work / CLEANED).resolve():
        raise UnpoolError(
            f"{manifest.file} belongs to the workspace {above.parent}; give --work {above.parent}, or copy "
            f"{manifest.folder} into {work / CLEANED}"
        )
    return manifest


def _where_images_are(work: Path, manifest: Manifest) -> Manifest:
    """The manifest with the places that files have now, where their whole folder has moved since."""
    folder = folder_of(work)
    if folder is None or not folder.is_dir():
        return manifest
    moves = [
        replace(move, what=replace(move.what, file=str(folder.resolve() / move.what.below)))
        if not move.what.root.exists()
        else move
        for move in manifest.moves
    ]
    return replace(manifest, moves=moves)


def _is_in_place(move: Move) -> bool:
    """Whether a file was never moved; what a kill has left of half a copy is removed."""
    if move.target is not None:
        partial_of(Path(move.target)).unlink(missing_ok=True)
    return is_unchanged(Path(move.what.file), move.what.id, move.what.bytes)


def _bring_one_back(move: Move, trashed: TrashedFiles, done: Outcome) -> None:
    what, source = move.what, Path(move.what.file)
    if source.exists() or source.is_symlink():
        done.leave("something else lies in its place", move)
        return
    if move.target is None:
        place = trashed.find(what.bytes, what.id, what.modified_ns, source.name)
    else:
        place = Path(move.target) if is_unchanged(Path(move.target), what.id, what.bytes) else None
    if place is None:
        where = "in the trash" if move.target is None else f"in {Path(move.target).parent}"
        done.leave(f"it is not {where} any more, or has changed there", move)
        return
    try:
        bring_back(place, source, what.id, what.modified_ns)
    except OSError as error:
        done.leave(str(error.strerror or error), move)
        return
    if move.target is None:
        trashed.forget(place)
    done.add(move)
