"""Images in the rows of an Arrow file.

The library `datasets` saves them so.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.archives.container import Member, cannot_be_read
from unpool.images.archives.image_columns import Columns, find_columns, read_cells
from unpool.images.archives.parquet_file import NUM_SNIFFED, TableContainer

if TYPE_CHECKING:
    import pyarrow as pa

FILE_MAGIC, STREAM_MAGIC = b"ARROW1", b"\xff\xff\xff\xff"
BATCH_ROWS = 64


class ArrowContainer(TableContainer):
    """The images in an Arrow file.

    It is mapped into memory: no row is read before it is needed.
    """

    @cached_property
    def columns(self) -> Columns:
        """Which columns are read; raises `UnpoolError` where none holds images."""
        import pyarrow.compute as pc

        table = self._table

        def sample(name: str) -> list[bytes | None]:
            first = pc.index(pc.is_valid(table[name]), True).as_py()
            contents: list[bytes | None] = table[name].slice(max(0, first), NUM_SNIFFED).to_pylist()
            return contents

        return find_columns(table.schema, sample, str(self.file))

    @property
    def _table(self) -> pa.Table:
        """The file as this process has mapped it."""
        known = self.__dict__.get("_mapped")
        if known is None or known[0] != os.getpid():
            self.__dict__["_mapped"] = known = os.getpid(), self._map()
        table: pa.Table = known[1]
        return table

    def _map(self) -> pa.Table:
        import pyarrow as pa

        try:
            mapped = pa.memory_map(str(self.file))
            is_stream = mapped.read(len(STREAM_MAGIC)) == STREAM_MAGIC
            mapped.seek(0)
            return (pa.ipc.open_stream(mapped) if is_stream else pa.ipc.open_file(mapped)).read_all()
        except (OSError, ValueError) as error:
            raise cannot_be_read(self.file, error) from error

    def read_batches(self, names: list[str]) -> Iterator[pa.RecordBatch]:
        """Read some columns, some rows at a time."""
        yield from self._table.select(names).to_batches(BATCH_ROWS)

    def parts(self, member: Member) -> Iterator[bytes]:
        """Read the image of a row.

        Args:
            member: The image.

        Yields:
            Its bytes.

        Raises:
            UnreadableImageError: The file cannot be read there.
        """
        try:
            table = self._table.select([self.columns.image]).slice(member.place, 1)
        except UnpoolError as error:
            raise UnreadableImageError("unreadable", str(error)) from error
        for batch in table.to_batches():
            for content, _, _ in read_cells(batch, self.columns):
                yield content or b""
