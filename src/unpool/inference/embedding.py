"""Files to rows: each image is decoded once.

A row holds an image's facts, its thumbnail and its vector.

N images, n of them in a chunk, S network input size, C channels, D numbers in a vector.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar

import numpy as np

from unpool.core.file_identity import is_tag, sample_of
from unpool.errors import UnreadableImageError
from unpool.images.pixel_cache import map_ordered
from unpool.images.reading.decode import Picture
from unpool.images.reading.notes import Note, to_text
from unpool.images.reading.scan import ImageFile, Problem
from unpool.images.resizing import SHARPNESS_SIDE, brightness, luma, sharpness, shrink, thumbnail
from unpool.images.source import Source
from unpool.inference.encoder import Encoder, preferred_batch
from unpool.networks.encoders.function_encoder import NOT_FINITE
from unpool.networks.preprocessing import Preprocessing, stack
from unpool.store.columns import OK, Row, cleared_by_new_content, skipped_row

CHUNK = 4  # images a worker decodes and embeds at a time: the fastest measured, and memory stays small
DECODED_CHUNK = 64  # of images that are decoded already
THUMBNAIL = 160  # longer side in pixels
NO_VECTOR = "encoder"  # problem of an image of which the encoder makes no vector

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class DecodedChunk:
    """Some decoded files.

    `rows` has the facts of each file, `pixels_nSSC` uint8 those that are usable.
    """

    rows: list[Row]
    pixels_nSSC: np.ndarray

    @property
    def usable(self) -> list[Row]:
        """The rows that `pixels_nSSC` belongs to, in the same order."""
        return [row for row in self.rows if row["status"] == OK]


def decode_chunks(
    source: Source, files: Sequence[ImageFile], preprocessing: Preprocessing, workers: int
) -> Iterator[DecodedChunk]:
    """Decode files in order, a few at a time.

    Args:
        source: Where the files are read from.
        files: What to decode.
        preprocessing: Size, channels and crop of the network's input.
        workers: Number of threads.

    Yields:
        The chunks, in the order of `files`.
    """
    source.expect(files)
    try:
        yield from map_ordered(
            lambda chunk: _decode(source, chunk, preprocessing), _chunks(files, CHUNK), workers
        )
    finally:  # a stop does not wait for what was to be read next
        source.expect([])


def embed_chunks(
    source: Source, files: Sequence[ImageFile], preprocessing: Preprocessing, encoder: Encoder, workers: int
) -> Iterator[list[Row]]:
    """Decode and embed files in order.

    On a CPU each worker decodes and embeds chunks of its own, so the cores are busy without waiting for each other. An
    encoder on another device takes one batch after the other, while the workers decode the next ones.

    Args:
        source: Where the files are read from.
        files: What to embed.
        preprocessing: Size, channels and crop of the network's input.
        encoder: Pixels to vectors.
        workers: Number of threads.

    Yields:
        Rows with facts and vectors, in the order of `files`.
    """
    if (batch := preferred_batch(encoder)) is not None:
        decoded = decode_chunks(source, files, preprocessing, workers)
        yield from map_ordered(lambda chunks: _embed(chunks, encoder), _gather(decoded, batch), 1)
        return

    source.expect(files)

    def work(chunk: Sequence[ImageFile]) -> list[Row]:
        return _embed([_decode(source, chunk, preprocessing)], encoder)

    try:
        yield from map_ordered(work, _chunks(files, CHUNK), workers)
    finally:
        source.expect([])


def embed_pixels(pixels_NSSC: np.ndarray, encoder: Encoder, workers: int) -> Iterator[np.ndarray]:
    """Embed images that are decoded already.

    Args:
        pixels_NSSC: uint8, as the network takes them.
        encoder: Pixels to vectors.
        workers: Number of threads.

    Yields:
        Vectors (n, D), in the order of the images.
    """
    batch = preferred_batch(encoder)
    size, workers = (DECODED_CHUNK, workers) if batch is None else (batch, 1)
    starts = range(0, len(pixels_NSSC), size)
    yield from map_ordered(lambda start: encoder(pixels_NSSC[start : start + size]), starts, workers)


def _gather(chunks: Iterable[DecodedChunk], batch: int) -> Iterator[list[DecodedChunk]]:
    """Chunks that have at least `batch` usable images together."""
    gathered: list[DecodedChunk] = []
    num_usable = 0
    for chunk in chunks:
        gathered.append(chunk)
        num_usable += len(chunk.pixels_nSSC)
        if num_usable >= batch:
            yield gathered
            gathered, num_usable = [], 0
    if gathered:
        yield gathered


def _embed(chunks: Sequence[DecodedChunk], encoder: Encoder) -> list[Row]:
    """Rows of all files, with the vectors of those that are usable."""
    usable = [row for chunk in chunks for row in chunk.usable]
    if usable:
        pixels_nSSC = np.concatenate([chunk.pixels_nSSC for chunk in chunks])
        for row, vector in zip(usable, embed_each(encoder, pixels_nSSC), strict=True):
            if isinstance(vector, str):
                kept = {name: row[name] for name in ("bytes", "modified", "stamp")}
                row.update(skipped_row(Problem(row["path"], NO_VECTOR, vector)) | kept)
            else:
                row["vector"] = vector
    return [row for chunk in chunks for row in chunk.rows]


def embed_each(encoder: Encoder, pixels_nSSC: np.ndarray) -> list[np.ndarray | str]:
    """Embed images: a vector of each, or a reason.

    Args:
        encoder: Pixels to vectors; a function of the user's may fail on single images.
        pixels_nSSC: uint8, as the encoder takes them.
    """
    own = getattr(encoder, "embed_each", None)
    if own is not None:
        return list(own(pixels_nSSC))
    vectors_nD = encoder(pixels_nSSC)
    return [vector_D if np.isfinite(vector_D).all() else NOT_FINITE for vector_D in vectors_nD]


def _decode(source: Source, files: Sequence[ImageFile], preprocessing: Preprocessing) -> DecodedChunk:
    rows: list[Row] = []
    pixels = []
    for file in files:
        try:
            picture = source.read(file, max(preprocessing.needed_side, THUMBNAIL // 2))
        except UnreadableImageError as error:
            rows.append(skipped_row(Problem(file.path, error.problem, error.detail), file))
            continue
        rows.append(_facts(file, picture, preprocessing.notes(picture)))
        pixels.append(preprocessing.fit(picture))
    return DecodedChunk(rows, stack(pixels, preprocessing))


def _facts(file: ImageFile, picture: Picture, notes: Sequence[Note]) -> Row:
    grey = luma(shrink(picture.pixels, SHARPNESS_SIDE))  # both measurements cost little there
    return {
        "path": file.path, "id": picture.id, "width": picture.width, "height": picture.height,
        "mode": picture.mode, "bytes": file.bytes, "modified": file.modified, "stamp": file.stamp,
        "sample": None if file.stamp is None or is_tag(file.stamp) else sample_of(file.file), "status": OK,
        "problem": None, "detail": None, "grey": picture.grey, "notes": to_text(notes),
        "thumbnail": thumbnail(picture.pixels, THUMBNAIL),
        "sharpness": sharpness(grey), "brightness": brightness(grey), **asdict(picture.capture),
    } | cleared_by_new_content()  # fmt: skip


def _chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
