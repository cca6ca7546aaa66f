"""Decode each image once, in memory or on disk.

Shapes: N usable images, S their side, C channels.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Literal, TypeAlias, TypeVar

import numpy as np

from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.reading.decode import Picture, read_picture
from unpool.images.reading.scan import ImageFile, Problem
from unpool.images.resizing import square

MEMORY_LIMIT = 2 * 2**30
CHUNK = 8  # files a thread decodes at a time
SMALL_FILE = 4096  # bytes, on average, below which threads wait for each other longer than they decode
CACHE_LIMIT = 64 * 2**30  # all cached arrays of one folder together; the oldest go first
# What may be mended without touching the file: such a cache is not used again.
_FIXABLE = frozenset(
    {
        "needs-heic", "unsupported", "no-permission", "unreadable", "missing", "broken-link", "too-slow", "crash",
    }
)  # fmt: skip

Channels: TypeAlias = Literal[1, 3]
Reader: TypeAlias = Callable[[ImageFile, int], Picture]  # a file, and the side in pixels it is needed at
Crop: TypeAlias = Literal["centre", "squash"]
Item = TypeVar("Item")
Result = TypeVar("Result")


def map_ordered(
    work: Callable[[Item], Result], items: Iterable[Item], workers: int, ahead: int = 4
) -> Iterator[Result]:
    """Map a function over items in threads, in order.

    Args:
        work: Called with each item, in a thread.
        items: What to work on.
        workers: Number of threads.
        ahead: Never more items than these per thread are ahead of the consumer, so memory stays bounded.

    Yields:
        The results, in the items' order.

    >>> list(map_ordered(abs, [-1, -2, -3], workers=2))
    [1, 2, 3]
    """
    remaining = iter(items)
    pool = ThreadPoolExecutor(max(1, workers))
    try:
        futures: deque[Future[Result]] = deque(
            pool.submit(work, item) for item in islice(remaining, ahead * max(1, workers))
        )
        while futures:
            yield futures.popleft().result()
            futures.extend(pool.submit(work, item) for item in islice(remaining, 1))
    finally:  # also when the consumer stops early, or Ctrl-C is pressed
        pool.shutdown(wait=True, cancel_futures=True)


def load_pixels(
    files: Sequence[ImageFile],
    *,
    size: int,
    channels: Channels | None,
    crop: Crop,
    workers: int,
    cache: Path | None,
    read: Reader | None = None,
    memory_limit: int = MEMORY_LIMIT,
    progress: Callable[[int], None] | None = None,
    on_problem: Callable[[Problem], None] | None = None,
) -> tuple[np.ndarray, list[int]]:
    """Decode every file once into one array.

    A cached array is a memory map, written whole or not at all, and found again as long as the files (path, size,
    time), `size`, `channels` and `crop` are the same. Writing into the array never reaches its file.

    Args:
        files: What to decode.
        size: Side S of the images, pixels.
        channels: 1 or 3; None takes 1 where all images are grey, else 3.
        crop: How images become square, as for `square`.
        workers: Number of threads.
        cache: Folder for arrays above the memory limit.
        read: Opens a file that is no plain one.
        memory_limit: Bytes up to which the array lies in memory.
        progress: Called with the number of files done.
        on_problem: Called with each unreadable file, which has no row.

    Returns:
        The images (N, S, S, C) uint8, and which of the files its rows are.

    Raises:
        UnpoolError: Where the array is above the memory limit and there is no cache, or no room in it.
    """
    task = DecodeTask(files, size, channels or 3, crop, workers, read or _read_file, progress)
    pixels = decode_all(task, cache, memory_limit)
    if on_problem is not None:
        for problem in task.problems:
            on_problem(problem)
    return pixels if channels else keep_channels(pixels, task), task.usable


def keep_channels(pixels_NSSC: np.ndarray, task: DecodeTask) -> np.ndarray:
    """Keep one channel where all images are grey."""
    if not task.all_grey:
        return pixels_NSSC
    grey_NSS1 = pixels_NSSC[..., :1]
    return grey_NSS1 if isinstance(pixels_NSSC, np.memmap) else np.ascontiguousarray(grey_NSS1)


def decode_all(task: DecodeTask, cache: Path | None, memory_limit: int = MEMORY_LIMIT) -> np.ndarray:
    """Decode the files in memory or in a cache.

    Args:
        task: Receives what came of it.
        cache: Folder for arrays above the limit.
        memory_limit: Bytes up to which the array lies in memory.

    Returns:
        The images (N, S, S, C) uint8.
    """
    return _in_memory(task) if task.num_bytes <= memory_limit else _on_disk(task, cache)


def _read_file(file: ImageFile, side: int) -> Picture:
    return read_picture(file.file, min_side=side)


@dataclass
class DecodeTask:
    """Files to decode, and what came of it.

    Args:
        files: What to decode.
        size: Side of the images, pixels.
        channels: 1 or 3.
        crop: How images become square.
        workers: Number of threads.
        read: Opens a file.
        progress: Called with the number of files done.
        all_grey: Whether all images were grey, once `rows` has run to its end.
        usable: Which of the files could be used.
        problems: The others.
    """

    files: Sequence[ImageFile]
    size: int
    channels: Channels
    crop: Crop
    workers: int
    read: Reader
    progress: Callable[[int], None] | None
    all_grey: bool = True
    usable: list[int] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def row(self) -> tuple[int, int, int]:
        """The shape of an image."""
        return self.size, self.size, self.channels

    @property
    def num_bytes(self) -> int:
        """The bytes of all images, were all usable."""
        return len(self.files) * math.prod(self.row)

    def cached_in(self, cache: Path) -> Path:
        """Return where a cache keeps the images."""
        return cache / f"pixels-{self.fingerprint()}.u8"

    def rows(self) -> Iterator[np.ndarray]:
        """Decode the files, and yield those that can be used."""
        chunks = (self.files[start : start + CHUNK] for start in range(0, len(self.files), CHUNK))
        results = (
            result for chunk in map_ordered(self._decode_chunk, chunks, self._threads()) for result in chunk
        )
        for index, result in enumerate(results):
            if isinstance(result, Problem):
                self.problems.append(result)
            else:
                pixels, grey = result
                self.all_grey = self.all_grey and grey
                self.usable.append(index)
                yield pixels
            if self.progress is not None:
                self.progress(index + 1)

    def _threads(self) -> int:
        """One for files so small that decoding is mostly Python, which runs one thread at a time."""
        mean = sum(file.bytes for file in self.files) / max(1, len(self.files))
        return 1 if mean < SMALL_FILE else self.workers

    def _decode_chunk(self, files: Sequence[ImageFile]) -> list[tuple[np.ndarray, bool] | Problem]:
        return [self._decode(file) for file in files]

    def _decode(self, file: ImageFile) -> tuple[np.ndarray, bool] | Problem:
        try:
            picture = self.read(file, self.size)
        except UnreadableImageError as error:
            return Problem(file.path, error.problem, error.detail)
        return square(picture.pixels, self.size, crop=self.crop, channels=self.channels), picture.grey

    def fingerprint(self) -> str:
        """Digest the files and the request."""
        digest = hashlib.blake2b(repr((2, *self.row, self.crop)).encode(), digest_size=12)
        for file in self.files:
            digest.update(repr((file.path, file.bytes, file.modified)).encode())
        return digest.hexdigest()


def _in_memory(task: DecodeTask) -> np.ndarray:
    pixels = np.empty((len(task.files), *task.row), np.uint8)
    for position, row in enumerate(task.rows()):
        pixels[position] = row
    return pixels[: len(task.usable)]


def _on_disk(task: DecodeTask, cache: Path | None) -> np.ndarray:
    if cache is None:
        raise UnpoolError(
            f"{len(task.files)} images of {task.size} pixels take {task.num_bytes / 1e9:.1f} GB; "
            "give a folder to cache them in, or a smaller size"
        )
    file = task.cached_in(cache)
    if not read_cached(task, file):
        make_room(task, cache)
        _write(task, file)
    return map_cached(task, file)


def map_cached(task: DecodeTask, file: Path) -> np.ndarray:
    """Map the cached images of a task, (N, S, S, C)."""
    if not task.usable:
        return np.empty((0, *task.row), np.uint8)
    os.utime(file)  # used just now: the last to be removed for room
    # Copy on write: torch wants writable memory, and the file must stay what it is.
    return np.memmap(file, np.uint8, mode="c", shape=(len(task.usable), *task.row))


def read_cached(task: DecodeTask, file: Path) -> bool:
    """Fill in what an earlier run wrote beside the pixels.

    False where they are not whole or out of date.
    """
    try:
        record = json.loads(file.with_suffix(".json").read_text("utf-8"))
        usable, all_grey = [int(index) for index in record["usable"]], bool(record["all_grey"])
        problems = [Problem(**each) for each in record["problems"]]
        whole = file.stat().st_size == len(usable) * math.prod(task.row)
    except (OSError, ValueError, KeyError, TypeError):
        return False
    if not whole or any(each.problem in _FIXABLE for each in problems):
        return False
    task.usable, task.problems, task.all_grey = usable, problems, all_grey
    if task.progress is not None:
        task.progress(len(task.files))
    return True


def make_room(task: DecodeTask, cache: Path) -> None:
    """Remove the caches used longest ago for room.

    Raises:
        UnpoolError: where the disk cannot hold the images.
    """
    cache.mkdir(parents=True, exist_ok=True)
    old = []  # time of last use, size, file
    for file in cache.glob("pixels-*"):
        with contextlib.suppress(FileNotFoundError):  # another process has just finished or removed it
            facts = file.stat()
            old.append((facts.st_mtime, facts.st_size, file))
    old.sort()
    total = task.num_bytes + sum(size for _, size, _ in old)
    while old and total > CACHE_LIMIT:
        _, size, file = old.pop(0)
        total -= size
        with contextlib.suppress(OSError):  # still open elsewhere, on Windows
            file.unlink()
    free = shutil.disk_usage(cache).free
    if task.num_bytes > min(free, CACHE_LIMIT):
        raise UnpoolError(
            f"the decoded images take {task.num_bytes / 1e9:.1f} GB and '{cache}' has room for "
            f"{min(free, CACHE_LIMIT) / 1e9:.1f} GB; free some, or use a smaller size"
        )


def _write(task: DecodeTask, file: Path) -> None:
    """The pixels under a passing name, then the notes, whose presence says that the pixels are whole."""
    notes, part = file.with_suffix(".json"), file.with_suffix(f".{os.getpid()}.part")
    try:
        notes.unlink(missing_ok=True)
        with part.open("wb") as stream:
            for row in task.rows():
                stream.write(row.data)
            stream.flush()
            os.fsync(stream.fileno())
        keep_cached(task, part, file)
    finally:
        part.unlink(missing_ok=True)


def keep_cached(task: DecodeTask, part: Path, file: Path) -> None:
    """Give whole images their place and their notes.

    Args:
        task: What was decoded.
        part: Its images under a passing name, which is then free again.
        file: Their place.
    """
    part.replace(file)
    record = {"usable": task.usable, "all_grey": task.all_grey}
    part.write_text(json.dumps(record | {"problems": [asdict(p) for p in task.problems]}))
    part.replace(file.with_suffix(".json"))
