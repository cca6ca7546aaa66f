"""Where the images of a workspace are."""

from __future__ import annotations

import math
import os
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unpool.core.file_identity import content_digest, sample_of
from unpool.core.file_names import find_file, to_key
from unpool.core.objects.address import is_address
from unpool.errors import UnpoolError, UsageError
from unpool.images.datasets import is_named_set
from unpool.images.remote.fetching import InPlace
from unpool.images.source import Source, open_source
from unpool.images.values.rules import VALUES, ValueRules
from unpool.store.columns import OK
from unpool.store.spaces.paths import outer_workspace
from unpool.store.state import read_state
from unpool.store.table import ImageTable

NUM_COMPARED = 64  # files of the table that are looked for in a folder
MIN_SHARE = 0.9  # of them that must be there, the same to the byte, in a folder that has moved
MIN_SHARE_GONE = 0.5  # where the folder that was known is gone: some may have been deleted, others changed


@dataclass(frozen=True)
class Likeness:
    """How many of some known files a folder holds."""

    same: int
    compared: int

    @property
    def is_same(self) -> bool:
        """Whether the folder holds the images of the table."""
        return self.holds(MIN_SHARE)

    def holds(self, share: float) -> bool:
        """Whether the folder holds this share of them."""
        return self.compared > 0 and self.same >= math.ceil(share * self.compared)


def source_of(work: Path) -> Source:
    """Open the images that the workspace shows.

    Raises `UnpoolError` where it is unknown.
    """
    state = read_state(work)
    location = known_location(work)
    if location is None:
        raise UnpoolError(
            f"{work} does not know where its images are; give `unpool embed FOLDER --work {work}`"
        )
    source = open_source(location, Path(state["data"]) if state.get("data") else None)
    source.rules = rules_of(work)
    return source


def rules_of(work: Path) -> ValueRules:
    """Read the rules by which a workspace scales deep values."""
    return ValueRules.from_dict(read_state(work).get(VALUES))


def folder_of(work: Path) -> Path | None:
    """The folder of the images, unopened.

    None for a named set, and for images inside an archive.
    """
    location = Path(known_location(work) or "")
    return location if location.is_absolute() and not read_state(work).get("inside") else None


def known_location(work: Path) -> str | None:
    """Find the images of a workspace.

    That is where they were, or where they lie beside the workspace after both have moved, or the name that was typed:
    the first place that holds any of some known files.

    Returns:
        An absolute folder or the name of a set; what was recorded where the images are nowhere; None for nothing.
    """
    state = read_state(work)
    location = str(state.get("images") or "")
    if is_address(location) or (is_named_set(location) and not Path(location).is_dir()):
        return location
    places = [Path(place).resolve() for place in _places(work, state) if place and is_place(Path(place))]
    if len(places) > 1 and len(set(places)) > 1:
        known = _some_rows(work, ("path",))
        holding = [place for place in places if any(_is_there(place, row["path"]) for row in known)]
        places = holding or (places if not known else [])
    if places:
        return str(places[0])
    return location or state.get("place") or None


def _places(work: Path, state: dict[str, Any]) -> list[str]:
    location, beside = str(state.get("images") or ""), str(state.get("beside") or "")
    return [location, str(outer_workspace(work) / beside) if beside else "", str(state.get("place") or "")]


def is_place(place: Path) -> bool:
    """Whether a folder or archive is there.

    So is a folder inside an archive.
    """
    return place.exists() or any(above.is_file() for above in place.parents)


def _is_there(place: Path, path: str) -> bool:
    return not place.is_dir() or find_file(place, path) is not None


def beside_workspace(work: Path, location: str) -> str | None:
    """Say where images lie, seen from the workspace.

    So both can move together. None for a named set.
    """
    if not Path(location).is_absolute():
        return None
    try:
        return Path(os.path.relpath(location, outer_workspace(work).resolve())).as_posix()
    except ValueError:  # another drive
        return None


def compare_folder(work: Path, folder: Path) -> Likeness:
    """Look for some files of the table in a folder.

    They are compared by relative path, size and a sample of their bytes.

    Args:
        work: The workspace.
        folder: Where its images might be now.
    """
    rows = _some_rows(work, ("path", "bytes", "id", "sample", "stamp"))
    source = open_source(str(folder))
    return Likeness(sum(_is_same(source, row) for row in rows), len(rows))


def _is_same(source: Source, row: dict[str, Any]) -> bool:
    found = source.locate(row["path"])
    if not isinstance(source, InPlace):
        return (found.bytes, found.stamp) == (row["bytes"], row["stamp"])
    try:
        if found.file.stat().st_size != row["bytes"]:
            return False
    except OSError:
        return False
    known, digest = (sample_of, row["sample"]) if row["sample"] else (content_digest, row["id"])
    return known(found.file) == str(digest)


def _some_rows(work: Path, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Rows of usable images at even distances; none where there is no table yet."""
    try:
        table = ImageTable(work)
    except UnpoolError:
        return []
    rows = table.arrow(columns, where=f"status = '{OK}'")
    step = max(1, math.ceil(rows.num_rows / NUM_COMPARED))
    found: list[dict[str, Any]] = rows.take(list(range(0, rows.num_rows, step))).to_pylist()
    return found


def check_same_images(work: Path, location: str, *, relocate: bool = False) -> str:
    """Check that a workspace may go on with these images.

    A folder that holds the known files under the same relative paths is the one that was known.

    Args:
        work: The workspace.
        location: The folder or named set that is given now.
        relocate: Whether the user says so.

    Returns:
        Where the images were, for a message; empty where nothing has moved.

    Raises:
        UnpoolError: The workspace holds other images.
    """
    before = read_state(work).get("images")
    if before in (None, location) or _is_same_folder(str(before), location):
        return ""
    is_folder = Path(location).is_absolute() and Path(str(before)).is_absolute()
    may_move = all(is_address(place) or Path(place).is_absolute() for place in (location, str(before)))
    likeness = compare_folder(work, Path(location)) if is_folder else Likeness(0, 0)
    is_gone = is_folder and not Path(str(before)).exists()
    if likeness.is_same or (is_gone and likeness.holds(MIN_SHARE_GONE)) or (relocate and may_move):
        compared = f" ({likeness.same} of {likeness.compared} files that were compared are the same)"
        return f"{before}{compared if is_folder else ''}"
    found = (
        f" ({likeness.same} of {likeness.compared} files that were compared are there)" if is_folder else ""
    )
    remedy = "; if they have moved, give --relocate" if may_move else ""
    raise UnpoolError(
        f"{work} holds the images of {before}, not of {location}; name another with --work{remedy}{found}"
    )


def _is_same_folder(before: str, now: str) -> bool:
    """Whether two paths lead to one folder, as by another spelling on a disk that ignores capitals."""
    try:
        return Path(before).is_absolute() and Path(before).samefile(now)
    except OSError:
        return False


def keys_of_typed(work: Path, typed: Sequence[str], known: Container[str] | None = None) -> list[str]:
    """Turn typed paths into paths of the table.

    A path of the table is taken as it is; any other is a file, as a shell completes it: absolute or seen from the
    current folder.

    Args:
        work: The workspace.
        typed: What was typed.
        known: The paths of the table; None reads them.

    Returns:
        Paths of the table; what is none stays as it is.

    Raises:
        UsageError: One is the path of an image in the table, and a file here that is another image.
    """
    if known is None:
        known = set(ImageTable(work).arrow(["path"])["path"].to_pylist())
    folder = folder_of(work)
    return [_key_of_typed(each, known, folder) for each in typed]


def _key_of_typed(typed: str, known: Container[str], folder: Path | None) -> str:
    plain = os.path.normpath(typed) if typed else typed
    key = next((each for each in (typed, to_key(typed), to_key(plain)) if each in known), None)
    here = _key_of_file(typed, folder) if folder else None
    here = here if here in known else None
    if key is None or here is None or key == here:
        return key or here or typed
    if Path(typed).is_absolute() or typed.startswith(("./", "../", f".{os.sep}", f"..{os.sep}")):
        return here
    raise UsageError(
        f"{typed!r} is the path of an image in the workspace, and in this folder it is the file of another, {here!r}; "
        f"give {str(folder and folder / key)!r} or './{typed}'"
    )


def _key_of_file(typed: str, folder: Path) -> str | None:
    """The path below the folder of the images of a file, whatever links lead to it; None for one elsewhere."""
    whole = Path(os.path.normpath(Path.cwd() / typed))
    real = Path(os.path.realpath(whole.parent)) / whole.name
    for file, root in ((whole, folder), (real, Path(os.path.realpath(folder)))):
        if file.is_relative_to(root):
            return to_key(file.relative_to(root).as_posix())
    return None
