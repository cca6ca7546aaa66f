"""Captures of photographs, for workspaces of earlier versions.

Later ones read them when a file is decoded.
"""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path

from unpool.core.cpu import usable_cores
from unpool.core.progress import Progress
from unpool.images.pixel_cache import map_ordered
from unpool.images.reading.capture import NOTHING, Capture
from unpool.images.reading.exif import read_file_capture
from unpool.images.reading.scan import Scan
from unpool.images.source import FolderSource, Source
from unpool.store.columns import OK
from unpool.store.state import read_state, write_state
from unpool.store.table import ImageTable

CAPTURES = "captures"  # of unpool.yaml: whether all images were looked at


def fill_captures(work: Path, source: Source, scan: Scan, progress: Progress) -> int:
    """Read captures of files that were embedded without.

    It is done once. Files on an object store are not fetched for it: what they say comes when they change.

    Args:
        work: The workspace.
        source: Its images.
        scan: What their folder holds.
        progress: Where it is shown.

    Returns:
        The number of images of which something is known now.
    """
    if read_state(work).get(CAPTURES):
        return 0
    table = ImageTable(work)
    known = set(table.arrow(["path"], where=f"status = '{OK}'")["path"].to_pylist())
    files = [file for file in scan.files if file.path in known] if isinstance(source, FolderSource) else []
    found: dict[str, Capture] = {}
    if files:
        with progress.stage("reading dates and places", len(files), "files") as stage:
            heads = map_ordered(lambda file: read_file_capture(file.file), files, usable_cores())
            for file, capture in zip(files, heads, strict=True):
                if capture != NOTHING:
                    found[file.path] = capture
                stage.advance()
    captures = [asdict(capture) for capture in found.values()]
    table.update(list(found), {
        field.name: [capture[field.name] for capture in captures] for field in fields(Capture)
    })  # fmt: skip
    write_state(work, **{CAPTURES: True})
    return len(found)
