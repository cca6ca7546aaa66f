"""The images filed into a folder a label, or a group: names that every system takes, each given once."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from unpool.core.atomic_files import whole_folder
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.images.source import FolderSource, Source
from unpool.store.columns import OK
from unpool.store.origin import source_of
from unpool.store.table import ImageTable, Thumbnails

Placer = Callable[[int, str, Path], object]
LONGEST = 200  # bytes of a name; common systems take 255
FORBIDDEN = frozenset('/\\:*?"<>|\x7f')
DEVICES = {"con", "prn", "aux", "nul", *(f"{name}{digit}" for name in ("com", "lpt") for digit in range(10))}


def write_folders(
    table: ImageTable, out: Path, chosen: set[str] | None, *, link: bool, progress: Progress
) -> int:
    """Copies of the images in a folder for each label, or group where an image has no label, or links to them.

    Images of named sets have no files: their thumbnails are written. All is written or nothing. Raises
    `UnpoolError` where `out` is not new or empty, an original is gone, or the system makes no links.
    """
    source = source_of(table.work)
    _refuse(source, out, link)
    frame = table.frame(["path", "group", "label"], where=f"status = '{OK}'")
    if chosen is not None:
        frame = frame[frame["path"].isin(chosen)]
    targets = _targets(frame)
    with (
        progress.stage("linking" if link else "copying", len(targets), "images") as stage,
        whole_folder(out) as new,
    ):
        place = _placer(table.work, source, list(targets), out, link)
        for row, (path, target) in enumerate(targets.items()):
            (new / target).parent.mkdir(exist_ok=True)
            place(row, path, new / target)
            stage.advance()
    return len(targets)


def _refuse(source: Source, out: Path, link: bool) -> None:
    if link and not isinstance(source, FolderSource):
        raise UnpoolError(f"{source.location} has no files that could be linked; leave out --link")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UnpoolError(f"{out} is there already; name a new or empty folder with --out")


def _targets(frame: pd.DataFrame) -> dict[str, PurePosixPath]:
    """Where each image goes, by its path."""
    folders = Names()
    inside: defaultdict[str, Names] = defaultdict(Names)
    folder_of: dict[tuple[bool, str], str] = {}
    targets = {}
    for path, group, label in zip(frame["path"], frame["group"], frame["label"], strict=True):
        wish = _class_name(group, label)
        key = (wish == label, wish)
        if key not in folder_of:
            folder_of[key] = folders.give(wish)
        folder = folder_of[key]
        targets[path] = PurePosixPath(
            folder, inside[folder].give(PurePosixPath(path).name, path.replace("/", "__"))
        )
    return targets


def _class_name(group: Any, label: Any) -> str:
    if isinstance(label, str) and label:
        return label
    if pd.isna(group):
        return "ungrouped"
    return "noise" if group < 0 else f"group-{int(group):03}"


def _placer(work: Path, source: Source, paths: list[str], out: Path, link: bool) -> Placer:
    """A function that puts the image of a row where it is told to."""
    if not isinstance(source, FolderSource):
        thumbnails = Thumbnails(work, paths)
        return lambda row, path, target: target.with_suffix(".webp").write_bytes(
            thumbnails.take([row])[0] or b""
        )
    originals = source.folder.resolve()

    def place(row: int, path: str, target: Path) -> None:
        if not (originals / path).is_file():
            raise UnpoolError(f"{originals / path} is no longer there; run `unpool run` on its folder again")
        if not link:
            shutil.copy2(originals / path, target)
            return
        try:
            target.symlink_to(originals / path)
        except OSError as error:
            raise UnpoolError(
                f"{out}: this system makes no links there ({error.strerror}); leave out --link to copy the images"
            ) from error

    return place


def safe_name(text: str) -> str:
    """The text as a file name: no separators, no control characters, no device of Windows, not too long.

    >>> safe_name("../../x"), safe_name("con"), safe_name(""), safe_name("schöne Schuhe")
    ('_.._x', 'con_', '_', 'schöne Schuhe')
    """
    kept = "".join("_" if sign in FORBIDDEN or ord(sign) < 32 else sign for sign in text)
    end = suffix if len(suffix := PurePosixPath(kept).suffix.encode("utf-8", "replace")) < 16 else b""
    start = kept.encode("utf-8", "replace")[: -len(end) or None][: LONGEST - len(end)]
    kept = (start.decode("utf-8", "ignore") + end.decode()).strip(". ")
    return f"{kept}_" if kept.split(".")[0].rstrip().lower() in DEVICES else kept or "_"


class Names:
    """Names of one folder: no two alike, not even where capitals make no difference."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def give(self, *wishes: str) -> str:
        """The first wish that is free, or the last with a number.

        >>> names = Names()
        >>> names.give("a.png"), names.give("A.png", "b__A.png"), names.give("a.png")
        ('a.png', 'b__A.png', 'a-2.png')
        """
        last = PurePosixPath(safe_name(wishes[-1]))
        numbered = (f"{last.stem}-{number}{last.suffix}" for number in range(2, len(self._taken) + 3))
        for name in (*map(safe_name, wishes), *numbered):
            if name.casefold() not in self._taken:
                self._taken.add(name.casefold())
                return name
        raise AssertionError("one of n + 1 names is not among n")
