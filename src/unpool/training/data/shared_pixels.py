"""Images decoded by several processes, each its share.

N images, S their side, C channels.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from unpool.images.pixel_cache import (
    DecodeTask,
    decode_all,
    keep_cached,
    make_room,
    map_cached,
    read_cached,
)
from unpool.images.reading.scan import Problem
from unpool.training.data.shared_folder import SharedFolder

PASSING_ENDING = ".0.part"  # of a file that all write: no process has this number


def load_shared_pixels(task: DecodeTask, cache: Path, shared: SharedFolder) -> np.ndarray:
    """Decode the files of a task together, each once.

    The images lie in a file that the processes of a machine map together, and are found again as those that one
    process has decoded.

    Args:
        task: what to decode; receives what came of it.
        cache: a folder in the shared one.
        shared: the processes.

    Returns:
        The images (N, S, S, C) uint8, the same in all processes.
    """
    # Copies of the images may have other times: the leader's name counts.
    file = cache / shared.gather(task.cached_in(cache).name)[shared.leaders[shared.rank]]
    if not all(shared.gather(read_cached(task, file))):
        _decode(task, file, shared)
    pixels_NSSC = map_cached(task, file)
    shared.wait()  # a finished process removes what is there
    return pixels_NSSC


def _decode(task: DecodeTask, file: Path, shared: SharedFolder) -> None:
    own = replace(task, files=shared.share(task.files), usable=[], problems=[], all_grey=True)
    if shared.leads:
        make_room(task, file.parent)
        file.with_suffix(".json").unlink(missing_ok=True)
    pixels_NSSC = decode_all(own, file.parent)
    part = file.with_suffix(PASSING_ENDING)
    shared.write(part, pixels_NSSC.reshape(-1))
    _join(task, shared.gather(_Part(len(own.files), own.usable, own.problems, own.all_grey)))
    if shared.leads:
        keep_cached(task, part, file)
    shared.wait()
    own_file = own.cached_in(file.parent)  # where the share was too large for memory
    for done in (own_file, own_file.with_suffix(".json")):
        done.unlink(missing_ok=True)


class _Part(NamedTuple):
    """What came of a process's share of the files."""

    num_files: int
    usable: list[int]
    problems: list[Problem]
    all_grey: bool


def _join(task: DecodeTask, parts: list[_Part]) -> None:
    """Give the task what came of its parts."""
    task.usable, task.problems, first = [], [], 0
    for part in parts:
        task.usable += [first + index for index in part.usable]
        task.problems += part.problems
        first += part.num_files
    task.all_grey = all(part.all_grey for part in parts)
