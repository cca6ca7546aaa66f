"""Compare pairs of images by their originals.

Thumbnails stand in for those that are gone.

Shapes: P pairs of rows.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from unpool.analysis.checks.artefacts import blockiness, plainness
from unpool.analysis.checks.edge_widths import edge_width
from unpool.analysis.checks.local_differences import MAX_SIDE, local_excess
from unpool.analysis.checks.turned_copies import Pose
from unpool.core.cpu import usable_cores
from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.pixel_cache import map_ordered
from unpool.images.reading.decode import Picture
from unpool.images.reading.losses import is_lossless
from unpool.images.remote.fetching import Fetcher
from unpool.images.source import Source
from unpool.report.drawing import open_thumbnail
from unpool.store.origin import source_of
from unpool.store.thumbnails import Thumbnails

MAX_PAIRS = 5000  # whose originals are read; the rest is compared by thumbnails
NUM_CACHED = 48  # pictures of some 0.6 MB
CLEARLY_DIFFERENT = 2.0  # excess of thumbnails beyond which originals need not be read
SAME_SIZE = 0.97  # share of the most pixels of a set, from which on a picture counts as large as it
LOSSY_ENDINGS = (".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".avif", ".heic", ".heif")
THUMBNAIL_BLUR = 0.56  # pixels: what a thumbnail itself is blurred by
BLOCKY = (0.15, 1.5)  # blockiness of what was a JPEG; beyond it the picture has a grid of its own
MIN_PLAIN = 0.76  # share of equal neighbours from which on a picture of few colours is a drawing

Pairs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the table says of the images, by row."""

    paths: Sequence[str]
    ids: Sequence[str]
    modes: Sequence[str]
    pixels: npt.NDArray[np.float64]
    bytes: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Original:
    """An original at the size of the comparison, and what compression has left in its pixels."""

    image: Image.Image
    is_drawing: bool
    is_blocky: bool


class Originals:
    """Verifies pairs by their originals, and elects what to keep.

    `unsure` has the pairs whose originals were not read, since they are gone, have changed or are too many.

    Args:
        work: The workspace, which knows where the images are.
        facts: What its table says of them.
        thumbnails: Their thumbnails, in the same order.
    """

    def __init__(self, work: Path, facts: Facts, thumbnails: Thumbnails) -> None:
        self.facts, self.thumbnails = facts, thumbnails
        self.source = _open_source(work)
        self.unsure: set[tuple[int, int]] = set()
        self._thumbnail_digest_N = np.zeros(len(facts.paths), np.uint64)
        self.num_pairs = 0
        self._read = functools.lru_cache(NUM_CACHED)(self._read_original)
        self._thumbnail = functools.lru_cache(NUM_CACHED)(self._read_thumbnail)

    def note_thumbnails(self, start: int, contents: Sequence[bytes | None]) -> None:
        """Note thumbnails, so that equal ones need no comparison.

        Args:
            start: The first of the rows.
            contents: Their thumbnails.
        """
        for row, content in enumerate(contents, start):
            if content is not None:
                digest = hashlib.blake2b(content, digest_size=8).digest()
                self._thumbnail_digest_N[row] = int.from_bytes(digest, "little")

    def verify(self, pair_P2: Pairs, poses: Sequence[Pose] | None = None) -> Bools:
        """Return which pairs show the same everywhere.

        Args:
            pair_P2: Rows, two of each pair.
            poses: How the second of each pair was made of the first; None for as it is.

        Returns:
            (P,).
        """
        pairs = [
            (int(one), int(other), self.num_pairs + place < MAX_PAIRS, poses[place] if poses else None)
            for place, (one, other) in enumerate(pair_P2)
        ]
        self.num_pairs += len(pairs)
        return np.fromiter(
            map_ordered(lambda pair: self._is_same(*pair), pairs, usable_cores()), bool, len(pairs)
        )

    def elect(self, rows: Sequence[int]) -> int:
        """Return the picture without losses.

        Of those as large as the largest: without losses, with more than 8 bits, most pixels, most bytes, and else the
        first.
        """
        largest = max(self.facts.pixels[row] for row in rows)
        candidates = [row for row in rows if self.facts.pixels[row] >= SAME_SIZE * largest]
        return max(candidates, key=lambda row: (*self._quality(row), -row))

    def edge_widths(self, rows: Sequence[int], most: int) -> Iterator[float]:
        """Measure how wide the sharpest edges of each picture are.

        Args:
            rows: Pictures.
            most: Of how many the originals are read; thumbnails stand in for others, and for those that are gone.

        Returns:
            Pixels of originals of 512 pixels, NaN where there is nothing to measure.
        """
        places = ((row, place < most) for place, row in enumerate(rows))
        return map_ordered(lambda place: self._edge_width(*place), places, usable_cores())

    def was_compared(self, one: int, other: int) -> bool:
        """Whether the originals of a pair were compared."""
        return (min(one, other), max(one, other)) not in self.unsure

    def _quality(self, row: int) -> tuple[float, ...]:
        is_deep = self.facts.modes[row].startswith(("I", "F")) or "16" in self.facts.modes[row]
        return self._rank(row), is_deep, float(self.facts.pixels[row]), float(self.facts.bytes[row])

    def _rank(self, row: int) -> int:
        """3 without losses, 2 with traces of a JPEG, 1 compressed with losses, 0 reduced to few colours.

        A drawing loses nothing by a palette.
        """
        original = self._read(row)
        if self._has_palette(row) and not (original and original.is_drawing):
            return 0
        found = self._is_lossless(row)
        if found is None:
            found = not self.facts.paths[row].lower().endswith(LOSSY_ENDINGS)
        if not found:
            return 1
        return 2 if original and original.is_blocky else 3

    def _is_lossless(self, row: int) -> bool | None:
        """Whether the original was compressed without losses, None where its file does not say so."""
        if self.source is None:
            return None
        file = self.source.locate(self.facts.paths[row])
        if not isinstance(self.source, Fetcher):
            return is_lossless(file.file)
        try:
            with self.source.fetch(file) as copy:
                return is_lossless(copy)
        except UnreadableImageError:
            return None

    def _is_same(self, one: int, other: int, may_read: bool, pose: Pose | None) -> bool:
        small = self._excess_of_thumbnails(one, other, pose)
        if small is not None and small > CLEARLY_DIFFERENT:
            return False
        first, second = (self._read(row) if may_read else None for row in (one, other))
        if first is None or second is None:
            self.unsure.add((min(one, other), max(one, other)))
            return small is None or small <= 1
        is_reduced = [
            self._has_palette(row) and not each.is_drawing for row, each in ((one, first), (other, second))
        ]
        full = _excess(first.image, _rotate_back(second.image, pose), is_reduced[0] != is_reduced[1])
        return full is not None and full <= 1

    def _excess_of_thumbnails(self, one: int, other: int, pose: Pose | None) -> float | None:
        if pose is None and self._thumbnail_digest_N[one] == self._thumbnail_digest_N[other] != 0:
            return 0.0
        return _excess(
            self._thumbnail(one),
            _rotate_back(self._thumbnail(other), pose),
            self._has_palette(one) != self._has_palette(other),
        )

    def _edge_width(self, row: int, may_read: bool) -> float:
        picture = self._read_picture(row) if may_read else None
        if picture is not None:
            return edge_width(np.asarray(_shrink(picture.pixels).convert("L")))
        thumbnail = self._thumbnail(row)
        if thumbnail is None:
            return float("nan")
        width = edge_width(np.asarray(thumbnail.convert("L")), 0.5)
        own_side = float(np.sqrt(self.facts.pixels[row] * max(thumbnail.size) / min(thumbnail.size)))
        reduced = max(1.0, min(float(MAX_SIDE), own_side) / max(thumbnail.size))
        return reduced * float(np.sqrt(np.maximum(0, width**2 - THUMBNAIL_BLUR**2)))

    def _has_palette(self, row: int) -> bool:
        return self.facts.modes[row] in ("P", "PA")

    def _read_thumbnail(self, row: int) -> Image.Image | None:
        return open_thumbnail(self.thumbnails.take([row])[0])

    def _read_original(self, row: int) -> _Original | None:
        picture = self._read_picture(row)
        if picture is None:
            return None
        is_whole = picture.pixels.shape[:2] == (picture.height, picture.width)
        is_blocky = is_whole and BLOCKY[0] < blockiness(picture.pixels) < BLOCKY[1]
        return _Original(_shrink(picture.pixels), plainness(picture.pixels) >= MIN_PLAIN, is_blocky)

    def _read_picture(self, row: int) -> Picture | None:
        """The original, None where it is gone or has changed since it was embedded."""
        if self.source is None:
            return None
        try:
            picture = self.source.read(self.source.locate(self.facts.paths[row]), MAX_SIDE // 2)
        except (UnreadableImageError, KeyError):
            return None
        return picture if picture.id == self.facts.ids[row] else None


def _shrink(pixels: np.ndarray) -> Image.Image:
    image = Image.fromarray(pixels)
    image.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.BICUBIC)
    return image


def _rotate_back(image: Image.Image | None, pose: Pose | None) -> Image.Image | None:
    if image is None or pose is None:
        return image
    return Image.fromarray(np.ascontiguousarray(pose.undo(np.asarray(image), (0, 1))))


def _excess(one: Image.Image | None, other: Image.Image | None, is_palette: bool) -> float | None:
    return None if one is None or other is None else local_excess(one, other, is_palette=is_palette)


def _open_source(work: Path) -> Source | None:
    """The images of a workspace, None where they cannot be had."""
    try:
        return source_of(work)
    except (UnpoolError, OSError):
        return None
