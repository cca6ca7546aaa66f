"""The formats of `unpool export`.

Each declared once, with the function that writes it.

The command line, Python, the page's server and its dialog read `EXPORT_FORMATS`. A new format is an entry
here and the function that writes it; light to import, since the command line reads it too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from unpool.core.progress import Progress
    from unpool.store.table import ImageTable


@dataclass(frozen=True)
class ExportRequest:
    """What is to be exported.

    The table, where to, which images, and whether folders hold links.

    `paths` are the images that were selected, None for all.
    """

    table: ImageTable
    out: Path
    paths: frozenset[str] | None
    link: bool
    progress: Progress


Writer = Callable[[ExportRequest], int]


@dataclass(frozen=True)
class ExportFormat:
    """One format that a workspace can be exported to.

    Args:
        name: What is typed after `--to`; also the ending of a file.
        title: Its name on the page.
        description: What it holds, as the page says it.
        writer: `module:function` of a `Writer`, imported on first use; it returns the number of images written.
        media_type: Of the file that the page downloads; empty where a folder is written.
        takes_links: Whether `--link` makes sense.
    """

    name: str
    title: str
    description: str
    writer: str
    media_type: str = ""
    takes_links: bool = False

    @property
    def is_file(self) -> bool:
        """Whether it is one file, which the page can download."""
        return bool(self.media_type)

    def write(self, request: ExportRequest) -> int:
        """Write it; returns the number of images."""
        module, _, function = self.writer.partition(":")
        return cast("Writer", getattr(import_module(module), function))(request)


def _formats(*formats: ExportFormat) -> dict[str, ExportFormat]:
    return {one.name: one for one in formats}


# By name, in the order in which they are offered.
EXPORT_FORMATS: dict[str, ExportFormat] = _formats(
    ExportFormat(
        "csv", "CSV table", "one row per image, for spreadsheets",
        "unpool.actions.sharing.export:write_csv_table", "text/csv",
    ),
    ExportFormat(
        "parquet", "Parquet table", "the same with vectors and thumbnails, for programs",
        "unpool.actions.sharing.export:write_parquet", "application/vnd.apache.parquet",
    ),
    ExportFormat(
        "folders", "Class folders", "the images, in a folder for each label",
        "unpool.actions.sharing.export:write_class_folders", takes_links=True,
    ),
    ExportFormat(
        "imagefolder", "Image folder", "the images, with labels and fields for Hugging Face datasets",
        "unpool.actions.sharing.annotations.image_folder:write_image_folder", takes_links=True,
    ),
    ExportFormat(
        "labelstudio", "Label Studio", "labels, fields and suggestions as tasks, without the images",
        "unpool.actions.sharing.annotations.label_studio_tasks:write_tasks",
    ),
    ExportFormat(
        "cvat", "CVAT", "labels as tags of CVAT for images 1.1, without the images",
        "unpool.actions.sharing.annotations.cvat_images:write_cvat_images",
    ),
    ExportFormat(
        "html", "HTML share", "the page in one file that opens without unpool",
        "unpool.actions.sharing.export:write_page", "text/html",
    ),
)  # fmt: skip


def file_formats() -> tuple[str, ...]:
    """The formats that the page can download."""
    return tuple(one.name for one in EXPORT_FORMATS.values() if one.is_file)


def folder_formats() -> tuple[str, ...]:
    """The formats that are folders.

    The server writes them into the workspace.
    """
    return tuple(one.name for one in EXPORT_FORMATS.values() if not one.is_file)
