"""The system's trash.

Files go there by send2trash, and are found again by their content.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from unpool.core.file_identity import content_digest

INFO_ENDING = ".trashinfo"


def send_to_trash(file: Path) -> None:
    """Move a file to the trash.

    Raises `OSError` where there is none for it.
    """
    from send2trash import send2trash

    send2trash(str(file))
    if os.path.lexists(file):
        raise OSError(f"{file} is still there")


class TrashedFiles:
    """The files in the trash.

    Args:
        files: Where files were, whose disks are searched.
    """

    def __init__(self, files: list[Path]) -> None:
        self._files = files
        self._digests: dict[Path, str | None] = {}

    def find(self, num_bytes: int, digest: str, modified_ns: int, name: str) -> Path | None:
        """Find a file by its content.

        Args:
            num_bytes: Its size.
            digest: Of its content.
            modified_ns: Its time; of several equal ones that of this time is taken.
            name: Its name, which comes next.

        Returns:
            Where it lies; None where it is in no trash any more.
        """
        same = [path for path in self._by_size.get(num_bytes, []) if self._digest(path) == digest]
        same = [path for path in same if path.exists()]
        stem = Path(name).stem

        def rank(path: Path) -> tuple[bool, bool, str]:
            return path.stat().st_mtime_ns != modified_ns, not path.name.startswith(stem), path.name

        return min(same, key=rank, default=None)

    def forget(self, path: Path) -> None:
        """Remove the note of a file that was taken out."""
        if path.parent.name == "files":
            (path.parent.parent / "info" / f"{path.name}{INFO_ENDING}").unlink(missing_ok=True)

    def _digest(self, path: Path) -> str | None:
        if path not in self._digests:
            self._digests[path] = content_digest(path)
        return self._digests[path]

    @cached_property
    def _by_size(self) -> dict[int, list[Path]]:
        found: dict[int, list[Path]] = {}
        for folder in dict.fromkeys(self._folders()):
            try:
                with os.scandir(folder) as entries:
                    for entry in entries:
                        if entry.is_file(follow_symlinks=False):
                            found.setdefault(entry.stat().st_size, []).append(Path(entry.path))
            except OSError:
                continue
        return found

    def _folders(self) -> Iterator[Path]:
        """The folders that hold trashed files, on the disks of these files and of the user."""
        tops = {top for file in self._files for top in _tops_of(file)}
        if sys.platform == "darwin":
            yield Path("~/.Trash").expanduser()
            yield from (top / ".Trashes" / str(os.getuid()) for top in tops)
        elif sys.platform == "win32":
            for top in tops:
                yield from (top / "$Recycle.Bin").glob("*")
        else:
            from send2trash.plat_other import HOMETRASH

            yield Path(HOMETRASH) / "files"
            yield from (top / f".Trash-{os.getuid()}" / "files" for top in tops)
            yield from (top / ".Trash" / str(os.getuid()) / "files" for top in tops)


def _tops_of(file: Path) -> Iterator[Path]:
    """The mount points above a file."""
    for folder in Path(os.path.realpath(file)).parents:
        if os.path.ismount(folder):
            yield folder
