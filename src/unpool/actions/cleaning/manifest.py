"""What a clean-up is about to do.

It is written whole before the first file is moved. With it every file can be brought back, wherever a kill has stopped
the clean-up.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from unpool import __version__
from unpool.actions.cleaning.plan import Plan, PlannedFile, write_plan
from unpool.actions.cleaning.settings import TRASH
from unpool.core.atomic_files import write_whole
from unpool.core.file_names import folded
from unpool.errors import UnpoolError

CLEANED = "cleaned"  # the folder of a workspace with a folder for each clean-up
MANIFEST, PLAN, ROWS = "manifest.json", "plan.csv", "rows.parquet"
DONE, UNDONE = "done", "undone"  # files that say how far it came
FORMAT = 1


@dataclass(frozen=True)
class Move:
    """A file that goes, and where.

    `target` is a path, or None for the trash, which names it itself; `stays` is the file of its set that stays, None
    where there is none.
    """

    what: PlannedFile
    target: str | None
    stays: PlannedFile | None


@dataclass(frozen=True)
class Manifest:
    """The moves of a clean-up.

    Attributes:
        file: where it is written.
        problem: the kind of problem.
        keep: which image of a set stayed.
        to: the folder, or the trash.
        moves: one for each file.
        state: of the workspace, to which the rows of the files belong.
    """

    file: Path
    problem: str
    keep: str
    to: str
    moves: list[Move]
    state: dict[str, str]

    @property
    def folder(self) -> Path:
        """The folder of the clean-up."""
        return self.file.parent

    def note(self, mark: str) -> None:
        """Say how far it came."""
        (self.folder / mark).touch()

    def is_noted(self, mark: str) -> bool:
        """Whether it came so far."""
        return (self.folder / mark).exists()


def write_manifest(work: Path, plan: Plan, to: str, state: dict[str, str]) -> Manifest:
    """Write what is about to be done.

    Args:
        work: The workspace.
        plan: Its files.
        to: The trash, or a folder.
        state: Of the workspace.

    Returns:
        The manifest. It is on the disk before this returns.
    """
    folder = _new_folder(work / CLEANED)
    manifest = Manifest(folder / MANIFEST, plan.problem, plan.keep, to, _moves(plan, to), state)
    write_plan(plan, folder / PLAN)
    head = {"format": FORMAT, "unpool": __version__, "work": str(work.resolve())}
    content = head | asdict(manifest) | {"file": None}
    write_whole(manifest.file, lambda part: _write_through(part, json.dumps(content, indent=1)))
    return manifest


def read_manifest(file: Path) -> Manifest:
    """Read what a clean-up was about to do.

    Args:
        file: The manifest, or its folder.

    Raises:
        UnpoolError: It is none, or damaged.
    """
    file = file / MANIFEST if file.is_dir() else file
    try:
        content: dict[str, Any] = json.loads(file.read_text("utf-8"))
        if content["format"] != FORMAT:
            raise UnpoolError(f"{file} was written by unpool {content['unpool']}; undo it with that version")
        moves = [
            Move(PlannedFile(**each["what"]), each["target"], each["stays"] and PlannedFile(**each["stays"]))
            for each in content["moves"]
        ]
        return Manifest(file, content["problem"], content["keep"], content["to"], moves, content["state"])
    except OSError as error:
        raise UnpoolError(
            f"{file} cannot be read ({error.strerror}); give the manifest of a clean-up"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise UnpoolError(
            f"{file} is no manifest of a clean-up; give the one that `unpool clean` named"
        ) from error


def find_manifests(work: Path) -> list[Manifest]:
    """List the clean-ups of a workspace, the oldest first.

    Those that cannot be read are left out.
    """
    found = []
    for file in sorted((work / CLEANED).glob(f"*/{MANIFEST}")):
        try:
            found.append(read_manifest(file))
        except UnpoolError:
            continue
    return found


def _moves(plan: Plan, to: str) -> list[Move]:
    used: set[str] = set()
    return [
        Move(
            file,
            None if to == TRASH else str(_free_target(Path(to).resolve() / file.below, used)),
            stack.stays,
        )
        for stack in plan.stacks
        for file in stack.goes
    ]


def _free_target(target: Path, used: set[str]) -> Path:
    """A name that no file has, on disks too that ignore capitals."""
    number, free = 1, target
    while folded(str(free)) in used or os.path.lexists(free):
        number += 1
        free = target.with_name(f"{target.stem}~{number}{target.suffix}")
    used.add(folded(str(free)))
    return free


def _new_folder(above: Path) -> Path:
    name, number = datetime.now().strftime("%Y-%m-%dT%H%M%S"), 1
    while True:
        folder = above / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            number += 1
        else:
            return folder


def _write_through(file: Path, text: str) -> None:
    with file.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
