"""The images that a command was given by name: files, folders and data sets, as batches for a network.

B images in a batch, S side, C channels.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from unpool.core.cpu import usable_cores
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UnreadableImageError, UsageError
from unpool.images.datasets import is_named_set
from unpool.images.pixel_cache import map_ordered
from unpool.images.reading.decode import Picture, read_picture
from unpool.images.reading.scan import Problem
from unpool.images.source import open_source
from unpool.inference.embedding import Form

BATCH = 64
Read = Callable[[int], Picture]  # the side that is needed → the picture


@dataclass
class InputImages:
    """Images that are listed and not read yet; `paths` and `skipped` fill while the batches are taken."""

    readers: dict[str, Read]
    problems: list[Problem]
    progress: Progress
    paths: list[str] = field(default_factory=list)
    skipped: list[dict[str, str]] = field(default_factory=list)

    def batches(self, form: Form) -> Iterator[np.ndarray]:
        """The usable images as (B, S, S, C) uint8; UnpoolError at the end where there were none."""
        for problem in self.problems:
            self._skip(problem)
        pixels = self._pixels(form)
        while block := list(islice(pixels, BATCH)):
            yield np.stack(block)
        if not self.paths:
            first = f", the first is {self.skipped[0]['problem']}" if self.skipped else ""
            raise UnpoolError(
                f"no image can be used: {len(self.skipped)} skipped{first}; give image files or a folder of them"
            )

    def _pixels(self, form: Form) -> Iterator[np.ndarray]:
        def work(item: tuple[str, Read]) -> np.ndarray | Problem:
            try:
                return form.fit(item[1](form.size))
            except UnreadableImageError as error:
                return Problem(item[0], error.problem, error.detail)

        made = map_ordered(work, self.readers.items(), usable_cores())
        with self.progress.stage("images", len(self.readers), "images") as stage:
            for path, result in zip(self.readers, made, strict=True):
                stage.advance()
                if isinstance(result, Problem):
                    self._skip(result)
                else:
                    self.paths.append(path)
                    yield result

    def _skip(self, problem: Problem) -> None:
        self.progress.message(f"{problem.path} is skipped: {problem.detail}")
        self.skipped.append({"path": problem.path, "problem": problem.problem})


def input_images(places: Sequence[str], data: Path | None, progress: Progress) -> InputImages:
    """List the images of `places`: each an image file, a folder, however nested, or a named data set.

    A file has the path that was typed, the images of a folder or set the path inside it, after the name of
    the folder where there are several places. An image given twice counts once. Raises `UsageError` for no
    place at all, `UnpoolError` for one that is not there.

    >>> images = input_images(["digits"], None, Progress())
    >>> next(images.batches(Form(8, 1, "centre"))).shape, images.paths[0]
    ((64, 8, 8, 1), '0/00000.png')
    """
    if not places:
        raise UsageError("no images are given; name image files, a folder of them or a data set")
    readers: dict[str, Read] = {}
    problems: list[Problem] = []
    for place in places:
        if not Path(place).is_file() and (Path(place).is_dir() or is_named_set(place)):
            source = open_source(place, data)
            scan = source.scan()
            prefix = f"{_valid(place).rstrip('/')}/" if len(places) > 1 else ""
            for file in scan.files:
                readers.setdefault(prefix + file.path, partial(source.read, file))
            problems += [Problem(prefix + each.path, each.problem, each.detail) for each in scan.problems]
        elif os.path.lexists(place):
            readers.setdefault(_valid(place), partial(_read_file, Path(place)))
        else:
            raise UnpoolError(f"there is no image, folder or data set '{place}'; check the path")
    return InputImages(readers, problems, progress)


def _read_file(file: Path, side: int) -> Picture:
    return read_picture(file, min_side=side)


def _valid(path: str) -> str:
    """A path as it can be printed and written as JSON: bytes that are no text are spelt out."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
