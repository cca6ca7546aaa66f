"""Find images on an object store, as in a folder.

Their names and first bytes decide, as `images/reading/scan.py` has it; nothing is decoded.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Protocol

from unpool.core.file_identity import tag_stamp
from unpool.core.file_names import to_key, unique_keys
from unpool.core.markers import (
    MARKER,
    PREDICTIONS,
    TRAINING,
    WORKSPACE_ENDING,
    WORKSPACE_TABLE,
    is_unpool_folder,
    predicted_files,
)
from unpool.core.objects.client import NUM_REQUESTS, ObjectDeniedError, ObjectFacts, Objects
from unpool.core.system_files import sidecar_of, system_folder
from unpool.errors import UnpoolError
from unpool.images.reading.formats import HEAD, has_archive_name, has_image_name, sniff
from unpool.images.reading.notes import LeftOut, Note
from unpool.images.reading.scan import ImageFile, Problem, Scan, shows_use


class Readable(Protocol):
    """Reads what a listing names."""

    def read(self, name: str) -> bytes:
        """Read all of it; `FileNotFoundError` where it is missing."""

    def read_start(self, name: str, num_bytes: int) -> bytes:
        """Read its first bytes."""


def scan_objects(objects: Objects, progress: Callable[[int], None] | None = None) -> Scan:
    """List the images below an address, undecoded.

    Args:
        objects: What lies there.
        progress: Called now and then with the number of objects listed so far.

    Returns:
        The images and what cannot be used. `file` of an image is its path below the address, for the store alone.

    Raises:
        UnpoolError: Nothing lies there, it is a workspace, or the store gives no answer.
    """
    found: list[ObjectFacts] = []
    for facts in objects.list_all():
        if facts.name:
            found.append(facts)
        if progress is not None and len(found) % 1000 == 0:
            progress(len(found))
    if not found:
        raise UnpoolError(f"there is no folder '{objects.address.uri}'; check the address")
    scan = sort_listing(objects, found, objects.address.uri)
    if progress is not None:
        progress(len(scan.files))
    return scan


def sort_listing(objects: Readable, found: Sequence[ObjectFacts], place: str) -> Scan:
    """Sort what was listed into images and problems.

    Args:
        objects: Reads the first bytes of what has no image's name.
        found: All that was listed.
        place: Where it lies, for messages.

    Returns:
        What a scan of a folder with these files returns.

    Raises:
        UnpoolError: It is a workspace.
    """
    listing = _Listing(objects, found)
    if WORKSPACE_TABLE in listing.names[""]:
        raise UnpoolError(f"'{place}' is a workspace of unpool; give the address that holds the images")
    return listing.scan()


@dataclass
class _Listing:
    """The objects of one address by folder, and what is found among them.

    `names` has what lies in each folder, "" being the address itself; `entered` are the folders that were looked into,
    `closed` those that are not read.
    """

    objects: Readable
    found: Sequence[ObjectFacts]
    names: Mapping[str, set[str]] = field(init=False)
    entered: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    predictions: set[str] = field(default_factory=set)
    left_out: dict[str, LeftOut] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names: defaultdict[str, set[str]] = defaultdict(set)
        for each in self.found:
            path = each.name
            while path:
                path, _, name = path.rpartition("/")
                names[path].add(name)
        self.names = names

    def scan(self) -> Scan:
        """Sort the objects into images, problems, and what is left out."""
        for folder in sorted(self.names):
            self._open_folder(folder)
        files: list[ImageFile] = []
        problems: list[Problem] = []
        unnamed: list[ObjectFacts] = []
        for each in self.found:
            folder, _, name = each.name.rpartition("/")
            if folder in self.closed or each.name in self.predictions:
                continue
            if name.startswith("."):
                if has_image_name(name):
                    self._leave(each.name, "hidden")
            elif has_archive_name(name):
                self._leave(each.name, "archive")
            elif not has_image_name(name):
                unnamed += [each] if each.bytes else []
            elif each.bytes == 0:
                problems.append(Problem(each.name, "empty", "the file is empty"))
            else:
                files.append(_as_file(each))
        files += [_as_file(each) for each in self._images_among(unnamed)]
        folders = {to_key(folder) for folder in self.entered if any(map(shows_use, self.names[folder]))}
        return self._result(files, problems, frozenset(folders))

    def _open_folder(self, folder: str) -> None:
        """Close a folder that is not read; one inside it is closed with it."""
        above, _, name = folder.rpartition("/")
        if above and above in self.closed:
            self.closed.add(folder)
        elif folder and (content := system_folder(name, PurePosixPath(above).name)):
            self._close(folder, "system", content)
        elif name.endswith(WORKSPACE_ENDING):
            self._close(folder, "own", "a workspace")
        elif name.startswith("."):
            self.closed.add(folder)
        else:
            self.entered.add(folder)
            if folder and self._is_own(folder):
                is_workspace = WORKSPACE_TABLE in self.names[folder]
                self._close(folder, "own", "a workspace" if is_workspace else "a model")
            else:
                self._note_predictions(folder)

    def _is_own(self, folder: str) -> bool:
        scratch = self.names.get(f"{folder}/{TRAINING}", set())
        return MARKER in scratch or is_unpool_folder(folder, self.names[folder])

    def _note_predictions(self, folder: str) -> None:
        """Note what `segment predict` wrote here, as a scan of a folder does."""
        names = self.names.get(folder, set())
        if PREDICTIONS not in names:
            return
        with tempfile.TemporaryDirectory(prefix="unpool-") as place:
            Path(place, PREDICTIONS).write_bytes(self.objects.read(_join(folder, PREDICTIONS)))
            found = predicted_files(place)
        if not folder and not any(has_image_name(name) for name in names - found):
            return
        self.predictions.update(_join(folder, name) for name in found)
        self._leave(folder or ".", "own", f"{len(found)} files of unpool segment or inspect predict")

    def _images_among(self, unnamed: Sequence[ObjectFacts]) -> Iterator[ObjectFacts]:
        """Objects with an image's content, and without its name."""

        def has_content(each: ObjectFacts) -> bool:
            try:
                return sniff(self.objects.read_start(each.name, min(HEAD, each.bytes))) is not None
            except (ObjectDeniedError, FileNotFoundError):  # named like no image, and not to be read
                return False

        with ThreadPoolExecutor(NUM_REQUESTS) as pool:
            for each, is_image in zip(unnamed, pool.map(has_content, unnamed), strict=True):
                folder, _, name = each.name.rpartition("/")
                if is_image and (owner := sidecar_of(name, self.names[folder])):
                    self._leave(each.name, "sidecar", owner)
                elif is_image:
                    yield each

    def _close(self, folder: str, kind: str, detail: str) -> None:
        self.closed.add(folder)
        self._leave(folder, kind, detail)

    def _leave(self, name: str, kind: str, detail: str = "") -> None:
        path = to_key(name)
        self.left_out.setdefault(path, LeftOut(path, Note(kind, detail)))

    def _result(self, files: list[ImageFile], problems: list[Problem], folders: frozenset[str]) -> Scan:
        keys = unique_keys([*(file.path for file in files), *(problem.path for problem in problems)])
        return Scan(
            sorted((replace(file, path=keys.get(file.path, file.path)) for file in files), key=_path),
            sorted((replace(each, path=keys.get(each.path, each.path)) for each in problems), key=_path),
            sorted(self.left_out.values(), key=_path),
            folders,
        )


def _path(each: ImageFile | Problem | LeftOut) -> str:
    return each.path


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _as_file(each: ObjectFacts) -> ImageFile:
    return ImageFile(each.name, Path(each.name), each.bytes, each.modified, tag_stamp(each.tag))
