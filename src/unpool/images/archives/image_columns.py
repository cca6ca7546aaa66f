"""Columns of images and classes, and their cells."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from unpool.errors import UnpoolError
from unpool.images.reading.formats import HEAD, sniff

if TYPE_CHECKING:
    import pyarrow as pa

# Where no metadata names one.
CLASS_COLUMNS = ("label", "labels", "class", "category", "class_name", "label_name")


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


def find_columns(schema: pa.Schema, sample: Callable[[str], list[bytes | None]], place: str) -> Columns:
    """Find the columns of images and classes.

    Args:
        schema: The columns.
        sample: Reads some values of a column of bytes.
        place: Path of the file, for messages.

    Returns:
        The columns.

    Raises:
        UnpoolError: No column holds images.
    """
    import pyarrow.types as kinds

    features = _features(schema)
    binary = [field.name for field in schema if _is_binary(field.type)]
    images = [field.name for field in schema if _is_image_struct(field.type)]
    images = images or [name for name in binary if _are_images(sample(name))]
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


def _features(schema: pa.Schema) -> dict[str, dict[str, Any]]:
    """What Hugging Face's metadata say of the columns; nothing where there are none."""
    stored = (schema.metadata or {}).get(b"huggingface", b"{}")
    try:
        features = json.loads(stored)["info"]["features"]
        return {name: each for name, each in features.items() if isinstance(each, dict)}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _is_image_struct(kind: pa.DataType) -> bool:
    import pyarrow.types as kinds

    return kinds.is_struct(kind) and any(field.name == "bytes" and _is_binary(field.type) for field in kind)


def _is_binary(kind: pa.DataType) -> bool:
    import pyarrow as pa
    import pyarrow.types as kinds

    return bool(kinds.is_binary(kind) or kinds.is_large_binary(kind) or kind == pa.binary_view())


def _is_class(kind: pa.DataType) -> bool:
    import pyarrow as pa
    import pyarrow.types as kinds

    if kinds.is_dictionary(kind):  # pandas' categories
        return _is_class(kind.value_type)
    is_text = kinds.is_string(kind) or kinds.is_large_string(kind) or kind == pa.string_view()
    return bool(is_text or kinds.is_integer(kind))


def _are_images(contents: list[bytes | None]) -> bool:
    return any(contents) and all(sniff(content[:HEAD]) is not None for content in contents if content)


def _class_column(schema: pa.Schema, features: dict[str, dict[str, Any]]) -> str:
    """The column of classes: one that metadata call so, else one of a common name; empty for none."""
    stated = [
        name for name, each in features.items() if each.get("_type") == "ClassLabel" and name in schema.names
    ]
    if stated:
        return stated[0]
    for name in CLASS_COLUMNS:
        if name in schema.names and _is_class(schema.field(name).type):
            return name
    return ""


def read_cells(batch: pa.RecordBatch, columns: Columns) -> Iterator[tuple[bytes | None, str, str | None]]:
    """Return bytes, name and class of each row, where read."""
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
