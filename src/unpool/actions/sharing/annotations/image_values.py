"""What people said of images, for formats of other tools."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from unpool.actions.sharing.formats import ExportRequest
from unpool.core.file_names import printable
from unpool.core.markers import first_foreign
from unpool.errors import UnpoolError
from unpool.store.columns import OK
from unpool.store.fields.kinds import Kind, Value, format_date
from unpool.store.fields.names import LABEL, Field
from unpool.store.fields.values import fields_of

Plain = str | int | float | list[str]
SUGGESTION, CONFIDENCE = "suggestion", "suggestion_confidence"


@dataclass(frozen=True)
class AnnotatedImage:
    """An image, the values of its fields, and its suggestion.

    Args:
        path: Relative to the folder of the images.
        width, height: In pixels.
        values: By the name of the field; dates are text. Fields without a value are left out.
        suggestion: A label that nobody has accepted yet; empty for none.
        confidence: How certain it is, 0 to 1.
    """

    path: str
    width: int
    height: int
    values: dict[str, Plain] = field(default_factory=dict)
    suggestion: str = ""
    confidence: float = 0.0

    @property
    def label(self) -> str:
        """The label; empty for none."""
        return str(self.values.get(LABEL, ""))


def read_image_values(request: ExportRequest) -> tuple[list[Field], list[AnnotatedImage]]:
    """Read fields and usable images, those that were selected.

    Returns:
        The fields, the label first, and the images by path.
    """
    table = request.table
    fields = fields_of(table)
    extra = [name for name in (SUGGESTION, CONFIDENCE) if name in table.columns]
    columns = ["path", "width", "height", *extra, *(each.column for each in fields)]
    rows = table.arrow(columns, where=f"status = '{OK}'")
    images = []
    for row in rows.to_pylist():
        if request.paths is not None and row["path"] not in request.paths:
            continue
        values = {
            each.name: write_plain(row[each.column], each.kind)
            for each in fields
            if row[each.column] not in (None, "", [])
        }
        suggestion, confidence = row.get(SUGGESTION) or "", row.get(CONFIDENCE) or 0.0
        images.append(
            AnnotatedImage(row["path"], row["width"] or 0, row["height"] or 0, values, suggestion, confidence)
        )
    return fields, images


def write_plain(value: Value, kind: Kind) -> Plain:
    """Write a value as JSON holds it.

    >>> write_plain(3.0, "number"), write_plain(86400.0, "date"), write_plain(["a"], "tags")
    (3, '1970-01-02', ['a'])
    """
    if isinstance(value, float):
        if kind == "date":
            return format_date(value)
        return int(value) if value.is_integer() else value
    return value


def choose_file(out: Path, name: str, *others: str) -> Path:
    """Choose the file to write.

    Args:
        out: A file with the ending of `name`, or a folder.
        name: The file where `out` is a folder.
        others: Further files of the format, which the folder may hold from before.

    Returns:
        `out` itself, or a file in it.

    Raises:
        UnpoolError: `out` is a folder with other files, or a file where a folder is meant.

    >>> choose_file(Path("labels.XML"), "annotations.xml"), choose_file(Path("labels"), "annotations.xml")
    (PosixPath('labels.XML'), PosixPath('labels/annotations.xml'))
    """
    if out.suffix.lower() == Path(name).suffix and not out.is_dir():
        return out
    foreign = first_foreign(out, (name, *others))
    if foreign is not None or (out.exists() and not out.is_dir()):
        what = f"holds {printable(foreign)}" if foreign else "is a file of another kind"
        raise UnpoolError(
            f"{out} {what}; name a new or empty folder with --out, or a file that ends in {Path(name).suffix}"
        )
    return out / name
