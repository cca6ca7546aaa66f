"""One reader for label files, whatever program wrote them."""

from __future__ import annotations

from pathlib import Path

from unpool.core.text.encodings import decode_text
from unpool.errors import UnpoolError
from unpool.images.labels.headings import Knows
from unpool.images.labels.label_json import read_columns, read_json
from unpool.images.labels.label_table import LabelTable, read_table

JSON_ENDINGS = frozenset({".json", ".jsonl", ".ndjson"})
PARQUET = b"PAR1"
# How files begin that hold tables, but no text.
FOREIGN = {
    b"PK\x03\x04": "a spreadsheet or an archive; save the table as CSV",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet; save the table as CSV",
    b"\x1f\x8b": "compressed; unpack it first",
    b"SQLite format 3": "a database; export the table as CSV",
    b"%PDF": "a PDF; give a CSV",
}


def read_label_file(file: Path, knows: Knows) -> LabelTable:
    """Read the rows of a label file.

    CSV with commas, semicolons, tabs, bars or blanks, JSON, JSON lines, COCO and Parquet; text in UTF-8, UTF-16,
    UTF-32 or Windows-1252.

    Args:
        file: The file.
        knows: Whether a text names an image of the collection.

    Raises:
        UnpoolError: The file is missing, is no table, or a line of it does not fit.
    """
    try:
        content = file.read_bytes()
    except FileNotFoundError as error:
        raise UnpoolError(f"there is no file {file}; give `folders` or a file of path,label") from error
    except OSError as error:
        raise UnpoolError(
            f"{file} cannot be read: {error.strerror}; give `folders` or a file of path,label"
        ) from error
    try:
        return _read(file, content, knows)
    except UnpoolError as error:
        raise UnpoolError(f"{file} cannot be used for labels: {error}") from None


def _read(file: Path, content: bytes, knows: Knows) -> LabelTable:
    if content.startswith(PARQUET):
        return _read_parquet(content, knows)
    for start, what in FOREIGN.items():
        if content.startswith(start):
            raise UnpoolError(f"it is {what}")
    try:
        decoded = decode_text(content)
    except UnicodeDecodeError:
        raise UnpoolError("it is no text; give a CSV of path,label") from None
    if "\0" in decoded.text:
        raise UnpoolError("it is no text; give a CSV of path,label")
    table = _read_text(file, decoded.text, knows)
    if decoded.is_guessed:
        table.remarks.append(
            "it is no UTF-8 and was read as Windows-1252; save it as UTF-8 where names look wrong"
        )
    return table


def _read_text(file: Path, text: str, knows: Knows) -> LabelTable:
    is_json = file.suffix.lower() in JSON_ENDINGS
    if is_json or text.lstrip()[:1] in ("{", "["):
        try:
            return read_json(text, knows)
        except (ValueError, RecursionError) as error:
            if is_json:
                raise UnpoolError(f"it is no JSON: {error}") from None
    return read_table(text, knows)


def _read_parquet(content: bytes, knows: Knows) -> LabelTable:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    try:
        table = parquet.read_table(pa.BufferReader(content))
    except pa.ArrowException as error:
        raise UnpoolError(f"it is a damaged Parquet file: {error}") from None
    simple = {
        name: column.to_pylist()
        for name, column in zip(table.column_names, table.columns, strict=True)
        if not pa.types.is_nested(column.type) and not pa.types.is_binary(column.type)
    }
    return read_columns(simple, knows)
