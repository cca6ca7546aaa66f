"""Rows of images whose vectors were made elsewhere.

Images are decoded for their facts and thumbnails, and no network is run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from unpool.core.cpu import usable_cores
from unpool.core.progress import Progress
from unpool.engines.embedding import EmbeddingJob
from unpool.errors import UnpoolError
from unpool.inference.embedding import decode_chunks
from unpool.inference.vectors.vector_file import VectorFile
from unpool.inference.vectors.vector_matching import MatchedVectors, describe_missing, match_vectors
from unpool.networks.preprocessing import Preprocessing
from unpool.store.columns import Row
from unpool.store.table import ImageTable, has_table

SIDE = 32  # pixels of the input that no network takes


class VectorEngine:
    """Takes vectors from a file, by the paths of images.

    Args:
        vectors: Those of the file; without any, images that are new get none.
    """

    num_actors = 0

    def __init__(self, vectors: MatchedVectors = MatchedVectors()) -> None:  # noqa: B008 - frozen
        self.vectors, self.num_missing = vectors, 0

    def report_missing(self, work: Path, progress: Progress) -> None:
        """Say that images got no vector, without a file."""
        if self.vectors.file is None and self.num_missing:
            progress.message(describe_missing(self.num_missing, work))

    @contextmanager
    def embedding(self, job: EmbeddingJob) -> Iterator[Iterator[list[Row]]]:
        """Get ready to read the images.

        Yields what `LocalEngine` does, without a vector where the file has none.
        """
        self.num_missing = 0
        yield self._rows(job)

    def _rows(self, job: EmbeddingJob) -> Iterator[list[Row]]:
        for chunk in decode_chunks(job.source, job.files, Preprocessing(SIDE), usable_cores()):
            for row in chunk.usable:
                row["vector"] = self.vectors.vector_of(row["path"])
                self.num_missing += row["vector"] is None
            yield chunk.rows


def match_images(
    vectors: VectorFile, images: Sequence[str], location: str, work: Path, progress: Progress
) -> VectorEngine:
    """Match a file with the images, before anything is written.

    Args:
        vectors: Of the file.
        images: The paths of all images.
        location: Where they are.
        work: The workspace, which may not be there yet.
        progress: Receives what was matched.

    Returns:
        What takes each vector from the file.

    Raises:
        UnpoolError: nothing matches, or the workspace has vectors of another length.
    """
    dimension = ImageTable(work).dimension if has_table(work) else None
    if dimension not in (None, vectors.dimension):
        raise UnpoolError(
            f"{vectors.file} has vectors of {vectors.dimension} numbers, but those of {work} have {dimension}; keep "
            "both with --space NAME, or name another workspace with --work"
        )
    matched = match_vectors(vectors, images, [location] if Path(location).is_absolute() else [])
    progress.message(matched.describe())
    return VectorEngine(matched)
