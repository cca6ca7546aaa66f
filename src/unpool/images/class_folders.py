"""Class labels from the names of the images' folders."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from unpool.core.markers import WORKSPACE_ENDING, is_unpool_folder
from unpool.errors import UnpoolError


def class_labels(
    paths: Sequence[str], source: str, classes: Sequence[str] | None = None
) -> tuple[list[str], np.ndarray]:
    """Read class labels from the images' folders.

    Args:
        paths: The images' paths, `/` between folders.
        source: What the images' origin is called in errors.
        classes: The classes known already, of a training set for example; None finds them.

    Returns:
        The classes in the order of their names, and the position (N,) int64 of each image's class among them.

    Raises:
        UnpoolError: Where images lie in no folder, all in one, or in one that is no known class.

    >>> class_labels(["b/1.png", "a/2.png"], "photos")
    (['a', 'b'], array([1, 0]))
    """
    names = [PurePosixPath(path).parent.name for path in paths]
    if "" in names:
        stray = paths[names.index("")]
        raise UnpoolError(
            f"labels are missing: {stray} of {source} lies in no class folder; "
            "put every image in a folder named after its class"
        )
    known = sorted(set(names)) if classes is None else list(classes)
    if len(known) < 2:
        raise UnpoolError(
            f"labels are missing: all images of {source} lie in the one folder {known[0]!r}; "
            "give the folder that holds one folder for each class"
        )
    for name in sorted(set(names) - set(known)):
        raise UnpoolError(
            f"{source} has the class {name!r}, which is none of {', '.join(known)}; rename its folder"
        )
    position = {name: number for number, name in enumerate(known)}
    return known, np.array([position[name] for name in names], np.int64)


def check_classes_not_empty(folder: Path, paths: Sequence[str], leave_out: Path | None = None) -> None:
    """Check that every leaf folder has a usable image.

    Args:
        folder: The folder of class folders; what `scan_folder` leaves alone in it does not count.
        paths: The usable images, relative to `folder`.
        leave_out: A folder that is not read.

    Raises:
        UnpoolError: For a leaf folder without a usable image.
    """
    full = {str(parent) for path in paths for parent in PurePosixPath(path).parents}
    for here, folders, names in os.walk(folder):
        if Path(here) != folder and _is_left_alone(here, [*folders, *names], leave_out):
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        inside = Path(here).relative_to(folder).as_posix()
        if not folders and inside not in full:
            raise UnpoolError(
                f"class folder {Path(here)} has no usable image; add images to it, or remove it"
            )


def _is_left_alone(here: str, names: Sequence[str], leave_out: Path | None) -> bool:
    own = leave_out is not None and os.path.realpath(here) == os.path.realpath(leave_out)
    return own or here.endswith(WORKSPACE_ENDING) or is_unpool_folder(here, names)
