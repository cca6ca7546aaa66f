"""Images on an object store, each fetched once.

A reader gets a copy of one file, which is removed again when it is done. What is read in a known order is
fetched ahead, so that the cores do not wait for the store.
"""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import TypeVar

from unpool.core.file_names import shorten, to_key
from unpool.core.objects.address import Address
from unpool.core.objects.client import NUM_REQUESTS, ObjectDeniedError, Objects, StoreError
from unpool.errors import UnreadableImageError
from unpool.images.isolation.trail import stand_for
from unpool.images.reading.decode import Picture, read_picture, read_size
from unpool.images.reading.scan import ImageFile, Scan
from unpool.images.remote.listing import scan_objects
from unpool.images.values.rules import NO_RULES

MAX_AHEAD = 64  # files that are fetched before they are read
MAX_BYTES_AHEAD = 256 << 20  # of them together
MAX_BYTES_IN_MEMORY = 32 << 20  # a larger file is copied to the disk in parts
HEAD_BYTES = 1 << 16  # enough for the size of nearly every picture
HEAD_ENDINGS = (".png", ".apng", ".pbm", ".pgm", ".ppm", ".pnm", ".pfm", ".jp2", ".j2k")
R = TypeVar("R")


class RemoteSource:
    """The images below an address of an object store.

    It can be sent to another process.

    Args:
        address: Where they lie.
        objects: What lies there; opened where None.
    """

    num_fetchers = NUM_REQUESTS

    def __init__(self, address: Address, objects: Objects | None = None) -> None:
        self.location, self.rules = address.uri, NO_RULES
        self._objects = objects or Objects(address)
        self._ahead = _Ahead(self._objects)

    def __getstate__(self) -> dict[str, object]:
        """Leave out what another process opens itself."""
        return {"location": self.location, "rules": self.rules, "_objects": self._objects}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._ahead = _Ahead(self._objects)

    @property
    def num_repeats(self) -> int:
        """The number of requests that were repeated."""
        return self._objects.num_repeats

    def scan(self, progress: Callable[[int], None] | None = None) -> Scan:
        """List the images of the folder and those inside it."""
        return scan_objects(self._objects, progress)

    def expect(self, files: Sequence[ImageFile]) -> None:
        """Say which files will be read, in which order."""
        self._ahead.expect(files)

    def read(self, file: ImageFile, min_side: int) -> Picture:
        """Decode an image, perhaps reduced, but not below `min_side`."""
        with self.fetch(file) as copy:
            return read_picture(copy, min_side=min_side, rules=self.rules)

    def size(self, file: ImageFile) -> tuple[int, int] | None:
        """Read width and height, None where impossible.

        The first bytes of the file do, where they can.
        """
        for fetch in (self._fetch_start, self.fetch):
            try:
                with fetch(file) as copy:
                    return read_size(copy)
            except UnreadableImageError:
                continue
        return None

    @contextlib.contextmanager
    def fetch(self, file: ImageFile) -> Iterator[Path]:
        """Make a copy of a file while it is read.

        Args:
            file: One of the scan, or with the path of one.

        Yields:
            The copy, of the same ending.

        Raises:
            UnreadableImageError: It is gone, or may not be read.
            StoreError: The store gives no answer.
        """
        with self._copy_of(file) as copy:
            if file.bytes > MAX_BYTES_IN_MEMORY:
                self._request(file, lambda name: self._objects.download(name, copy))
            else:
                copy.write_bytes(self._request(file, self._ahead.take))
            yield copy

    @contextlib.contextmanager
    def fetch_head(self, file: ImageFile) -> Iterator[Path]:
        """Make a copy of what says a picture's depth.

        Of most kinds these are the first bytes, of a TIFF it is all of them.
        """
        is_short = file.file.suffix.lower() in HEAD_ENDINGS
        with self._fetch_start(file) if is_short else self.fetch(file) as copy:
            yield copy

    @contextlib.contextmanager
    def _fetch_start(self, file: ImageFile) -> Iterator[Path]:
        length = min(HEAD_BYTES, file.bytes or HEAD_BYTES)
        with self._copy_of(file) as copy:
            copy.write_bytes(self._request(file, lambda name: self._objects.read_start(name, length)))
            yield copy

    @contextlib.contextmanager
    def _copy_of(self, file: ImageFile) -> Iterator[Path]:
        """A place for a copy; where decoding it ends a process, the next one knows the file by its address."""
        with tempfile.TemporaryDirectory(prefix="unpool-") as folder:
            copy = Path(folder, shorten(file.file.name))
            with stand_for(copy, f"{self.location}/{file.file.as_posix()}"):
                yield copy

    def _request(self, file: ImageFile, request: Callable[[str], R]) -> R:
        """Request an object by its name, or by another name of the same key."""
        name = file.file.as_posix()
        try:
            try:
                return request(name)
            except FileNotFoundError:
                other = self._find_other_name(name)
                if other is None:
                    raise
                return request(other)
        except FileNotFoundError as error:
            raise UnreadableImageError("missing", "it is gone from the store since it was listed") from error
        except ObjectDeniedError as error:
            reason = "the object may not be read with these credentials"
            raise UnreadableImageError("no-permission", reason) from error

    def _find_other_name(self, key: str) -> str | None:
        if key.isascii():
            return None
        folder = PurePosixPath(key).parent.as_posix()
        objects = self._objects.list_level("" if folder == "." else folder)[1]
        return next((each.name for each in objects if to_key(each.name) == key), None)


class _Ahead:
    """Fetches expected objects before they are read."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._expected: list[tuple[str, int]] = []
        self._next = 0
        self._futures: dict[str, tuple[Future[bytes], int]] = {}
        self._early: set[str] = set()  # read before they were fetched ahead

    def expect(self, files: Sequence[ImageFile]) -> None:
        """Forget what was expected before."""
        with self._lock:
            for future, _ in self._futures.values():
                future.cancel()
            self._futures, self._next, self._early = {}, 0, set()
            self._expected = [
                (file.file.as_posix(), file.bytes) for file in files if file.bytes <= MAX_BYTES_IN_MEMORY
            ]

    def take(self, name: str) -> bytes:
        """Return the content of an object, and go on with those after it."""
        with self._lock:
            self._fetch_more()
            known = self._futures.pop(name, None)
            if known is None and self._next < len(self._expected):
                self._early.add(name)  # not to be fetched again when its turn comes
        try:
            return self._objects.read(name) if known is None else known[0].result()
        except StoreError:  # the others would wait as long, each for itself
            self.expect([])
            raise

    def _fetch_more(self) -> None:
        waiting = sum(size for _, size in self._futures.values())
        while self._next < len(self._expected) and len(self._futures) < MAX_AHEAD:
            name, size = self._expected[self._next]
            if name in self._early:
                self._early.discard(name)
                self._next += 1
                continue
            if waiting and waiting + size > MAX_BYTES_AHEAD:
                return
            if self._pool is None:
                self._pool = ThreadPoolExecutor(NUM_REQUESTS, "fetch")
            self._futures[name] = self._pool.submit(self._objects.read, name), size
            self._next, waiting = self._next + 1, waiting + size
