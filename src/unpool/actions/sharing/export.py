"""`unpool export`.

What a workspace knows, for other tools: CSV, Parquet, class folders, a page.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from typing_extensions import TypedDict

from unpool.actions.sharing.folders import write_folders
from unpool.actions.sharing.formats import EXPORT_FORMATS, ExportRequest
from unpool.actions.sharing.quality import LOSS, MAP, PAIRS, SHEET
from unpool.actions.sharing.report import PAGE, write_report
from unpool.actions.sharing.settings import ExportSettings
from unpool.actions.sharing.static_page import PAGE_MARK, write_static_page
from unpool.core.atomic_files import write_whole
from unpool.core.file_names import printable
from unpool.core.markers import first_foreign
from unpool.core.progress import Progress
from unpool.core.settings import check_settings
from unpool.errors import UnpoolError, UsageError
from unpool.store.columns import OK
from unpool.store.csv_files import write_frame
from unpool.store.fields.plain_columns import plain_frame, plain_names, to_plain
from unpool.store.origin import folder_of
from unpool.store.table import ImageTable

REPORT_FILES = (PAGE, MAP, SHEET, LOSS, PAIRS)
BINARY_COLUMNS = ("thumbnail", "vector")  # that no CSV can hold


class Exported(TypedDict):
    """Where an export lies, and how many images it holds."""

    path: str
    images: int


def export(work: Path, settings: ExportSettings, *, progress: Progress | None = None) -> Exported:
    """Export a workspace to a table, folders or a page.

    Args:
        work: The workspace.
        settings: The format; the file, or the new or empty folder, to write; and which images. For `html` a folder
            gets the report with its pictures.
        progress: Where progress is shown.

    Raises:
        UsageError: Another format, `link` without `folders`, or some images only into the folder of a report.
        UnpoolError: `out` cannot be written, a path is not in the workspace, an original is gone, or the system
            makes no links.
    """
    check_settings(settings)
    export_format = EXPORT_FORMATS[settings.to]
    if settings.link and not export_format.takes_links:
        raise UsageError(f"--link makes folders of links, but --to is {settings.to}; leave one of them out")
    table, out = ImageTable(work), Path(settings.out)
    selected = None if settings.paths is None else _check_paths(table, settings.paths)
    request = ExportRequest(table, out, selected, settings.link, progress or Progress())
    return {"path": str(out), "images": export_format.write(request)}


def _check_paths(table: ImageTable, paths: Sequence[str]) -> frozenset[str]:
    if not len(paths):
        raise UnpoolError("no image is selected; name one at least, or leave the selection out to export all")
    known = frozenset(table.some(paths, [])["path"].to_pylist())
    if unknown := [path for path in paths if path not in known]:
        raise UnpoolError(f"{unknown[0]!r} is no image of {table.work}; paths are relative to its folder")
    return known


def write_csv_table(request: ExportRequest) -> int:
    """Write every column that is text or a number.

    Vectors and thumbnails are for Parquet. Texts that a spreadsheet would run are protected, and counted in a message.
    """
    table = request.table
    frame = plain_frame(
        table, [name for name in plain_names(table) if name not in BINARY_COLUMNS], as_text=True
    )
    if request.paths is not None:
        frame = frame[frame["path"].isin(request.paths)]
    _check_is_no_folder(request.out)
    if protected := write_frame(request.out, frame):
        request.progress.message(
            f"cells that a spreadsheet would run as formulas, with ./ or an apostrophe before them: {protected}"
        )
    return len(frame)


def write_parquet(request: ExportRequest) -> int:
    """Write every column, vectors and thumbnails too."""
    import pyarrow.parquet as parquet

    table, paths = request.table, request.paths
    columns = list(plain_names(table).values())
    rows = table.arrow(columns) if paths is None else table.some(sorted(paths), columns).select(columns)
    rows = to_plain(rows)
    _check_is_no_folder(request.out)
    write_whole(request.out, lambda part: parquet.write_table(rows, part))
    return int(rows.num_rows)


def write_class_folders(request: ExportRequest) -> int:
    """Copy or link the images into class folders."""
    return write_folders(
        request.table, request.out, request.paths, link=request.link, progress=request.progress
    )


def write_page(request: ExportRequest) -> int:
    """Write the page as one file.

    Where `out` is a folder, the report with its pictures.
    """
    out, paths = request.out, request.paths
    with request.progress.stage("page"):
        if out.suffix.lower() in (".html", ".htm"):
            _check_is_no_folder(out)
            return write_static_page(request.table.work, out, paths=None if paths is None else sorted(paths))
        if paths is not None:
            raise UsageError(
                f"--out {out} is a folder, but some images only go into one file; name FILE.html"
            )
        _check_is_report(out)
        _check_is_elsewhere(request.table.work, out)
        write_report(request.table.work, out=out)
    return request.table.count(OK)


def _check_is_elsewhere(work: Path, out: Path) -> None:
    """Refuse a folder of pictures among the images, where the next run would take them for more."""
    folder = folder_of(work)
    if out.resolve().is_relative_to(work.resolve()):  # which no scan reads
        return
    if folder is not None and out.resolve().is_relative_to(folder.resolve()):
        raise UsageError(
            f"--out {out} lies in {folder}, among the images, and its pictures would be taken for more; name a folder "
            "elsewhere, or FILE.html"
        )


def _check_is_no_folder(out: Path) -> None:
    if out.is_dir():
        raise UnpoolError(f"{out} is a folder; name a file with --out")


def _check_is_report(out: Path) -> None:
    """UnpoolError where a report would be written among somebody's files, or over them."""
    foreign = first_foreign(out, REPORT_FILES)
    page = out / PAGE
    if foreign is None and page.is_file() and PAGE_MARK.encode() not in page.read_bytes():
        foreign = PAGE
    if foreign or (out.exists() and not out.is_dir()):
        what = f"holds {printable(foreign)}, which is no report of unpool" if foreign else "is a file"
        raise UnpoolError(f"{out} {what}; name a new or empty folder with --out, or FILE.html")
