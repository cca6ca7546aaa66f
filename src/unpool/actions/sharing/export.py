"""`unpool export`: what a workspace knows, for other tools: CSV, Parquet, class folders, a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unpool.actions.grouping.report import make_report
from unpool.actions.sharing.folders import write_folders
from unpool.actions.sharing.static_page import write_share
from unpool.core.atomic_files import write_whole
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError
from unpool.options import check
from unpool.store.columns import OK
from unpool.store.table import ImageTable

HEAVY = ("thumbnail", "vector")


def export(
    work: Path,
    *,
    to: str,
    out: Path,
    paths: Sequence[str] | None = None,
    link: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Write the images' table as `csv` or `parquet`, the images as `folders`, or the report as `html`.

    `paths` chooses some images; with `link` folders hold symbolic links instead of copies. Returns the JSON object
    of `unpool export`. Raises `UnpoolError` where `out` cannot be written, a path is not in the workspace, an
    original is gone, or the system makes no links.
    """
    check(to=to)
    if link and to != "folders":
        raise UsageError(f"--link makes folders of links, but --to is {to}; leave one of them out")
    table, progress = ImageTable(work), progress or Progress()
    chosen = None if paths is None else _chosen(table, paths)
    if to == "folders":
        count = write_folders(table, out, chosen, link=link, progress=progress)
    else:
        count = {"csv": _csv, "parquet": _parquet, "html": _html}[to](table, out, chosen, progress)
    return {"path": str(out), "images": count}


def _chosen(table: ImageTable, paths: Sequence[str]) -> set[str]:
    if not len(paths):
        raise UnpoolError("no image is chosen; name one at least, or leave the choice out to export all")
    there = set(table.some(paths, [])["path"].to_pylist())
    if unknown := [path for path in paths if path not in there]:
        raise UnpoolError(f"{unknown[0]!r} is no image of {table.work}; paths are relative to its folder")
    return there


def _csv(table: ImageTable, out: Path, chosen: set[str] | None, progress: Progress) -> int:
    """Every column that is text or a number; vectors and thumbnails are for Parquet."""
    frame = table.frame([name for name in table.columns if name not in HEAVY])
    if chosen is not None:
        frame = frame[frame["path"].isin(chosen)]
    _refuse_folder(out)
    write_whole(out, lambda part: frame.to_csv(part, index=False))
    return len(frame)


def _parquet(table: ImageTable, out: Path, chosen: set[str] | None, progress: Progress) -> int:
    import pyarrow.parquet as parquet

    rows = (
        table.arrow() if chosen is None else table.some(sorted(chosen), table.columns).select(table.columns)
    )
    _refuse_folder(out)
    write_whole(out, lambda part: parquet.write_table(rows, part))
    return int(rows.num_rows)


def _html(table: ImageTable, out: Path, chosen: set[str] | None, progress: Progress) -> int:
    """The page as one file that needs no server; where `out` is a folder the report with its pictures."""
    with progress.stage("page"):
        if out.suffix.lower() in (".html", ".htm"):
            _refuse_folder(out)
            return write_share(table.work, out, paths=None if chosen is None else sorted(chosen))
        if chosen is not None:
            raise UsageError(
                f"--out {out} is a folder, but some images only go into one file; name FILE.html"
            )
        make_report(table.work, out=out)
    return table.count(OK)


def _refuse_folder(out: Path) -> None:
    if out.is_dir():
        raise UnpoolError(f"{out} is a folder; name a file with --out")
