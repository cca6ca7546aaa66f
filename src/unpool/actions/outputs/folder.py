"""The images that are read, and the output folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from unpool.core.file_identity import stamp_of
from unpool.core.file_names import to_key
from unpool.core.markers import is_unpool_folder
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError
from unpool.images.reading.notes import describe_left_out
from unpool.images.reading.scan import ImageFile, Problem, scan_folder


def check_output(images: Path, out: Path, example: str) -> None:
    """Check that an output folder is one of its own.

    Args:
        images: The image or folder that is read.
        out: The folder that is written.
        example: Name of a folder in it that errors propose.

    Raises:
        UsageError: It is the folder of the images, a file, a workspace or a model.
    """
    if images.is_dir() and out.exists() and out.samefile(images):
        raise UsageError(
            f"--out {out} is the folder of the images itself; name another, such as {out / example}"
        )
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out} is a file, but must be a folder; name another")
    if out.is_dir() and is_unpool_folder(out, {path.name for path in out.iterdir()}):
        raise UsageError(
            f"--out {out} is a workspace or a model; name a folder of its own, such as {out / example}"
        )


def find_images(images: Path, out: Path, progress: Progress) -> tuple[list[ImageFile], list[Problem]]:
    """List one image, or those of a folder.

    Args:
        images: The image or folder.
        out: A folder inside that is not searched.
        progress: Receives what is left out.

    Returns:
        The images, and what cannot be used.

    Raises:
        UnpoolError: There is none.
    """
    if images.is_file():
        status = images.stat()
        key = to_key(images.name)
        return [ImageFile(key, images, status.st_size, status.st_mtime, stamp_of(status))], []
    if not images.exists():
        raise UnpoolError(f"there is no image or folder '{images}'; check the path")
    scan = scan_folder(images, leave_out=out)
    for line in describe_left_out(scan.left_out):
        progress.message(line)
    if not scan.files:
        first = f" ({scan.problems[0].path}: {scan.problems[0].detail})" if scan.problems else ""
        raise UnpoolError(f"{images} holds no image that can be used{first}; check the folder")
    return scan.files, list(scan.problems)


def check_any_usable(images: Path, files: Sequence[ImageFile], failed: Sequence[Problem]) -> None:
    """Check that not all images have failed.

    Args:
        images: The image or folder.
        files: The images.
        failed: Those that could not be used.

    Raises:
        UnpoolError: All have; it names the first.
    """
    if len(failed) == len(files):
        first = failed[0]
        raise UnpoolError(f"no image of {images} can be used; the first, {first.path}: {first.detail}")
