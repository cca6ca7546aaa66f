"""Images in the rows of a Parquet file.

Hugging Face's data sets keep them so.

A row has the bytes of its image, and often its name and its class.
"""

from __future__ import annotations

import json
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from unpool.errors import UnpoolError, UnreadableImageError
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
from unpool.images.archives.member_names import claim, clean_name, leads_out, with_class
from unpool.images.reading.formats import ENDINGS, HEAD, has_image_name, sniff
from unpool.images.reading.scan import Problem

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

CLASS_COLUMNS = (
    "label",
    "labels",
    "class",
    "category",
    "class_name",
    "label_name",
)  # where no metadata names one
BATCH_BYTES = 16 << 20  # of rows that are read together
MAX_BATCH = 1024
NUM_BATCHES = 4  # kept in memory
NUM_SNIFFED = 16  # rows that show whether a column of bytes holds images
_ENDING_OF = {name: ending for ending, name in reversed(list(ENDINGS.items()))}


@dataclass(frozen=True)
class Columns:
    """Which columns are read.

    `image` has the images, `content` its bytes, `name` their names, empty where there are none; `label` is the column
    of classes, empty likewise, whose numbers stand for `class_names`. `others` hold images too, and are not read.
    """

    image: str
    content: str
    name: str = ""
    label: str = ""
    class_names: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()  # all columns without bytes


class ParquetContainer(Container):
    """The images in a Parquet file.

    It is read once from end to end, to name and compare images; what was found is kept for later commands. Rows are
    then read some at a time, so that memory stays small whatever the file's row groups hold.
    """

    def build_index(self, count: Count | None = None) -> Index:
        """List the images of all rows."""
        try:
            return keep_index(self.file, lambda: self._read_index(count))
        except (OSError, ValueError) as error:
            raise cannot_be_read(self.file, error) from error

    @cached_property
    def columns(self) -> Columns:
        """Which columns are read; raises `UnpoolError` where none holds images."""
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(self.file) as file:
                return find_columns(file, str(self.file))
        except (OSError, ValueError) as error:
            raise cannot_be_read(self.file, error) from error

    def _read_index(self, count: Count | None) -> Index:
        import pyarrow.parquet as pq

        index, used, row = Index(), set[str](), 0
        modified = self.file.stat().st_mtime
        columns = self.columns
        with pq.ParquetFile(self.file, buffer_size=PART_BYTES) as file:
            names = [name for name in (columns.image, columns.label) if name]
            for group in range(file.num_row_groups):
                for batch in file.iter_batches(_batch_rows(file, group), [group], names):
                    for content, name, label in _cells(batch, columns):
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
                    self._kept[group, batch] = [content for content, _, _ in _cells(table, self._columns)]
                self._next = group, self._next[1] + 1
        except (OSError, ValueError, StopIteration) as error:
            self._next = -1, -1
            raise UnreadableImageError("corrupt", f"the Parquet file is damaged there: {error}") from error
        while len(self._kept) > NUM_BATCHES:
            self._kept.popitem(last=False)


def find_columns(file: pq.ParquetFile, place: str) -> Columns:
    """Find the columns of images and classes.

    Args:
        file: An open Parquet file.
        place: Its path, for messages.

    Returns:
        The columns.

    Raises:
        UnpoolError: No column holds images.
    """
    import pyarrow.types as kinds

    schema, features = file.schema_arrow, _features(file)
    binary = [field.name for field in schema if _is_binary(field.type)]
    images = [field.name for field in schema if _is_image_struct(field.type)]
    images = images or [name for name in binary if _holds_images(file, name)]
    if not images:
        raise UnpoolError(
            f"{place} has no column of images among {', '.join(schema.names) or 'none'}; give a file with their bytes"
        )
    image, label = images[0], _class_column(schema, features)
    names = features.get(label, {}).get("names") or () if label else ()
    is_struct = kinds.is_struct(schema.field(image).type)
    return Columns(
        image, f"{image}.bytes" if is_struct else image, f"{image}.path" if is_struct else "", label,
        tuple(map(str, names)), tuple(images[1:]),
        tuple(name for name in schema.names if name not in images and name not in binary),
    )  # fmt: skip


def _features(file: pq.ParquetFile) -> dict[str, dict[str, Any]]:
    """What Hugging Face's metadata say of the columns; nothing where there are none."""
    stored = (file.schema_arrow.metadata or {}).get(b"huggingface", b"{}")
    try:
        features = json.loads(stored)["info"]["features"]
    except (ValueError, KeyError, TypeError):
        return {}
    return {name: each for name, each in features.items() if isinstance(each, dict)}


def _is_image_struct(kind: pa.DataType) -> bool:
    import pyarrow.types as kinds

    return kinds.is_struct(kind) and any(field.name == "bytes" and _is_binary(field.type) for field in kind)


def _is_binary(kind: pa.DataType) -> bool:
    import pyarrow.types as kinds

    return bool(kinds.is_binary(kind) or kinds.is_large_binary(kind))


def _holds_images(file: pq.ParquetFile, name: str) -> bool:
    batch = next(file.iter_batches(NUM_SNIFFED, columns=[name]), None)
    contents = [content for content in batch.column(0).to_pylist() if content] if batch else []
    return bool(contents) and all(sniff(content[:HEAD]) is not None for content in contents)


def _class_column(schema: pa.Schema, features: dict[str, dict[str, Any]]) -> str:
    """The column of classes: one that metadata call so, else one of a common name; empty for none."""
    import pyarrow.types as kinds

    stated = [
        name for name, each in features.items() if each.get("_type") == "ClassLabel" and name in schema.names
    ]
    if stated:
        return stated[0]
    for name in CLASS_COLUMNS:
        if name in schema.names:
            kind = schema.field(name).type
            if kinds.is_integer(kind) or kinds.is_string(kind) or kinds.is_large_string(kind):
                return name
    return ""


def _batch_rows(file: pq.ParquetFile, group: int) -> int:
    """How many rows of a row group are read together."""
    facts = file.metadata.row_group(group)
    mean = max(1, facts.total_byte_size // max(1, facts.num_rows))
    return int(min(MAX_BATCH, max(1, BATCH_BYTES // mean)))


def _cells(batch: pa.RecordBatch, columns: Columns) -> Iterator[tuple[bytes | None, str, str | None]]:
    """Bytes, name and class of each row, as far as they were read."""
    labels = batch.column(columns.label).to_pylist() if columns.label in batch.schema.names else None
    for row, cell in enumerate(batch.column(columns.image)):
        value = cell.as_py() or {}
        stored = {"bytes": value} if isinstance(value, bytes) else value
        label = None if labels is None else _class_name(labels[row], columns.class_names)
        yield stored.get("bytes"), str(stored.get("path") or ""), label


def _class_name(value: object, names: tuple[str, ...]) -> str | None:
    if value is None:
        return None
    if isinstance(value, int) and names:
        return names[value] if 0 <= value < len(names) else None
    return PurePosixPath(str(value)).as_posix() if str(value).strip() else None
