"""Images on an object store, each fetched once.

A reader gets a copy of one file, which is removed again when it is done. What is read in a known order is
fetched ahead, so that the cores do not wait for the store.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import TypeVar

from unpool.core.file_names import to_key
from unpool.core.objects.address import Address
from unpool.core.objects.client import NUM_REQUESTS, ObjectDeniedError, Objects, StoreError
from unpool.errors import UnreadableImageError
from unpool.images.reading.scan import ImageFile, Scan
from unpool.images.remote.copied_source import MAX_BYTES_IN_MEMORY, CopiedSource
from unpool.images.remote.listing import scan_objects

MAX_AHEAD = 64  # files that are fetched before they are read
MAX_BYTES_AHEAD = 256 << 20  # of them together
R = TypeVar("R")


class RemoteSource(CopiedSource):
    """The images below an address of an object store.

    It can be sent to another process.

    Args:
        address: Where they lie.
        objects: What lies there; opened where None.
    """

    num_fetchers = NUM_REQUESTS

    def __init__(self, address: Address, objects: Objects | None = None) -> None:
        super().__init__(address.uri)
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

    def locate(self, path: str) -> ImageFile:
        """Name the object of a path."""
        return ImageFile(path, Path(path), 0, 0.0)

    def expect(self, files: Sequence[ImageFile]) -> None:
        """Say which files will be read, in which order."""
        self._ahead.expect(files)

    def read_all(self, file: ImageFile) -> bytes:
        """Fetch an object.

        Args:
            file: One of the scan, or with the path of one.

        Raises:
            UnreadableImageError: It is gone, or may not be read.
            StoreError: The store gives no answer.
        """
        return self._request(file, self._ahead.take)

    def write_copy(self, file: ImageFile, copy: Path) -> None:
        """Fetch a large object in parts."""
        self._request(file, lambda name: self._objects.download(name, copy))

    def read_start(self, file: ImageFile, num_bytes: int) -> bytes:
        """Fetch the first bytes of an object."""
        return self._request(file, lambda name: self._objects.read_start(name, num_bytes))

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
