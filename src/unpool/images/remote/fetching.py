"""Paths to files, wherever they lie."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, runtime_checkable

from unpool.images.reading.scan import ImageFile


@runtime_checkable
class Fetcher(Protocol):
    """Gives paths to files, wherever they lie."""

    num_fetchers: int  # files at a time: one for each core, or more where they have to be waited for

    def fetch(self, file: ImageFile) -> AbstractContextManager[Path]:
        """Give a path to a file while it is read."""

    def fetch_head(self, file: ImageFile) -> AbstractContextManager[Path]:
        """Give a path to what says a picture's depth."""


class InPlace:
    """Files that lie on this machine.

    >>> with InPlace().fetch(ImageFile("a.png", Path("/photos/a.png"), 1, 0.0)) as path:
    ...     path.as_posix()
    '/photos/a.png'
    """

    num_fetchers = 1

    def fetch(self, file: ImageFile) -> AbstractContextManager[Path]:
        """Give the path of a file."""
        return contextlib.nullcontext(file.file)

    def fetch_head(self, file: ImageFile) -> AbstractContextManager[Path]:
        """Give the path of a file."""
        return contextlib.nullcontext(file.file)


class Fetchers:
    """Files of several sources.

    Args:
        files: Each with what gives its path.
    """

    def __init__(self, files: Iterable[tuple[ImageFile, Fetcher]]) -> None:
        pairs = list(files)
        self.files = [file for file, _ in pairs]
        self.num_fetchers = max((fetcher.num_fetchers for _, fetcher in pairs), default=1)
        self._fetcher = {id(file): fetcher for file, fetcher in pairs}

    def fetch(self, file: ImageFile) -> AbstractContextManager[Path]:
        """Give a path to one of the files."""
        return self._fetcher[id(file)].fetch(file)

    def fetch_head(self, file: ImageFile) -> AbstractContextManager[Path]:
        """Give a path to what says a picture's depth."""
        return self._fetcher[id(file)].fetch_head(file)


IN_PLACE = InPlace()
