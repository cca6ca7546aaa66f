"""The columns of the table.

Each declared once, with what it holds, what its value depends on and how it is shown.

The Lance schema, what is cleared when a file or the model changes, the snapshot, sort keys, the page's table
and the static share all read `COLUMNS`; a new column is one entry here, and whoever computes it writes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from unpool.images.reading.scan import ImageFile, Problem

Row = dict[str, Any]
OK, SKIPPED = "ok", "skipped"
EMBEDDED = f"status = '{OK}' AND vector IS NOT NULL"  # a condition, where anything is embedded yet

ArrowType = Literal["string", "int32", "int64", "float", "double", "bool", "binary"]
# What a value depends on, and with that when it is cleared:
#   file        the directory entry, and whether the image can be used: rewritten with every row
#   content     the pixels: rewritten when the file changed, cleared when it became unusable
#   collection  the contents of all images: cleared when the file changed
#   vector      the vectors of the images, or the model: cleared when the file or the model changed
#   model       the network that embedded the image: cleared when the model changed
#   person      what somebody said of the image: never cleared
#   reading     text that was read in the pixels, by `unpool read-text`: cleared when these are others
Origin = Literal["file", "content", "collection", "vector", "model", "person", "reading"]
# How the page writes a value; `size`, `group`, `suggestion` and `problems` read a second column beside it.
Format = Literal[
    "text", "path", "size", "bytes", "date", "taken", "group", "percent", "figure", "degrees", "suggestion",
    "problems",
]  # fmt: skip
NUMERIC_FORMATS = frozenset({"size", "bytes", "percent", "figure", "degrees"})


@dataclass(frozen=True)
class Column:
    """One column of the table.

    Args:
        name: In the table, in CSV and Parquet, and in the JSON of the page.
        type: Its Arrow type.
        comes_from: What its value depends on, which decides when it is cleared.
        description: What it holds, with unit and range.
        title: Its heading on the page and among an image's facts; empty keeps it off the page.
        format: How the page writes a value.
        sort_title: Its name among the orders of images; empty where images cannot be sorted by it.
        shared: Whether the static share carries it.
        prominent: Whether it comes before the others on the page.
    """

    name: str
    type: ArrowType
    comes_from: Origin
    description: str
    title: str = ""
    format: Format = "text"
    sort_title: str = ""
    shared: bool = False
    prominent: bool = False

    @property
    def is_sortable(self) -> bool:
        """Whether images can be sorted by it."""
        return bool(self.sort_title)

    @property
    def is_measure(self) -> bool:
        """Whether the page reads it as a number."""
        is_read = bool(self.title or self.sort_title or self.shared)
        return is_read and self.type in ("int32", "int64", "float", "double") and self.format != "group"

    @property
    def is_name(self) -> bool:
        """Whether the page reads it as a name."""
        return bool(self.title) and self.type == "string" and self.format != "path"


def _table(*columns: Column) -> dict[str, Column]:
    return {column.name: column for column in columns}


# By name, in the order in which people see them; `vector` joins the table once its length is known.
COLUMNS: dict[str, Column] = _table(
    Column("path", "string", "file", "path relative to the folder of the images, with slashes: the key",
           "Path", "path", "path", shared=True, prominent=True),
    Column("id", "string", "content", "digest of the file's content: the same for identical files"),
    Column("width", "int32", "content", "width of the image in pixels", "Size", "size", shared=True),
    Column("height", "int32", "content", "height of the image in pixels", shared=True),
    Column("mode", "string", "content", "how the file stores its colours, as in Pillow (RGB, L, I;16, …)"),
    Column("bytes", "int64", "file", "size of the file in bytes"),
    Column("modified", "double", "file", "when the file was last changed, in seconds since 1970", "Date", "date",
           "date"),
    Column("stamp", "string", "file", "number and change time of the file: what the system knows beside size and time"),
    Column("sample", "string", "content", "digest of a sample of the file's bytes, which decides where those differ"),
    Column("status", "string", "file", "`ok`, or `skipped` where the file cannot be used"),
    Column("problem", "string", "file", "why a skipped file cannot be used, in one word"),
    Column("detail", "string", "file", "the same in a sentence"),
    Column("taken", "double", "content",
           "when the photograph was taken, by the clock of its camera, in seconds since 1970 without a zone", "Taken",
           "taken", "date taken"),
    Column("camera", "string", "content", "maker and model of the camera", "Camera"),
    Column("latitude", "double", "content", "where it was taken, in degrees, north is positive", "Latitude", "degrees"),
    Column("longitude", "double", "content", "the same, east is positive", "Longitude", "degrees"),
    Column("thumbnail", "binary", "content", "small picture as WebP, at most 160 pixels a side"),
    Column("grey", "bool", "content", "whether the image has no colours"),
    Column("notes", "string", "content", "what was assumed or dropped when the file was read, a line each",
           "Read with"),
    Column("text", "string", "reading",
           "text in the image, a line each, as `unpool read-text` found it; empty where it found none",
           "Text in the image"),
    Column("text_id", "string", "reading", "digest of the content in which that text was read"),
    Column("model", "string", "model", "digest of the model that computed the vector"),
    Column("group", "int32", "vector", "group from 0, the largest first; -1 for noise", "Group", "group",
           prominent=True),
    Column("probability", "float", "vector", "how certain the group is, 0 to 1", "Confidence", "percent",
           "confidence in the group", shared=True, prominent=True),
    Column("leaf", "int32", "vector",
           "group of the finest level of the tree of groups; empty where the group was made by hand"),
    Column("group_name", "string", "vector",
           "words that name the group that the image was in when groups were named; a person's word is `label`",
           "Group name"),
    Column("x", "float", "vector", "place on the map, to the right"),
    Column("y", "float", "vector", "place on the map, upwards"),
    Column("reconstruction_error", "float", "vector",
           "mean squared error of the reconstruction, pixels in 0 to 1; high where it is unlike the rest",
           "Reconstruction error", "figure", "reconstruction error"),
    Column("outlier_score", "float", "vector",
           "mean distance to the ten nearest images; compare it with that of the others", "Outlier score", "figure",
           "outlier score", shared=True),
    Column("joined_distance", "float", "vector",
           "mean distance to the ten nearest images when the image joined map and groups by them; empty where it was "
           "there when groups were made"),
    Column("duplicate_of", "string", "collection", "path of the first image with identical content"),
    Column("sharpness", "float", "content", "variance of the Laplacian of the grey values; low where blurred",
           "Sharpness", "figure", "sharpness"),
    Column("brightness", "float", "content", "mean luma, 0 black to 1 white", "Brightness", "figure", "brightness"),
    Column("label", "string", "person", "the user's own label", "Label", shared=True, prominent=True),
    Column("kept_label", "string", "person", "the label that somebody confirmed after a check had doubted it"),
    Column("wrong", "bool", "person", "whether the user marked the image as wrong", "Problems",
           "problems"),
    Column("suggestion", "string", "vector", "label suggested by a classifier of the labels", "Suggested", "suggestion",
           prominent=True),
    Column("suggestion_confidence", "float", "vector", "how certain the suggested label is, 0 to 1",
           sort_title="suggested labels"),
    Column("inspection_score", "float", "collection",
           "how far the image lies from good ones, by the inspector of `unpool check --model`; larger is worse",
           "Inspection score", "figure", "inspection score", shared=True, prominent=True),
    Column("verdict", "string", "person",
           "what somebody said of the inspected image, `good` or `not good`; it counts more than the score", "Verdict",
           shared=True, prominent=True),
)  # fmt: skip
VECTOR = "vector"  # float32 of the model's dimension


def names_from(*origins: Origin) -> tuple[str, ...]:
    """The columns whose values depend on one of these."""
    return tuple(column.name for column in COLUMNS.values() if column.comes_from in origins)


def sort_keys() -> tuple[str, ...]:
    """The columns that images can be sorted by."""
    return tuple(column.name for column in COLUMNS.values() if column.is_sortable)


def page_columns() -> list[Column]:
    """The columns that the page shows, the prominent ones first."""
    shown = [column for column in COLUMNS.values() if column.title]
    return sorted(shown, key=lambda column: not column.prominent)


def measures() -> tuple[str, ...]:
    """The columns that the page reads as numbers."""
    return tuple(column.name for column in COLUMNS.values() if column.is_measure)


def names() -> tuple[str, ...]:
    """The columns that the page reads as names."""
    return tuple(column.name for column in COLUMNS.values() if column.is_name)


def describe_columns() -> str:
    """Describe the columns of the table, one a line."""
    rows = [f"            {column.name}: {column.description}." for column in COLUMNS.values()]
    return "\n".join(
        [*rows, "            vector: the embedding, float32 of the model's dimension.", "        "]
    )


def cleared_by_new_content() -> Row:
    """Empty values of what an older file's content led to."""
    return dict.fromkeys(names_from("collection", "vector"))


def cleared_by_new_model() -> tuple[str, ...]:
    """The columns that depend on the model, without the vector."""
    return names_from("model", "vector")


def skipped_row(problem: Problem, file: ImageFile | None = None) -> Row:
    """Build the row of a file that cannot be used.

    Nothing is left of an older state.

    Args:
        problem: Why it cannot be used.
        file: Its directory entry, where it was opened.
    """
    row: Row = dict.fromkeys((*names_from("content", "collection", "vector", "model"), VECTOR))
    row |= {"path": problem.path, "status": SKIPPED, "problem": problem.problem, "detail": problem.detail}
    row |= {"bytes": file.bytes if file else None, "modified": file.modified if file else None}
    return row | {"stamp": file.stamp if file else None}
