"""The rows of a Parquet file.

In one of Hugging Face a column of images holds {bytes, path}, and classes are numbers whose names stand in the schema.

Source: https://huggingface.co/docs/datasets/about_dataset_features
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from unpool.errors import UnpoolError
from unpool.images.archives.parquet_file import ParquetContainer
from unpool.images.labels.field_table import FieldTable
from unpool.images.labels.headings import Knows
from unpool.images.labels.label_json import read_columns

if TYPE_CHECKING:
    import pyarrow as pa

MAGIC = b"PAR1"
SCHEMA_KEY = b"huggingface"
IMAGE_PATH = "path"  # in a column of images


def read_parquet(file: Path, knows: Knows) -> FieldTable:
    """Read rows of paths and fields; pixels are not read.

    Args:
        file: The file.
        knows: Whether a text names an image of the collection.

    Raises:
        UnpoolError: It is damaged, or no column is known to hold paths.
    """
    import pyarrow as pa
    import pyarrow.parquet as parquet

    try:
        with parquet.ParquetFile(file) as opened:
            schema = opened.schema_arrow
            leaves = {name: leaf for name in schema.names if (leaf := _leaf_of(schema.field(name)))}
            table = opened.read(columns=list(leaves.values()))
    except (pa.ArrowException, OSError) as error:
        raise UnpoolError(f"it is a damaged Parquet file: {error}") from None
    classes = _read_classes(schema)
    columns: dict[str, list[object]] = {}
    for name in leaves:
        values = table.column(name).to_pylist()
        if pa.types.is_struct(table.column(name).type):
            values = _image_names(file, name, [value and value[IMAGE_PATH] for value in values], knows)
        convert = _namer(classes[name]) if name in classes else _convert
        columns[name] = [convert(value) for value in values]
    found = read_columns(columns, knows)
    found.left_out += [name for name in schema.names if name not in leaves]
    return found


def _image_names(file: Path, column: str, stored: list[str | None], knows: Knows) -> list[str | None]:
    """The names of a column's images: as a scan of the file calls them, where those are the images in question."""
    if all(name and knows(name) for name in stored):
        return stored
    container = ParquetContainer(file)
    try:
        if container.columns.image != column:
            return stored
    except UnpoolError:  # there are names alone
        return stored
    called = {member.place: member.name for member in container.index.members}
    return [called[row] if row in called and knows(called[row]) else name for row, name in enumerate(stored)]


def _leaf_of(field: pa.Field) -> str:
    """What is read of a column: all of it, the path of an image, or nothing."""
    import pyarrow as pa

    kind = field.type
    if pa.types.is_struct(kind):
        return f"{field.name}.{IMAGE_PATH}" if kind.get_field_index(IMAGE_PATH) >= 0 else ""
    if _is_binary(kind):
        return ""
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        inner = kind.value_type
        return (
            ""
            if pa.types.is_nested(inner) or pa.types.is_floating(inner) or _is_binary(inner)
            else field.name
        )
    return "" if pa.types.is_nested(kind) else str(field.name)


def _is_binary(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(
        pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
    )


def _convert(value: object) -> object:
    """Dates as ISO text, and nothing for NaN, by which pandas says so."""
    if isinstance(value, float) and math.isnan(value):
        return None
    return value.isoformat() if isinstance(value, date | datetime | time) else value


def _namer(names: list[str]) -> Callable[[object], object]:
    """A function that names classes, and lists of them; a number that has no name, such as -1, is nothing."""

    def name_class(value: object) -> object:
        if isinstance(value, list):
            return [name_class(each) for each in value]
        return names[value] if isinstance(value, int) and 0 <= value < len(names) else None

    return name_class


def _read_classes(schema: pa.Schema) -> dict[str, list[str]]:
    """The names of classes, by column, as the schema has them."""
    try:
        features = json.loads((schema.metadata or {})[SCHEMA_KEY])["info"]["features"]
        found = {}
        for name, feature in features.items():
            inner = feature.get("feature", feature) if isinstance(feature, dict) else feature[0]
            if inner.get("_type") == "ClassLabel":
                found[name] = [str(each) for each in inner["names"]]
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        return {}
    return found
