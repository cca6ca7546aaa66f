"""MODEL/training, the scratch folder of a run.

It holds checkpoint and decoded images while the run can be resumed. Only what unpool wrote is ever removed.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from unpool.core.atomic_files import PARTIAL
from unpool.core.markers import MARKER, TRAINING, is_marked
from unpool.errors import UsageError
from unpool.training.checkpoint import NAME as CHECKPOINT

PIXELS = "pixels"
PAIRS, HELD_PAIRS = "pairs.u8", "held-pairs.u8"  # decoded images with their masks
FOLDS = "folds.json"  # what finished cross-validating trainings found
FEATURES, ENCODER = "features.f16", "encoder.onnx"  # of a frozen encoder
_CACHED = re.compile(r"pixels-[0-9a-f]{24}\.(u8|json|\d+\.part)")
_DECODED = re.compile(r"(\d+-)?((held-)?pairs\.u8|folds\.json)")


def per_process_file(name: str, process: int) -> str:
    """Name a file that each process writes for itself.

    The first process's has no number.

    >>> per_process_file("pairs.u8", 0), per_process_file("pairs.u8", 1)
    ('pairs.u8', '1-pairs.u8')
    """
    return f"{process}-{name}" if process else name


def check_run_folder_is_ours(out: Path) -> None:
    """Check that OUT/training is not the user's own folder.

    Full, and without our mark. Decoded images alone are ours.
    """
    scratch = out / TRAINING
    if is_marked(scratch) or not os.path.lexists(scratch):
        return
    if not scratch.is_dir():
        raise UsageError(f"{scratch} is a file, but the run needs a folder of that name; name another --out")
    if strange := sorted(path.name for path in scratch.iterdir() if not _is_cache(path)):
        raise UsageError(
            f"{scratch} is not a folder of unpool's, it holds {strange[0]}; name another --out, or move it away"
        )


def open_run_folder(out: Path, *, resume: bool) -> None:
    """Make and mark OUT/training.

    The mark says that a run is under way. Without `resume` the checkpoint is removed.
    """
    check_run_folder_is_ours(out)
    scratch = out / TRAINING
    scratch.mkdir(parents=True, exist_ok=True)
    (scratch / MARKER).touch()
    for left in out.glob(f"{PARTIAL}*-{TRAINING}"):  # of a run that was killed while it tidied
        _empty(left)
    if not resume:
        for left in (scratch / CHECKPOINT, *scratch.glob(f"*{FOLDS}")):
            left.unlink(missing_ok=True)


def close_run_folder(out: Path) -> None:
    """Remove what unpool wrote in OUT/training.

    The folder goes too unless the user has put something there.

    It is renamed first: a kill in between leaves no folder that says the run is under way.
    """
    scratch = out / TRAINING
    if not is_marked(scratch):
        return
    if all(_is_of_unpool(path) for path in scratch.iterdir()) and not scratch.is_symlink():
        with contextlib.suppress(OSError):  # on Windows, where the decoded images are still mapped
            scratch = scratch.rename(out / f"{PARTIAL}{os.getpid()}-{TRAINING}")
    _empty(scratch)


def _empty(scratch: Path) -> None:
    """Remove our files, and the folders that are then empty.

    The mark goes last, so that a removal that was stopped can be finished.
    """
    cache = scratch / PIXELS
    own = [
        path for path in scratch.iterdir() if path.name != MARKER and _is_of_unpool(path) and path != cache
    ]
    cached = [path for path in cache.iterdir() if _is_cached(path)] if cache.is_dir() else []
    for path in [*own, *cached]:
        with contextlib.suppress(OSError):
            path.unlink()
    with contextlib.suppress(OSError):  # never made, or the user's now
        cache.rmdir()
    (scratch / MARKER).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        scratch.rmdir()


def _is_of_unpool(path: Path) -> bool:
    return (
        path.name in (CHECKPOINT, MARKER, FEATURES, ENCODER)
        or _DECODED.fullmatch(path.name) is not None
        or path.name.startswith(PARTIAL)
        or _is_cache(path)
    )


def _is_cache(path: Path) -> bool:
    """The folder of decoded images, with nothing else in it."""
    return path.name == PIXELS and path.is_dir() and all(_is_cached(inside) for inside in path.iterdir())


def _is_cached(path: Path) -> bool:
    return _CACHED.fullmatch(path.name) is not None
