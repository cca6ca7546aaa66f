"""Images in the rows of a Parquet file.

Hugging Face's data sets keep them so.

A row has the bytes of its image, and often its name and its class.
"""

from __future__ import annotations

import os
import threading
from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from unpool.errors import UnreadableImageError
from unpool.images.archives.container import (
    PART_BYTES,
    Container,
    Count,
    Index,
    Member,
    cannot_be_read,
    content_tag,
    keep_index,
)
from unpool.images.archives.image_columns import Columns, find_columns, read_cells
from unpool.images.archives.member_names import claim, clean_name, leads_out, with_class
from unpool.images.reading.formats import ENDINGS, HEAD, has_image_name, sniff
from unpool.images.reading.scan import Problem

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

BATCH_BYTES = 16 << 20  # of rows that are read together
MAX_BATCH = 1024
NUM_BATCHES = 4  # kept in memory
NUM_SNIFFED = 16  # rows that show whether a column of bytes holds images
_ENDING_OF = {name: ending for ending, name in reversed(list(ENDINGS.items()))}


class TableContainer(Container):
    """The images in the rows of a table.

    It is read once from end to end, to name and compare images; what was found is kept for later commands.
    """

    @cached_property
    @abstractmethod
    def columns(self) -> Columns:
        """Which columns are read; raises `UnpoolError` where none holds images."""

    @abstractmethod
    def read_batches(self, names: list[str]) -> Iterator[pa.RecordBatch]:
        """Read some columns, some rows at a time."""

    def build_index(self, count: Count | None = None) -> Index:
        """List the images of all rows."""
        try:
            return keep_index(self.file, lambda: self._read_index(count))
        except (OSError, ValueError) as error:
            raise cannot_be_read(self.file, error) from error

    def _read_index(self, count: Count | None) -> Index:
        index, used, row = Index(), set[str](), 0
        modified, columns = self.file.stat().st_mtime, self.columns
        for batch in self.read_batches([name for name in (columns.image, columns.label) if name]):
            for content, name, label in read_cells(batch, columns):
                self._add(index, used, Member(name, 0, modified, None, row), content, label)
                row += 1
            if count is not None:
                count(len(index.members))
        return index

    def _add(
        self, index: Index, used: set[str], member: Member, content: bytes | None, label: str | None
    ) -> None:
        """Add the image of a row, whose member has its name as stored."""
        path = clean_name(member.name) or f"{member.place:06}"
        if not has_image_name(path):
            path += _ENDING_OF.get(sniff((content or b"")[:HEAD]) or "", "")
        path = claim(with_class(path, label), used)
        index.outside += leads_out(member.name)
        if content is None:
            detail = (
                f"row {member.place} has no bytes, only a name; download the data set with its images in it"
            )
            index.problems.append(Problem(path, "missing", detail))
            return
        index.members.append(replace(member, name=path, bytes=len(content), tag=content_tag((content,))))


class ParquetContainer(TableContainer):
    """The images in a Parquet file.

    Rows are read some at a time, so that memory stays small whatever the file's row groups hold.
    """

    @cached_property
    def columns(self) -> Columns:
        """Which columns are read; raises `UnpoolError` where none holds images."""
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(self.file) as file:
                return find_columns(file.schema_arrow, partial(_sample, file), str(self.file))
        except (OSError, ValueError) as error:
            raise cannot_be_read(self.file, error) from error

    def read_batches(self, names: list[str]) -> Iterator[pa.RecordBatch]:
        """Read some columns, some rows at a time."""
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.file, buffer_size=PART_BYTES) as file:
            for group in range(file.num_row_groups):
                yield from file.iter_batches(_batch_rows(file, group), [group], names)

    def parts(self, member: Member) -> Iterator[bytes]:
        """Read the image of a row.

        Args:
            member: The image.

        Yields:
            Its bytes.

        Raises:
            UnreadableImageError: The file cannot be read there.
        """
        content = self._rows.read(member.place)
        if content is None:
            raise UnreadableImageError("missing", f"row {member.place} has no bytes any more")
        yield content

    @property
    def _rows(self) -> RowReader:
        """The rows of the file as opened by this process."""
        reader: RowReader | None = self.__dict__.get("_reader")
        if reader is None or reader.process != os.getpid():
            self.__dict__["_reader"] = reader = RowReader(self)
        return reader


class RowReader:
    """Reads rows, some at a time.

    It is quick where they are read in their order.

    Args:
        container: The file.
    """

    def __init__(self, container: ParquetContainer) -> None:
        import pyarrow.parquet as pq

        self.process, self._columns = os.getpid(), container.columns
        try:
            self._file: pq.ParquetFile = pq.ParquetFile(container.file, buffer_size=PART_BYTES)
        except (OSError, ValueError) as error:
            raise UnreadableImageError("unreadable", f"the Parquet file cannot be read: {error}") from error
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[int, int], list[bytes | None]] = OrderedDict()
        self._stream: Iterator[pa.RecordBatch] = iter(())
        self._next = (-1, -1)  # the row group, and the batch in it, that the stream gives next

    @cached_property
    def _starts(self) -> list[int]:
        """The first row of each row group, and the number of all rows."""
        starts = [0]
        for group in range(self._file.num_row_groups):
            starts.append(starts[-1] + self._file.metadata.row_group(group).num_rows)
        return starts

    def read(self, row: int) -> bytes | None:
        """Read the bytes of a row.

        None where it has none.
        """
        import bisect

        with self._lock:
            group = bisect.bisect_right(self._starts, row) - 1
            if not 0 <= group < self._file.num_row_groups:
                return None
            batch, place = divmod(row - self._starts[group], _batch_rows(self._file, group))
            if (group, batch) not in self._kept:
                self._advance(group, batch)
            self._kept.move_to_end((group, batch))
            return self._kept[group, batch][place]

    def _advance(self, group: int, batch: int) -> None:
        """Read on to a batch, from the begin of its row group where it is behind."""
        if self._next[0] != group or self._next[1] > batch:
            size = _batch_rows(self._file, group)
            self._stream = self._file.iter_batches(size, [group], [self._columns.content])
            self._next = group, 0
        try:
            while self._next[1] <= batch:
                table = next(self._stream)
                if self._next[1] == batch:
                    self._kept[group, batch] = [content for content, _, _ in read_cells(table, self._columns)]
                self._next = group, self._next[1] + 1
        except (OSError, ValueError, StopIteration) as error:
            self._next = -1, -1
            raise UnreadableImageError("corrupt", f"the Parquet file is damaged there: {error}") from error
        while len(self._kept) > NUM_BATCHES:
            self._kept.popitem(last=False)


def _sample(file: pq.ParquetFile, name: str) -> list[bytes | None]:
    """Some rows in a line, the first ones that have bytes."""
    for batch in file.iter_batches(NUM_SNIFFED, columns=[name]):
        if batch.column(0).null_count < len(batch):
            return list(batch.column(0).to_pylist())
    return []


def _batch_rows(file: pq.ParquetFile, group: int) -> int:
    """How many rows of a row group are read together."""
    facts = file.metadata.row_group(group)
    mean = max(1, facts.total_byte_size // max(1, facts.num_rows))
    return int(min(MAX_BATCH, max(1, BATCH_BYTES // mean)))
