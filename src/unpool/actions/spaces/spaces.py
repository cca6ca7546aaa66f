"""`unpool spaces`: list spaces, and remove one."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from typing_extensions import TypedDict

from unpool.actions.history.recording import recover
from unpool.core.atomic_files import PARTIAL
from unpool.errors import UnpoolError, UsageError
from unpool.store.journal import Step, done_steps, forget_undone, prune, read_entry
from unpool.store.lock import exclusive
from unpool.store.remote.mirror import name_of, remote_of
from unpool.store.spaces.paths import SPACES, known_space, outer_workspace, space_folder, spaces_of
from unpool.store.spaces.sizes import clean_up, count_bytes, drop_space, measure_space
from unpool.store.state import MODEL
from unpool.store.table import ImageTable
from unpool.training.model_file import describe_model, has_model


class ListedSpace(TypedDict):
    """A set of vectors.

    `name` is None for the workspace's own.
    """

    name: str | None
    network: str | None
    dimension: int | None
    images: int
    missing: int
    bytes: int


def list_spaces(work: Path) -> dict[str, Any]:
    """List the sets of vectors of a workspace.

    Its own come first.

    Args:
        work: the workspace.

    Returns:
        The JSON object of `unpool spaces`: work, and spaces with name, network, dimension, images (that have a vector),
        missing (that have none) and bytes (of vectors, what came of them, model and files).

    Raises:
        UnpoolError: there is no workspace.
    """
    outer = outer_workspace(work)
    ImageTable(outer)
    return {"work": name_of(outer), "spaces": [_describe(outer, name) for name in (None, *spaces_of(outer))]}


def _describe(outer: Path, name: str | None) -> ListedSpace:
    folder = space_folder(outer, name)
    size = measure_space(folder)
    network = describe_model(folder / MODEL)["network"] if has_model(folder / MODEL) else None
    return ListedSpace(
        name=name, network=network, dimension=size.dimension, images=size.images, missing=size.missing,
        bytes=size.bytes,
    )  # fmt: skip


@exclusive("unpool spaces")
def remove_space(work: Path, name: str) -> dict[str, Any]:
    """Remove a space: vectors, groups, map, suggestions, model and report.

    That cannot be undone, and no step before it that computed something can. Images, labels and other spaces stay, and
    edits by hand outside it can still be undone.

    Args:
        work: the workspace.
        name: the space.

    Returns:
        The JSON object of `unpool spaces --remove`: work, removed, freed (bytes that the disk has back).

    Raises:
        UsageError: there is no such space.
        WorkingError: another command works in the workspace.
    """
    outer = outer_workspace(work)
    if not name:
        raise UsageError("--remove takes the name of a space, and the workspace's own vectors have none")
    folder = known_space(outer, name)
    ImageTable(outer)
    recover(outer)
    size = measure_space(folder).bytes
    before = count_bytes(outer)
    # A kill in between leaves a space without vectors, which can be removed again.
    _forget_steps(outer, name)
    drop_space(folder)
    aside = folder.with_name(f"{PARTIAL}{name}")
    folder.replace(aside)
    shutil.rmtree(aside)
    if not any((outer / SPACES).iterdir()):
        (outer / SPACES).rmdir()
    prune(outer)
    clean_up(outer)
    # The table on a store is not seen from here.
    freed = size if remote_of(outer) else max(0, before - count_bytes(outer))
    return {"work": name_of(outer), "removed": name, "freed": freed}


def _forget_steps(work: Path, space: str) -> None:
    """Forget the steps of a space, and all that keep the table as it was, for that holds its columns."""
    forget_undone(work)
    for file in done_steps(work)[::-1]:
        try:
            entry = read_entry(file)
        except UnpoolError:  # damaged: nothing can be undone by it
            file.unlink(missing_ok=True)
            continue
        if isinstance(entry, Step) or entry.space == space:
            file.unlink(missing_ok=True)
