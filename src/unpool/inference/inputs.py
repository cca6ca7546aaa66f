"""Images named on the command line, as batches.

B images in a batch, S side, C channels.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypedDict

import numpy as np

from unpool.core.cpu import usable_cores
from unpool.core.file_names import find_typed
from unpool.core.objects.address import is_address, resolve_file_address
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UnreadableImageError, UsageError
from unpool.images.archives.containers import open_container
from unpool.images.archives.path_list import is_path_list
from unpool.images.datasets import is_named_set
from unpool.images.pixel_cache import map_ordered
from unpool.images.reading.decode import Picture, read_picture
from unpool.images.reading.formats import has_image_name
from unpool.images.reading.notes import describe_left_out
from unpool.images.reading.scan import Problem
from unpool.images.source import open_source
from unpool.images.values.rules import NO_RULES, ValueRules
from unpool.networks.preprocessing import Preprocessing, stack

BATCH = 64
Read = Callable[[int], Picture]  # the side in pixels that is needed → the picture


class SkippedImage(TypedDict):
    """An input that cannot be used, with its problem."""

    path: str
    problem: str


@dataclass
class InputImages:
    """Images that are listed and not read yet.

    `paths` and `skipped` fill while the batches are consumed.
    """

    readers: dict[str, Read]
    problems: list[Problem]
    progress: Progress
    paths: list[str] = field(default_factory=list)
    skipped: list[SkippedImage] = field(default_factory=list)

    def batches(self, preprocessing: Preprocessing) -> Iterator[np.ndarray]:
        """Decode the usable images, (B, S, S, C) uint8 at a time.

        Raises:
            UnpoolError: at the end, where none was usable.
        """
        for problem in self.problems:
            self._skip(problem)
        pixels = self._pixels(preprocessing)
        while block := list(islice(pixels, BATCH)):
            yield stack(block, preprocessing)
        if not self.paths:
            first = f", the first is {self.skipped[0]['problem']}" if self.skipped else ""
            raise UnpoolError(
                f"no image can be used: {len(self.skipped)} skipped{first}; give image files or a folder of them"
            )

    def _pixels(self, preprocessing: Preprocessing) -> Iterator[np.ndarray]:
        def work(item: tuple[str, Read]) -> np.ndarray | Problem:
            try:
                return preprocessing.fit(item[1](preprocessing.needed_side))
            except UnreadableImageError as error:
                return Problem(item[0], error.problem, error.detail)

        decoded = map_ordered(work, self.readers.items(), usable_cores())
        with self.progress.stage("images", len(self.readers), "images") as stage:
            for path, result in zip(self.readers, decoded, strict=True):
                stage.advance()
                if isinstance(result, Problem):
                    self._skip(result)
                else:
                    self.paths.append(path)
                    yield result

    def _skip(self, problem: Problem) -> None:
        self.progress.message(f"{problem.path} is skipped: {problem.detail}")
        self.skipped.append({"path": problem.path, "problem": problem.problem})


def list_inputs(
    inputs: Sequence[str], data: Path | None, progress: Progress, rules: ValueRules = NO_RULES
) -> InputImages:
    """List the images of files, folders and named data sets.

    A file has the path that was typed, the images of a folder or set the path inside it, after the name of
    the folder where there are several inputs. An image that is named twice counts once.

    Args:
        inputs: Each an image file, a folder, however nested, an archive or list of images, or a named data set.
        data: Folder with named data sets in torchvision's layout.
        progress: Receives stages and messages.
        rules: Of the model, for values of more than 8 bits.

    Returns:
        The images, not read yet.

    Raises:
        UsageError: `inputs` is empty.
        UnpoolError: an input does not exist.

    >>> images = list_inputs(["digits"], None, Progress())
    >>> next(images.batches(Preprocessing(8, 1))).shape, images.paths[0]
    ((64, 8, 8, 1), '0/00000.png')
    """
    if not inputs:
        raise UsageError("no images are given; name image files, a folder of them or a data set")
    readers: dict[str, Read] = {}
    problems: list[Problem] = []
    for name in map(resolve_file_address, inputs):
        if _is_collection(name):
            source = open_source(name, data)
            source.rules = rules
            scan = source.scan()
            for line in describe_left_out(scan.left_out):
                progress.message(line)
            prefix = f"{_printable(name).rstrip('/')}/" if len(inputs) > 1 else ""
            for file in scan.files:
                readers.setdefault(prefix + file.path, partial(source.read, file))
            problems += [Problem(prefix + each.path, each.problem, each.detail) for each in scan.problems]
        elif os.path.lexists(typed := find_typed(Path(name))):
            readers.setdefault(_printable(name), partial(_read_file, typed, rules))
        else:
            raise UnpoolError(f"there is no image, folder or data set '{name}'; check the path")
    return InputImages(readers, problems, progress)


def _is_collection(name: str) -> bool:
    """Whether a name stands for several images, and not for the file of one."""
    path = Path(name)
    if path.is_file():
        return not has_image_name(path.name) and (open_container(path) is not None or is_path_list(path))
    is_inside = any(above.is_file() for above in path.parents)
    return is_address(name) or path.is_dir() or is_named_set(name) or is_inside


def _read_file(file: Path, rules: ValueRules, side: int) -> Picture:
    return read_picture(file, min_side=side, rules=rules)


def _printable(path: str) -> str:
    """Escape the bytes of a path that are no text, for JSON and the terminal."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
