"""The table as one of its spaces sees it.

Vectors, and all that depends on them or their model, are columns of their own: `words@vector` for the space `words`,
which is read and written as `vector` there. Columns of other spaces are not seen. One of the files that know Lance.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from unpool.store.columns import VECTOR, names_from
from unpool.store.spaces.paths import SIGN, space_of

if TYPE_CHECKING:
    import lance
    import pyarrow as pa

_WORD = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|[A-Za-z_]\w*")  # texts in quotes are none


def own_columns() -> tuple[str, ...]:
    """Name the columns that every space has for itself."""
    return (*names_from("model", "vector"), VECTOR)


def as_seen_from(work: Path, dataset: lance.LanceDataset) -> lance.LanceDataset:
    """Return a table as a workspace or space sees it.

    Args:
        work: The workspace, or the path of a space.
        dataset: The whole table.
    """
    return cast("lance.LanceDataset", SpaceView(dataset, space_of(work)))


def whole(dataset: lance.LanceDataset) -> lance.LanceDataset:
    """Return the whole table behind a view."""
    return dataset.whole if isinstance(dataset, SpaceView) else dataset


def to_stored(dataset: lance.LanceDataset, rows: pa.Table) -> pa.Table:
    """Name columns as the table stores them."""
    if not isinstance(dataset, SpaceView):
        return rows
    return rows.rename_columns([dataset.stored(name) for name in rows.column_names])


def to_seen(dataset: lance.LanceDataset, values: Mapping[str, Any]) -> dict[str, Any]:
    """Name columns of the table as they are seen.

    Columns that are not seen are left out.
    """
    if not isinstance(dataset, SpaceView):
        return dict(values)
    return {seen: value for name, value in values.items() if (seen := dataset.seen(name)) is not None}


class SpaceView:
    """A Lance dataset under the names of one space.

    What has no name of a column goes to the whole table as it is.

    Args:
        dataset: The whole table.
        space: The space; None for the workspace itself.
    """

    def __init__(self, dataset: lance.LanceDataset, space: str | None) -> None:
        self.whole, self.space = dataset, space
        self._prefix = "" if space is None else f"{space}{SIGN}"
        self._own = frozenset(own_columns())

    def __getattr__(self, name: str) -> object:
        return getattr(self.whole, name)

    def stored(self, name: str) -> str:
        """Name a column as the table stores it."""
        return f"{self._prefix}{name}" if name in self._own else name

    def seen(self, name: str) -> str | None:
        """Name a column of the table as it is seen.

        None where it is another space's.
        """
        if self._prefix and name.startswith(self._prefix):
            return name.removeprefix(self._prefix)
        return None if SIGN in name or (self._prefix and name in self._own) else name

    @property
    def schema(self) -> pa.Schema:
        """The columns that are seen."""
        import pyarrow as pa

        named = [(self.seen(field.name), field) for field in self.whole.schema]
        return pa.schema([field.with_name(name) for name, field in named if name is not None])

    def to_table(
        self,
        columns: Sequence[str] | None = None,
        filter: str | None = None,  # noqa: A002 - as Lance names it
        nearest: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> pa.Table:
        """Read rows, as the whole table does.

        Args:
            columns: Those to read; None for all that are seen.
            filter: SQL condition on them.
            nearest: What Lance takes for a search by vectors.
            options: Of Lance.

        Returns:
            The rows.
        """
        names = self.schema.names if columns is None else columns
        sought = None if nearest is None else {**nearest, "column": self.stored(nearest["column"])}
        rows = self.whole.to_table(
            [self.stored(name) for name in names], self._condition(filter), nearest=sought, **options
        )
        return self._named(rows)

    def take(self, indices: Any, columns: Sequence[str] | None = None) -> pa.Table:
        """Read rows by their places, as the whole table does."""
        names = self.schema.names if columns is None else columns
        return self._named(self.whole.take(indices, columns=[self.stored(name) for name in names]))

    def to_batches(
        self,
        columns: Sequence[str],
        filter: str | None = None,  # noqa: A002 - as Lance names it
        **options: Any,
    ) -> Iterable[pa.RecordBatch]:
        """Read rows in parts, as the whole table does.

        Args:
            columns: Those to read.
            filter: SQL condition on them.
            options: Of Lance.

        Returns:
            The parts.
        """
        stored, condition = [self.stored(name) for name in columns], self._condition(filter)
        for batch in self.whole.to_batches(columns=stored, filter=condition, **options):
            yield batch.rename_columns([self.seen(name) or name for name in batch.schema.names])

    def count_rows(self, filter: str | None = None) -> int:  # noqa: A002 - as Lance names it
        """Count rows, as the whole table does."""
        return int(self.whole.count_rows(self._condition(filter)))

    def add_columns(self, fields: pa.Field | pa.Schema) -> None:
        """Add empty columns."""
        import pyarrow as pa

        every = list(fields) if isinstance(fields, pa.Schema) else [fields]
        self.whole.add_columns(pa.schema([field.with_name(self.stored(field.name)) for field in every]))

    def drop_columns(self, columns: Sequence[str]) -> None:
        """Remove columns."""
        self.whole.drop_columns([self.stored(name) for name in columns])

    def describe_indices(self) -> list[Any]:
        """List the indices that are seen."""
        named = [(self._seen_index(index.name), index) for index in self.whole.describe_indices()]
        return [_NamedIndex(name, index) for name, index in named if name is not None]

    def create_index(self, column: str, index_type: str, name: str, **options: Any) -> None:
        """Make an index of a column.

        Args:
            column: What it is of.
            index_type: As Lance names it.
            name: Of the index.
            options: Of Lance.
        """
        self.whole.create_index(self.stored(column), index_type, name=f"{self._prefix}{name}", **options)

    def drop_index(self, name: str) -> None:
        """Remove an index."""
        self.whole.drop_index(f"{self._prefix}{name}")

    def _seen_index(self, name: str) -> str | None:
        if self._prefix:
            return name.removeprefix(self._prefix) if name.startswith(self._prefix) else None
        return None if SIGN in name else name

    def _named(self, rows: pa.Table) -> pa.Table:
        return rows.rename_columns([self.seen(name) or name for name in rows.column_names])

    def _condition(self, condition: str | None) -> str | None:
        return None if condition is None else _WORD.sub(self._stored_word, condition)

    def _stored_word(self, found: re.Match[str]) -> str:
        word = found[0]
        name = word[1:-1] if word.startswith("`") else word
        stored = self.stored(name)
        return word if stored == name else f"`{stored}`"


class _NamedIndex:
    """An index under the name by which it is seen."""

    def __init__(self, name: str, index: Any) -> None:
        self.name, self._index = name, index

    def __getattr__(self, name: str) -> object:
        return getattr(self._index, name)
