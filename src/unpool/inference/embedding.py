"""Files to rows: each image decoded once, turned into its facts, its thumbnail and its vector.

N images, S network input size, C channels, D numbers in a vector.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np

from unpool.errors import UnreadableImageError
from unpool.images.pixel_cache import map_ordered
from unpool.images.reading.decode import Picture, brightness, sharpness, square, thumbnail
from unpool.images.reading.scan import ImageFile, Problem
from unpool.images.source import Source
from unpool.inference.encoder import Encoder
from unpool.store.columns import Row, skipped_row

CHUNK = 4  # images a worker decodes and embeds at a time: the fastest measured, and memory stays small
THUMBNAIL = 160  # longer side in pixels

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Form:
    """How a network wants its images: side in pixels, channels, and what is cut off (`centre`, `squash`)."""

    size: int
    channels: Literal[1, 3]
    crop: Literal["centre", "squash"]

    def fit(self, picture: Picture) -> np.ndarray:
        """The picture as (S, S, C) uint8."""
        return square(picture.pixels, self.size, crop=self.crop, channels=self.channels)


@dataclass(frozen=True, slots=True)
class DecodedChunk:
    """Some files, decoded: a row of facts for each, and pixels (n, S, S, C) uint8 of those that are usable."""

    rows: list[Row]
    pixels_NSSC: np.ndarray

    @property
    def usable(self) -> list[Row]:
        """The rows that `pixels_NSSC` belongs to, in the same order."""
        return [row for row in self.rows if row["status"] == "ok"]


def decode_chunks(
    source: Source, files: Sequence[ImageFile], form: Form, workers: int
) -> Iterator[DecodedChunk]:
    """Decode `files` in order, a few at a time, on `workers` threads."""
    yield from map_ordered(lambda chunk: _decode(source, chunk, form), _chunks(files, CHUNK), workers)


def embed_chunks(
    source: Source, files: Sequence[ImageFile], form: Form, encoder: Encoder, workers: int
) -> Iterator[list[Row]]:
    """Rows with facts and vectors, in the order of `files`.

    Each worker decodes and embeds chunks of its own, so the cores are busy without waiting for each other.
    """

    def work(chunk: Sequence[ImageFile]) -> list[Row]:
        decoded = _decode(source, chunk, form)
        if len(decoded.pixels_NSSC):
            for row, vector in zip(decoded.usable, encoder(decoded.pixels_NSSC), strict=True):
                row["vector"] = vector
        return decoded.rows

    yield from map_ordered(work, _chunks(files, CHUNK), workers)


def embed_pixels(pixels_NSSC: np.ndarray, encoder: Encoder, workers: int) -> Iterator[np.ndarray]:
    """Vectors (n, D) of images that are decoded already, in order."""
    starts = range(0, len(pixels_NSSC), 64)
    yield from map_ordered(lambda start: encoder(pixels_NSSC[start : start + 64]), starts, workers)


def _decode(source: Source, files: Sequence[ImageFile], form: Form) -> DecodedChunk:
    rows: list[Row] = []
    pixels = []
    for file in files:
        try:
            picture = source.read(file, max(form.size, THUMBNAIL // 2))
        except UnreadableImageError as error:
            rows.append(skipped_row(Problem(file.path, error.problem, error.detail), file))
            continue
        rows.append(_facts(file, picture))
        pixels.append(form.fit(picture))
    shape = (0, form.size, form.size, form.channels)
    return DecodedChunk(rows, np.stack(pixels) if pixels else np.zeros(shape, np.uint8))


def _facts(file: ImageFile, picture: Picture) -> Row:
    return {
        "path": file.path, "id": picture.id, "width": picture.width, "height": picture.height,
        "mode": picture.mode, "bytes": file.bytes, "modified": file.modified, "status": "ok",
        "problem": None, "detail": None, "grey": picture.grey,
        "thumbnail": thumbnail(picture.pixels, THUMBNAIL),
        "sharpness": sharpness(picture.pixels), "brightness": brightness(picture.pixels),
        # What was found in an older file of that name.
        "reconstruction_error": None, "outlier_score": None, "duplicate_of": None,
        "suggestion": None, "suggestion_confidence": None, "group": None, "probability": None, "x": None, "y": None,
    }  # fmt: skip


def _chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
