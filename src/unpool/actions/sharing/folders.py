"""Class folders.

The images in one folder per label or group, under names that every system takes.
"""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path, PurePosixPath
from types import MappingProxyType

import pandas as pd

from unpool.core.atomic_files import whole_folder
from unpool.core.file_names import folded, printable, shorten
from unpool.core.markers import COPIES, mark_copies
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.remote.copied_source import CopiedSource
from unpool.images.remote.fetching import InPlace
from unpool.images.source import Source
from unpool.store.columns import OK
from unpool.store.origin import source_of
from unpool.store.table import ImageTable
from unpool.store.thumbnails import Thumbnails

WriteImage = Callable[[int, str, Path], bool]  # row, path, target → whether there was an original
NUM_NAMED = 3  # images named in a message
MAX_NAME_BYTES = 200  # common systems take 255
UNGROUPED, WITHHELD = "ungrouped", "abstained"  # folders of images without a name
FORBIDDEN = frozenset('/\\:*?"<>|\x7f')
WINDOWS_DEVICES = {
    "con",
    "prn",
    "aux",
    "nul",
    "conin$",
    "conout$",
    *(f"{name}{digit}" for name in ("com", "lpt") for digit in "0123456789\u00b9\u00b2\u00b3"),
}


def write_folders(
    table: ImageTable,
    out: Path,
    paths: Collection[str] | None,
    *,
    link: bool,
    progress: Progress,
    class_of: Mapping[str, str | None] | None = None,
    beside: Mapping[str, Callable[[Path], object]] = MappingProxyType({}),
) -> int:
    """Copy or link images into one folder per label.

    Images without a label go by group.

    Images of named sets have no files: their thumbnails are written. Everything is written or nothing.

    Args:
        table: The table of the workspace.
        out: A new or empty folder.
        paths: Some images only; None for all.
        link: Make symbolic links instead of copies.
        progress: Where progress is shown.
        class_of: Names by path in place of labels and groups; images without one go to the folder `abstained`,
            which is no class's.
        beside: What writes a file beside the folders, by its name.

    Returns:
        The number of images written, without those whose original cannot be read now.

    Raises:
        UnpoolError: `out` is not new or empty, no original is there, or the system makes no links.
    """
    source = source_of(table.work)
    check_output(source, out, link)
    frame = table.frame(["path", "group", "label"], where=f"status = '{OK}'")
    if paths is not None:
        frame = frame[frame["path"].isin(set(paths))]
    if class_of is not None:
        frame = frame.assign(label=frame["path"].map(dict(class_of)), group=None)
    targets = _targets(frame, UNGROUPED if class_of is None else WITHHELD, list(beside))
    with whole_folder(out) as new:
        for class_folder in {target.parent for target in targets.values()}:
            (new / class_folder).mkdir()
            mark_copies(new / class_folder)
        absent = write_images(table.work, source, targets, new, out, link=link, progress=progress)
        for name, write in beside.items():
            write(new / name)
    report_copies(targets, absent, progress)
    return len(targets) - len(absent)


def write_images(
    work: Path,
    source: Source,
    targets: Mapping[str, PurePosixPath],
    new: Path,
    out: Path,
    *,
    link: bool,
    progress: Progress,
) -> list[str]:
    """Copy or link images into a new folder.

    Args:
        work: The workspace.
        source: Its images.
        targets: Where each image goes in the folder, by its path.
        new: The folder while it is written.
        out: The folder that it becomes, for errors.
        link: Make symbolic links.
        progress: Where progress is shown.

    Returns:
        The images whose original cannot be read now.

    Raises:
        UnpoolError: No original is there, or the system makes no links.
    """
    absent: list[str] = []
    with progress.stage("linking" if link else "copying", len(targets), "images") as stage:
        write_image = _image_writer(work, source, list(targets), out, link)
        for row, (path, target) in enumerate(targets.items()):
            (new / target).parent.mkdir(parents=True, exist_ok=True)
            if not write_image(row, path, new / target):
                absent.append(path)
                _remove_if_empty((new / target).parent)
            stage.advance()
    if targets and len(absent) == len(targets):
        raise UnpoolError(
            f"no image of {source.location} can be read now, {printable(absent[0])} for one; if the folder has "
            f"moved, give `unpool embed FOLDER --work {work}`"
        )
    return absent


def _remove_if_empty(class_folder: Path) -> None:
    if [path.name for path in class_folder.iterdir()] in ([], [COPIES]):
        shutil.rmtree(class_folder)


def report_copies(targets: Mapping[str, PurePosixPath], absent: Sequence[str], progress: Progress) -> None:
    """Report other names, and originals that are gone.

    Args:
        targets: Where each image went, by its path.
        absent: The images that were left out.
        progress: Where messages go.
    """
    renamed = [path for path, target in targets.items() if PurePosixPath(path).name != target.name]
    for paths, what in (
        (renamed, "written under another name"),
        (absent, "left out, since the original is not there"),
    ):
        if paths:
            some = ", ".join(printable(path) for path in paths[:NUM_NAMED])
            progress.message(f"{len(paths):,} {what}: {some}{' …' if len(paths) > NUM_NAMED else ''}")


def check_output(source: Source, out: Path, link: bool) -> None:
    """Check that a folder of images can be written.

    Args:
        source: The images.
        out: The folder.
        link: Whether it is to hold links.

    Raises:
        UnpoolError: It is not new or empty, or the source has no files that links could lead to.
    """
    if link and not isinstance(source, InPlace):
        raise UnpoolError(f"{source.location} has no files that could be linked; leave out --link")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UnpoolError(f"{out} is there already; name a new or empty folder with --out")


def _targets(frame: pd.DataFrame, rest: str, taken: Sequence[str]) -> dict[str, PurePosixPath]:
    """Where each image goes, by its path; those without a name to the folder `rest`."""
    folders = UniqueNames()
    # What is withheld is in the folder of that name, whatever the classes are called.
    for name in (*taken, *([rest] if rest == WITHHELD else [])):
        folders.claim(name)
    inside: defaultdict[str, UniqueNames] = defaultdict(UniqueNames)
    folder_of = {(False, WITHHELD): WITHHELD}
    targets = {}
    for path, group, label in zip(frame["path"], frame["group"], frame["label"], strict=True):
        class_name = _class_name(group, label, rest)
        key = (class_name == label, class_name)
        if key not in folder_of:
            folder_of[key] = folders.claim(class_name)
        folder = folder_of[key]
        targets[path] = PurePosixPath(
            folder, inside[folder].claim(PurePosixPath(path).name, path.replace("/", "__"))
        )
    return targets


def _class_name(group: int | None, label: str | None, rest: str) -> str:
    if isinstance(label, str) and label:
        return label
    if group is None or pd.isna(group):
        return rest
    return "noise" if group < 0 else f"group-{int(group):03}"


def _image_writer(work: Path, source: Source, paths: list[str], out: Path, link: bool) -> WriteImage:
    """Return a function that writes the image of a row to a target."""
    if isinstance(source, CopiedSource):
        return lambda row, path, target: _copy_out(source, path, target)
    if not isinstance(source, InPlace):
        thumbnails = Thumbnails(work, paths)
        return lambda row, path, target: bool(
            target.with_suffix(".webp").write_bytes(thumbnails.take([row])[0] or b"") + 1
        )

    def write_image(row: int, path: str, target: Path) -> bool:
        original = source.locate(path).file.absolute()
        if not original.is_file() or not os.access(original, os.R_OK):
            return False
        if not link:
            shutil.copy2(original, target)
            return True
        try:
            target.symlink_to(original)
        except OSError as error:
            raise UnpoolError(
                f"{out}: this system makes no links there ({error.strerror}); leave out --link to copy the images"
            ) from error
        return True

    return write_image


def _copy_out(source: CopiedSource, path: str, target: Path) -> bool:
    """Copy an image from its store or archive; False where it is gone."""
    try:
        with source.fetch(source.locate(path)) as copy:
            shutil.copy2(copy, target)
    except UnreadableImageError:
        return False
    return True


def safe_name(text: str) -> str:
    """Turn a text into a portable file name.

    Separators and control characters become underscores; names of Windows devices get one; long names are cut.

    >>> safe_name("../../x"), safe_name("con"), safe_name("nul.png"), safe_name(""), safe_name("schöne Schuhe")
    ('_.._x', 'con_', 'nul_.png', '_', 'schöne Schuhe')
    """
    kept = "".join("_" if sign in FORBIDDEN or ord(sign) < 32 else sign for sign in text)
    kept = shorten(kept.encode("utf-8", "replace").decode("utf-8").strip(". "), MAX_NAME_BYTES)
    stem, dot, rest = kept.partition(".")
    return f"{stem.rstrip()}_{dot}{rest}" if stem.rstrip().lower() in WINDOWS_DEVICES else kept or "_"


class UniqueNames:
    """Names of one folder.

    All different, even where capitals make no difference.
    """

    def __init__(self) -> None:
        self._used: set[str] = set()

    def claim(self, *candidates: str) -> str:
        """Use the first free candidate, or number the last.

        >>> names = UniqueNames()
        >>> names.claim("a.png"), names.claim("A.png", "b__A.png"), names.claim("a.png")
        ('a.png', 'b__A.png', 'a-2.png')
        """
        last = PurePosixPath(safe_name(candidates[-1]))
        numbered = (f"{last.stem}-{number}{last.suffix}" for number in range(2, len(self._used) + 3))
        for name in (*map(safe_name, candidates), *numbered):
            if folded(name) not in self._used:
                self._used.add(folded(name))
                return name
        raise AssertionError("one of n + 1 names is not among n")
