"""One reader for files that label images.

The content says which program wrote them.
"""

from __future__ import annotations

from pathlib import Path

from unpool.core.text.encodings import decode_text
from unpool.errors import UnpoolError
from unpool.images.archives.containers import open_container
from unpool.images.archives.tar_file import TarContainer
from unpool.images.labels.field_table import FieldTable, LabelTable, drop_index, read_label_rows
from unpool.images.labels.headings import Knows
from unpool.images.labels.label_bundle import list_metadata, read_member, unite_tables
from unpool.images.labels.label_json import read_json
from unpool.images.labels.label_parquet import MAGIC, read_parquet
from unpool.images.labels.label_table import read_table
from unpool.images.labels.sample_fields import read_samples
from unpool.images.labels.tools.cvat_tags import read_cvat
from unpool.images.labels.tools.label_studio import drop_bookkeeping

JSON_ENDINGS = (".json", ".jsonl", ".ndjson")
XML_ENDING = ".xml"
XML_STARTS = ("<?xml", "<annotations")
ZIP = b"PK\x03\x04"
# How files begin that hold tables, but no text.
FOREIGN = {
    b"\xd0\xcf\x11\xe0": "an old spreadsheet; save the table as CSV",
    b"\x1f\x8b": "compressed; unpack it first",
    b"SQLite format 3": "a database; export the table as CSV",
    b"%PDF": "a PDF; give a CSV",
}


def read_label_file(file: Path, knows: Knows) -> LabelTable:
    """Read the rows of a label file.

    All that `read_field_file` reads.

    Args:
        file: The file.
        knows: Whether a text names an image of the collection.

    Raises:
        UnpoolError: The file is missing, is no table, has no labels, or a line of it does not fit.
    """
    table = read_field_file(file, knows)
    try:
        return read_label_rows(table)
    except UnpoolError as error:
        raise UnpoolError(f"{file} cannot be used for labels: {error}") from None


def read_field_file(file: Path, knows: Knows) -> FieldTable:
    """Read all that a file says of images.

    CSV with commas, semicolons, tabs, bars or blanks; JSON, JSON lines; Parquet, also that of Hugging Face; COCO,
    Datumaro, tasks of Label Studio, CVAT's XML. The content says which it is. Text may be UTF-8, UTF-16, UTF-32 or
    Windows-1252.

    Of WebDataset's shards the JSON objects and texts beside the images are read.

    A folder stands for the metadata in it, of several splits too, and a zip file for the one file of labels in it.

    Args:
        file: The file.
        knows: Whether a text names an image of the collection.

    Raises:
        UnpoolError: The file is missing, is no table, or a line of it does not fit.
    """
    if file.is_dir():
        return _read_folder(file, knows)
    try:
        if isinstance(container := open_container(file), TarContainer):
            return read_samples(container, knows)
        with file.open("rb") as opened:
            is_parquet = opened.read(len(MAGIC)) == MAGIC
        content = b"" if is_parquet else file.read_bytes()
    except FileNotFoundError as error:
        raise UnpoolError(f"there is no file {file}; give `folders` or a file of path,label") from error
    except OSError as error:
        raise UnpoolError(
            f"{file} cannot be read: {error.strerror}; give `folders` or a file of path,label"
        ) from error
    try:
        name = file.name
        if content.startswith(ZIP):
            name, content = read_member(file)
        table = read_parquet(file, knows) if is_parquet else _read(name, content, knows)
    except UnpoolError as error:
        raise UnpoolError(f"{file} cannot be used for labels: {error}") from None
    drop_bookkeeping(table)
    drop_index(table)
    return table


def _read_folder(folder: Path, knows: Knows) -> FieldTable:
    try:
        files = list_metadata(folder)
    except UnpoolError as error:
        raise UnpoolError(f"{folder} cannot be used for labels: {error}") from None
    places = [file.parent.relative_to(folder).as_posix() for file in files]
    tables = [read_field_file(file, knows) for file in files]
    return unite_tables([
        ("" if place == "." else place, table) for place, table in zip(places, tables, strict=True)
    ])  # fmt: skip


def _read(name: str, content: bytes, knows: Knows) -> FieldTable:
    for start, what in FOREIGN.items():
        if content.startswith(start):
            raise UnpoolError(f"it is {what}")
    try:
        decoded = decode_text(content)
    except UnicodeDecodeError:
        raise UnpoolError("it is no text; give a CSV of path,label") from None
    if "\0" in decoded.text:
        raise UnpoolError("it is no text; give a CSV of path,label")
    if name.lower().endswith(XML_ENDING) or decoded.text.lstrip().startswith(XML_STARTS):
        return read_cvat(content)
    table = _read_text(name, decoded.text, knows)
    if decoded.is_guessed:
        table.remarks.append(
            "it is no UTF-8 and was read as Windows-1252; save it as UTF-8 where names look wrong"
        )
    return table


def _read_text(name: str, text: str, knows: Knows) -> FieldTable:
    is_json = name.lower().endswith(JSON_ENDINGS)
    if is_json or text.lstrip()[:1] in ("{", "["):
        try:
            return read_json(text, knows)
        except (ValueError, RecursionError) as error:
            if is_json:
                raise UnpoolError(f"it is no JSON: {error}") from None
    return read_table(text, knows)
