"""`unpool export`: what a workspace knows, for other tools: CSV, Parquet, class folders, a page."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from unpool.actions.places import read_state
from unpool.actions.report import make_report
from unpool.errors import UnpoolError
from unpool.files import write_whole
from unpool.images.source import FolderSource, open_source
from unpool.options import check
from unpool.progress import Progress
from unpool.workspace import OK, ImageTable

HEAVY = ("thumbnail", "vector")


def export(work: Path, *, to: str, out: Path, progress: Progress | None = None) -> dict[str, Any]:
    """Write the images' table as `csv` or `parquet`, the images as `folders`, or the report as `html`.

    Returns the JSON object of `unpool export`. Raises `UnpoolError` where `out` cannot be written.
    """
    check(to=to)
    table = ImageTable(work)
    count = {"csv": _csv, "parquet": _parquet, "folders": _folders, "html": _html}[to](
        table, out, progress or Progress()
    )
    return {"path": str(out), "images": count}


def _csv(table: ImageTable, out: Path, progress: Progress) -> int:
    """Every column that is text or a number; vectors and thumbnails are for Parquet."""
    frame = table.frame().drop(columns=list(HEAVY), errors="ignore")
    _refuse_folder(out)
    write_whole(out, lambda part: frame.to_csv(part, index=False))
    return len(frame)


def _parquet(table: ImageTable, out: Path, progress: Progress) -> int:
    import pyarrow.parquet as parquet

    rows = table.arrow()
    _refuse_folder(out)
    write_whole(out, lambda part: parquet.write_table(rows, part))
    return int(rows.num_rows)


def _folders(table: ImageTable, out: Path, progress: Progress) -> int:
    """Copies of the images in a folder for each label, or group where an image has no label."""
    state = read_state(table.work)
    source = open_source(str(state.get("place", "")), Path(state["data"]) if state.get("data") else None)
    frame = table.frame(["path", "group", "label", "thumbnail"], where=f"status = '{OK}'")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UnpoolError(f"{out} is there already; name a new or empty folder with --out")
    taken: set[Path] = set()
    with progress.stage("copying", len(frame), "images") as stage:
        for row in frame.itertuples(index=False):
            target = _free(out / _class_name(row.group, row.label), str(row.path), taken)
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(source, FolderSource):
                shutil.copy2(source.folder / str(row.path), target)
            else:
                target.with_suffix(".webp").write_bytes(bytes(row.thumbnail))  # type: ignore[arg-type]
            stage.advance()
    return len(frame)


def _class_name(group: Any, label: Any) -> str:
    if isinstance(label, str) and label:
        safe = "".join("_" if c in '/\\:*?"<>|\0' or ord(c) < 32 else c for c in label).strip(". ")
        return safe or "_"
    if pd.isna(group):
        return "ungrouped"
    return "noise" if group < 0 else f"group-{int(group):03}"


def _free(folder: Path, path: str, taken: set[Path]) -> Path:
    """The file's own name, or with the names of its folders before it where that is taken."""
    target = folder / Path(path).name
    if target in taken:
        target = folder / path.replace("/", "__")
    taken.add(target)
    return target


def _html(table: ImageTable, out: Path, progress: Progress) -> int:
    """The report as one file that needs no server; with its pictures where `out` is a folder."""
    finished = read_state(table.work).get("finished") or {}
    facts = {name: finished.get(name) for name in ("groups", "silhouette", "trustworthiness")}
    with progress.stage("report"):
        if out.suffix.lower() in (".html", ".htm"):
            page = make_report(table.work, facts)
            write_whole(out, partial(shutil.copyfile, page))
        else:
            make_report(table.work, facts, out=out)
    return len(table.arrow(["path"], where=f"status = '{OK}'"))


def _refuse_folder(out: Path) -> None:
    if out.is_dir():
        raise UnpoolError(f"{out} is a folder; name a file with --out")
