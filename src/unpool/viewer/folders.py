"""The folders that the page may start runs on.

Those under one root.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from unpool.core.file_names import is_text
from unpool.core.system_files import system_folder
from unpool.errors import UnpoolError
from unpool.images.reading.formats import has_image_name
from unpool.store.state import default_workspace, read_state
from unpool.viewer.messages.answers import Place

MAX_FOLDERS = 1000


class RunFolders:
    """Folders under `root`, named from there with slashes."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def resolve(self, name: str) -> Path:
        """The folder of that name.

        Raises `UnpoolError` where it leads out of the root, by a link too.
        """
        relative_path = PurePosixPath(name.replace("\\", "/"))
        if "\0" in name or relative_path.is_absolute() or ".." in relative_path.parts or ":" in name:
            raise UnpoolError(f"{name[:200]!r} is no folder under {self.root}; choose one there")
        folder = (self.root / relative_path).resolve()
        if not folder.is_relative_to(self.root):
            raise UnpoolError(f"{name[:200]!r} leads out of {self.root}; choose a folder in it")
        return folder

    def list(self, name: str) -> Place:
        """List the folders in one, and count its images.

        Raises `UnpoolError` where it cannot be listed.
        """
        folder = self.resolve(name)
        if not folder.is_dir():
            raise UnpoolError(f"there is no folder {name[:200]!r} under {self.root}")
        folders, images = [], 0
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith(".") or system_folder(entry.name) or not is_text(entry.name):
                        continue
                    if entry.is_dir():
                        folders.append(entry.name)
                    elif has_image_name(entry.name):
                        images += 1
        except OSError as error:
            raise UnpoolError(f"{name[:200]!r} cannot be listed: {error.strerror}") from error
        relative = folder.relative_to(self.root).as_posix()
        return {
            "root": str(self.root), "folder": "" if relative == "." else relative,
            "folders": sorted(folders, key=str.casefold)[:MAX_FOLDERS], "images": images,
        }  # fmt: skip

    def workspace_of(self, folder: Path) -> Path:
        """Where a run on that folder writes.

        NAME.unpool in the root; where another folder of that name has taken it, the folders above join the name.
        """
        work = self.root / default_workspace(folder.name)
        taken_by = Path(str(read_state(work).get("images") or ""))
        if taken_by.is_dir() and taken_by.is_absolute() and not taken_by.samefile(folder):
            return self.root / default_workspace("-".join(folder.relative_to(self.root).parts) or folder.name)
        return work
