"""Decode images and label maps of any size once.

N pairs, H and W height and width, each pair its own, K classes.
"""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from unpool.errors import UnpoolError
from unpool.images.masks.folder_reading import FolderReading
from unpool.images.masks.label_maps import name_values, try_pair
from unpool.images.masks.pairs import Pair
from unpool.images.masks.pixel_classes import IGNORE
from unpool.images.pixel_cache import MEMORY_LIMIT, map_ordered
from unpool.images.reading.scan import Problem

BLOCK_BYTES = 2**26  # bytes that the file grows by


@dataclass
class PairStore:
    """Images with their label maps.

    `pixels(n)` is (H, W, 3) uint8, `labels(n)` (H, W) uint8: both are views. `paths` are the images' keys,
    `count_NK` the pixels of each class in each, `problems` what could not be used. `num_grey` images have no colour.
    `unknown` counts the pixels of values that are no class, and `unknown_in` the masks that hold any.
    """

    paths: list[str] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    count_NK: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    problems: list[Problem] = field(default_factory=list)
    num_grey: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    unknown_in: list[str] = field(default_factory=list)
    _bytes: np.ndarray = field(default_factory=lambda: np.zeros(0, np.uint8))

    def __len__(self) -> int:
        return len(self.paths)

    def pixels(self, n: int) -> np.ndarray:
        """Return image n, (H, W, 3) uint8."""
        (height, width), start = self.sizes[n], self.starts[n]
        return self._bytes[start : start + height * width * 3].reshape(height, width, 3)

    def labels(self, n: int) -> np.ndarray:
        """Return the label map of image n, (H, W) uint8."""
        (height, width), start = self.sizes[n], self.starts[n]
        return self._bytes[start + height * width * 3 : start + height * width * 4].reshape(height, width)

    @property
    def bytes_B(self) -> np.ndarray:
        """Return the bytes of all images and label maps."""
        return self._bytes

    def without_bytes(self) -> PairStore:
        """Return what is known of the pairs, without their pixels."""
        return replace(self, _bytes=np.zeros(0, np.uint8))

    @property
    def num_pixels(self) -> int:
        """Number of pixels of all images."""
        return sum(height * width for height, width in self.sizes)

    @property
    def num_ignored(self) -> int:
        """Number of pixels that are no class."""
        return self.num_pixels - int(self.count_NK.sum())

    def fingerprint(self) -> str:
        """Return a short digest of images and label maps."""
        digest = hashlib.blake2b(digest_size=8)
        for n, path in enumerate(self.paths):
            digest.update(
                f"{path}\0{self.sizes[n]}\0{self.count_NK[n].tolist()}\0".encode("utf-8", "surrogateescape")
            )
        return digest.hexdigest()


def load_pairs(
    pairs: Sequence[Pair],
    reading: FolderReading,
    *,
    workers: int,
    file: Path | None = None,
    memory_limit: int = MEMORY_LIMIT,
    progress: Callable[[], None] | None = None,
) -> PairStore:
    """Decode every pair once.

    Args:
        pairs: The files.
        reading: The meaning of the masks' values.
        workers: Number of threads.
        file: Where more than `memory_limit` bytes are kept on the disk.
        memory_limit: Bytes up to which all is kept in memory.
        progress: Called after each pair.

    Returns:
        The pairs; those that cannot be used are in its `problems`.

    Raises:
        UnpoolError: Where a mask holds a refused value, or there is no room.
    """
    store, blocks = PairStore(), _Bytes(file, memory_limit)
    counts, num_classes = [], len(reading.classes)
    read = partial(try_pair, reading=reading)
    for pair, decoded in zip(pairs, map_ordered(read, pairs, workers), strict=True):
        if progress is not None:
            progress()
        if isinstance(decoded, Problem):
            store.problems.append(decoded)
            continue
        label_HW = decoded.label_HW
        store.paths.append(pair.path)
        store.sizes.append((label_HW.shape[0], label_HW.shape[1]))
        store.starts.append(blocks.add(decoded.pixels_HW3))
        blocks.add(label_HW)
        store.num_grey += decoded.is_grey
        store.unknown.update(name_values(decoded))
        store.unknown_in += [pair.mask.path] if decoded.unknown else []
        counts.append(np.bincount(label_HW.ravel(), minlength=IGNORE + 1)[:num_classes])
    store.count_NK = np.array(counts, np.int64).reshape(-1, num_classes)
    store._bytes = blocks.whole()
    return store


def join_pairs(parts: Sequence[PairStore], file: Path) -> PairStore:
    """Join what several processes decoded.

    Args:
        parts: What is known of their pairs.
        file: Their bytes, one after the other.

    Returns:
        All pairs; their bytes are mapped, so that processes of one machine share them.
    """
    whole, first = PairStore(), 0
    for part in parts:
        whole.paths += part.paths
        whole.sizes += part.sizes
        whole.starts += [first + start for start in part.starts]
        whole.problems += part.problems
        whole.num_grey += part.num_grey
        whole.unknown.update(part.unknown)
        whole.unknown_in += part.unknown_in
        first += 4 * part.num_pixels  # three colours and the label
    whole.count_NK = np.concatenate([part.count_NK for part in parts])
    if first:
        whole._bytes = np.memmap(file, np.uint8, mode="c", shape=(first,))
    return whole


def halve(store: PairStore) -> PairStore:
    """Cut one pair in two across its longer side.

    Args:
        store: With one pair, at least two pixels wide or high.

    Returns:
        Both halves.
    """
    height, width = store.sizes[0]
    pixels_HW3, label_HW = store.pixels(0), store.labels(0)
    middle = max(height, width) // 2
    parts = (slice(None, middle), slice(middle, None))
    cuts = [(part, slice(None)) if height > width else (slice(None), part) for part in parts]
    halves, blocks = replace(store, paths=[], sizes=[], starts=[]), _Bytes(None, pixels_HW3.size * 2)
    counts = []
    for number, cut in enumerate(cuts):
        part_HW = label_HW[cut]
        halves.paths.append(f"{store.paths[0]}#{number}")
        halves.sizes.append((part_HW.shape[0], part_HW.shape[1]))
        halves.starts.append(blocks.add(pixels_HW3[cut]))
        blocks.add(part_HW)
        counts.append(np.bincount(part_HW.ravel(), minlength=IGNORE + 1)[: store.count_NK.shape[1]])
    halves.count_NK, halves._bytes = np.array(counts, np.int64), blocks.whole()
    return halves


class _Bytes:
    """Bytes one after the other, moved to a file once they are many."""

    def __init__(self, place: Path | None, memory_limit: int) -> None:
        self.place, self.limit = place, memory_limit
        self.parts: list[np.ndarray] = []
        self.length = 0
        self.file: Path | None = None

    def add(self, array: np.ndarray) -> int:
        """Keep a copy; returns where it begins."""
        start, flat = self.length, np.ascontiguousarray(array).reshape(-1)
        self.length += flat.size
        if self.file is not None:
            self._append(flat)
            return start
        self.parts.append(flat)
        if self.length > self.limit:
            self._move()
        return start

    def whole(self) -> np.ndarray:
        if self.file is not None:
            return np.memmap(self.file, np.uint8, mode="c", shape=(self.length,))
        whole = np.empty(self.length, np.uint8)
        place = 0
        while self.parts:  # freed one by one: the whole is in memory twice otherwise
            part = self.parts.pop(0)
            whole[place : place + part.size] = part
            place += part.size
        return whole

    def _move(self) -> None:
        if self.place is None:
            reason = (
                f"{self.length / 2**30:.1f} GiB of decoded images, above the {self.limit / 2**30:.1f} allowed"
            )
            raise UnpoolError(f"{reason}; give an output folder, where they can be kept while training")
        self.place.parent.mkdir(parents=True, exist_ok=True)
        self.file = self.place
        self.file.unlink(missing_ok=True)
        for part in self.parts:
            self._append(part)
        self.parts = []

    def _append(self, flat: np.ndarray) -> None:
        assert self.file is not None
        if shutil.disk_usage(self.file.parent).free < flat.size + BLOCK_BYTES:
            raise UnpoolError(f"the disk of {self.file.parent} has no room for the decoded images; free some")
        with self.file.open("ab") as file:
            flat.tofile(file)
