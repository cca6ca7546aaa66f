"""Which files stay and which go, before anything is done."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unpool.actions.cleaning.settings import KEEP
from unpool.analysis.checks.kinds import PROBLEM_KINDS
from unpool.core.atomic_files import write_text
from unpool.core.file_identity import content_digest, stamp_of
from unpool.errors import UnpoolError, unknown_name
from unpool.images.archives.path_list import ListSource
from unpool.images.source import FolderSource
from unpool.store.columns import OK
from unpool.store.findings import found_problems, found_sets, found_unsure
from unpool.store.origin import source_of
from unpool.store.table import ImageTable

SUGGESTED = "suggested"  # a kind that is no fault of a file
COLUMNS = ("path", "id", "bytes", "modified", "stamp", "width", "height", "status")
HEADING = ("set", "action", "path", "bytes", "id")
STAYS, GOES = "stays", "goes"
Facts = dict[str, Any]  # a row of the table


@dataclass(frozen=True)
class PlannedFile:
    """A file that stays or goes.

    Attributes:
        path: its key in the table.
        file: where it lies.
        below: its path below the folder of the images.
        id: digest of its content.
        bytes: its size.
        modified_ns: its time.
    """

    path: str
    file: str
    below: str
    id: str
    bytes: int
    modified_ns: int

    @property
    def root(self) -> Path:
        """The folder of the images."""
        return Path(self.file.removesuffix(self.below))


@dataclass(frozen=True)
class Stack:
    """Files of one set.

    Of a problem of single images nothing stays.
    """

    stays: PlannedFile | None
    goes: list[PlannedFile]


@dataclass
class Plan:
    """What `unpool clean` would do.

    Attributes:
        problem: the kind.
        keep: which image of a set stays.
        stacks: the sets, and single images one by one.
        left: how many files are left alone, by reason.
    """

    problem: str
    keep: str
    stacks: list[Stack] = field(default_factory=list)
    left: dict[str, int] = field(default_factory=dict)

    @property
    def files(self) -> list[PlannedFile]:
        """The files that go."""
        return [file for stack in self.stacks for file in stack.goes]

    @property
    def num_kept(self) -> int:
        """How many files stay, of sets."""
        return sum(stack.stays is not None for stack in self.stacks)

    @property
    def bytes(self) -> int:
        """The size of the files that go."""
        return sum(file.bytes for file in self.files)

    def leave(self, reason: str, count: int = 1) -> None:
        """Count files that are left alone."""
        self.left[reason] = self.left.get(reason, 0) + count


def make_plan(work: Path, problem: str, keep: str) -> Plan:
    """Decide which files stay and which go.

    Only files count that are there and have not changed since they were embedded: of a set one of those stays.

    Args:
        work: The workspace.
        problem: A kind of problem.
        keep: Which image of each set stays, one of `KEEP`.

    Returns:
        The plan.

    Raises:
        UsageError: There is no such kind, or choice.
        UnpoolError: Nothing was checked yet, or the images are no files of this machine.
    """
    problem = problem.replace("-", "_")
    known = [name for name in PROBLEM_KINDS if name != SUGGESTED]
    if problem not in known:
        raise unknown_name("problem", problem, known)
    if keep not in KEEP:
        raise unknown_name("choice", keep, KEEP)
    table, plan = ImageTable(work), Plan(problem, keep)
    files = _Files(work, plan)
    has_sets = PROBLEM_KINDS[problem].has_sets
    sets = (
        _find_sets(work, problem, plan)
        if has_sets
        else [[path] for path in _find_single(work, table, problem)]
    )
    rows = table.some(sorted({path for each in sets for path in each}), COLUMNS[1:]).to_pylist()
    facts_of = {row["path"]: row for row in rows if row["status"] == OK and row["id"]}
    seen: set[str] = set()  # two sets may share a file, which goes once
    for paths in sets:
        found = [
            (facts_of[path], file)
            for path in paths
            if path in facts_of and (file := files.find(facts_of[path]))
        ]
        _add_stack(plan, found, seen, has_sets=has_sets)
    return plan


def _add_stack(
    plan: Plan, found: Sequence[tuple[Facts, PlannedFile]], seen: set[str], *, has_sets: bool
) -> None:
    found = [(facts, file) for facts, file in found if file.path not in seen]
    if len(found) < 1 + has_sets:
        return
    stays = CHOICES[plan.keep]([facts for facts, _ in found]) if has_sets else -1
    seen.update(file.path for _, file in found)
    goes = [file for place, (_, file) in enumerate(found) if place != stays]
    plan.stacks.append(Stack(found[stays][1] if has_sets else None, goes))


def _find_sets(work: Path, problem: str, plan: Plan) -> list[list[str]]:
    """The sets of a kind, the elected image first; pairs that nobody could compare are left out."""
    if found_problems(work) is None:
        raise _nothing_checked(work)
    unsure = found_unsure(work, problem)
    if unsure:
        plan.leave("compared by thumbnails only", len(unsure))
    return [[path for path in paths if path not in unsure] for paths in found_sets(work, problem)]


def _find_single(work: Path, table: ImageTable, problem: str) -> list[str]:
    if PROBLEM_KINDS[problem].column:
        paths: list[str] = table.arrow(["path"], where=f"{PROBLEM_KINDS[problem].column} = true")[
            "path"
        ].to_pylist()
        return paths
    found = found_problems(work)
    if found is None:
        raise _nothing_checked(work)
    return found[problem]


def _nothing_checked(work: Path) -> UnpoolError:
    return UnpoolError(
        f"nothing of {work} was checked yet; `unpool check --work {work}` finds problems first"
    )


class _Files:
    """Finds the files of images, as far as they may be moved.

    Args:
        work: The workspace.
        plan: Counts what is left alone.
    """

    def __init__(self, work: Path, plan: Plan) -> None:
        source = source_of(work)
        if not isinstance(source, FolderSource | ListSource):
            raise UnpoolError(
                f"the images of {work} lie in {source.location}, which is only read; unpack or download them into a "
                "folder to clean it up"
            )
        self._source, self._plan = source, plan
        self._path_of: dict[str, str] = {}
        self._folder = source.folder.resolve() if isinstance(source, FolderSource) else None

    def find(self, facts: Facts) -> PlannedFile | None:
        """The file of a row; None where it is left alone."""
        file = self._source.locate(facts["path"]).file
        place = Path(os.path.abspath(file))  # noqa: PTH100 - links stay
        try:
            status = place.lstat()
        except OSError:
            self._plan.leave("gone already")
            return None
        if place.is_symlink() or not place.is_file():
            self._plan.leave("links")
            return None
        # Two paths through a linked folder are one file, which must not go for the sake of itself.
        if self._path_of.setdefault(os.path.realpath(place), str(facts["path"])) != facts["path"]:
            self._plan.leave("the same file by another path")
            return None
        if not is_unchanged(place, str(facts["id"]), int(facts["bytes"]), facts["stamp"]):
            self._plan.leave("changed since they were embedded")
            return None
        return PlannedFile(
            str(facts["path"]),
            str(place),
            self._below(place),
            str(facts["id"]),
            status.st_size,
            status.st_mtime_ns,
        )

    def _below(self, file: Path) -> str:
        if self._folder is not None and file.is_relative_to(self._folder):
            return str(file.relative_to(self._folder))
        return str(file.relative_to(file.anchor))


def is_unchanged(file: Path, digest: str, num_bytes: int, stamp: str | None = None) -> bool:
    """Whether a file still has its content.

    Args:
        file: Where it lies.
        digest: Of the content that it had.
        num_bytes: Its size.
        stamp: What the file system knew of it; where that is the same, nothing is read.

    Returns:
        False for a file that is gone, too.
    """
    try:
        status = file.stat()
    except OSError:
        return False
    if status.st_size != num_bytes:
        return False
    return bool(stamp and stamp == stamp_of(status)) or content_digest(file) == digest


def _pixels(facts: Facts) -> int:
    return int(facts["width"] or 0) * int(facts["height"] or 0)


def _first_of(order: Callable[[Facts], Any]) -> Callable[[Sequence[Facts]], int]:
    def choose(found: Sequence[Facts]) -> int:
        return min(range(len(found)), key=lambda place: (order(found[place]), found[place]["path"]))

    return choose


# The place of the one that stays, by what is known of each; sets come with the elected image first.
CHOICES: Mapping[str, Callable[[Sequence[Facts]], int]] = {
    "best": lambda found: 0,
    "largest": _first_of(lambda facts: (-_pixels(facts), -int(facts["bytes"]))),
    "oldest": _first_of(lambda facts: float(facts["modified"])),
    "first": _first_of(lambda facts: ""),
}


def write_plan(plan: Plan, file: Path) -> None:
    """Write a plan as CSV, a line for each file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADING)
    for number, stack in enumerate(plan.stacks):
        for action, files in ((STAYS, [stack.stays] if stack.stays else []), (GOES, stack.goes)):
            writer.writerows((number, action, each.path, each.bytes, each.id) for each in files)
    write_text(file, text.getvalue())
