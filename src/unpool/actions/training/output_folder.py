"""Where a model may be written.

Never over the user's files, and never among the images it is trained on.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from unpool.core.cpu import is_first_process
from unpool.core.file_names import printable
from unpool.core.markers import TRAINING, WORKSPACE_TABLE, first_foreign, is_unpool_folder
from unpool.errors import UnpoolError, UsageError
from unpool.images.reading.scan import scan_folder
from unpool.training.run_folder import check_run_folder_is_ours
from unpool.training.tensorboard import LOGS

OWN = (TRAINING, LOGS)  # what may be there before the model is


def check_can_be_saved(network: object) -> None:
    """Check that a model folder can hold the network.

    This comes before the training rather than after it.

    Raises:
        UnpoolError: for a network of the user's own.
    """
    if getattr(network, "built_with", None) is None:
        raise UnpoolError(
            f"{type(network).__name__} of your own cannot be rebuilt from a model folder, which holds no code; leave "
            "`out` out, or build it with build_network or a description"
        )


def check_folder_is_free(out: Path) -> None:
    """Check that a model goes among nobody's files.

    Its folder is empty, or a model already. Raises `UnpoolError` where it is not.
    """
    if out.exists() and not out.is_dir():
        raise UnpoolError(f"--out {out} is a file, but must be a folder for the model; name another")
    check_run_folder_is_ours(out)
    names = {path.name for path in out.iterdir()} if out.is_dir() else set()
    if WORKSPACE_TABLE in names:
        raise UsageError(
            f"--out {out} is a workspace; name a folder of the model's own, such as {out / 'network'}"
        )
    if not is_unpool_folder(out, names) and (foreign := first_foreign(out, OWN)):
        raise UsageError(
            f"--out {out} is no model and holds {printable(foreign)}; name a new or empty folder, such as "
            f"{out / 'model'}"
        )


def check_writable(out: Path) -> None:
    """Raise `UnpoolError` where no model folder can be written."""
    if not is_first_process():
        return
    missing = [folder for folder in (out, *out.parents) if not folder.exists()]
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        reason = error.strerror or str(error)
        raise UnpoolError(f"--out {out} cannot be written ({reason}); name another folder") from error
    finally:
        with suppress(OSError):
            for folder in missing:
                folder.rmdir()


def check_no_mixing(out: Path, folders: Iterable[Path]) -> None:
    """Raise `UsageError` where the model would lie among images.

    A folder of its own inside them is fine: it is left out when they are listed.
    """
    for folder in folders:
        if not (out.exists() and folder.exists()):
            continue
        if out.samefile(folder):
            raise UsageError(
                f"--out {out} is the folder of the images itself; name another, such as {folder / 'model'}"
            )
        for own in (out / TRAINING, out / LOGS):
            if _lies_in(folder, own):
                raise UsageError(
                    f"--out {out} needs {own} for itself, but the images are in {folder}; name another --out"
                )
        if _lies_in(out, folder) and (image := _first_image(out)):
            raise UsageError(
                f"--out {out} lies in {folder} and holds images, {image} for one; name a folder without any"
            )


def _lies_in(inner: Path, outer: Path) -> bool:
    """Whether `inner` is `outer` or lies below it, whatever links and spellings lead there."""
    real = inner.resolve()
    return outer.exists() and any(outer.samefile(above) for above in (real, *real.parents))


def _first_image(folder: Path) -> str | None:
    """An image in a folder that is not ours; None where there is none."""
    if is_unpool_folder(folder, {path.name for path in folder.iterdir()}):
        return None
    return next((file.path for file in scan_folder(folder).files), None)
