"""A folder of photographs, and a workspace of them whose check has found some problems."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from support.archives import jpeg
from unpool.core.atomic_files import write_json
from unpool.core.file_identity import content_digest
from unpool.store.findings import FILE, FORMAT
from unpool.store.state import REPORT, write_state
from unpool.store.table import ImageTable

# Two sets of equal files, a pair that nobody compared, and single images; by value and size.
PHOTOS = {
    "a.jpg": (10, 24), "b/a.jpg": (10, 24), "b/copy.jpg": (10, 24), "c.jpg": (90, 24), "d.jpg": (90, 24),
    "large.jpg": (50, 48), "small.jpg": (50, 24), "unsure.jpg": (70, 24), "dark.jpg": (0, 24),
}  # fmt: skip
SETS = {
    "duplicates": [["a.jpg", "b/a.jpg", "b/copy.jpg"], ["c.jpg", "d.jpg"]],
    "near_duplicates": [["small.jpg", "large.jpg"]],
}
TIME = 1_600_000_000.123456789


def make_checked_photos(root: Path) -> Path:
    """Write the photographs and their workspace; returns the workspace."""
    photos, work = root / "photos", root / "w.unpool"
    for number, (path, (value, side)) in enumerate(PHOTOS.items()):
        (photos / path).parent.mkdir(parents=True, exist_ok=True)
        (photos / path).write_bytes(jpeg(value, side))
        os.utime(photos / path, ns=(0, int(TIME * 1e9) - number * 10**9))
    rows = [row_of(photos, path) for path in PHOTOS]
    table = ImageTable.create(work)
    table.upsert(rows)
    table.reset_vectors(2)
    table.update(list(PHOTOS), {"vector": [[1.0, 0.0]] * len(PHOTOS), "model": ["m"] * len(PHOTOS)})
    write_state(work, images=str(photos.resolve()), embedded_by="m")
    write_findings(work, {row["path"]: row["id"] for row in rows})
    return work


def make_many_copies(root: Path, count: int) -> Path:
    """Write one photograph many times, each with its own time; returns the workspace."""
    photos, work = root / "photos", root / "w.unpool"
    photos.mkdir()
    paths = [f"{number:04}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        (photos / path).write_bytes(jpeg(7))
        os.utime(photos / path, ns=(0, int(TIME * 1e9) - number * 10**9))
    digest = str(content_digest(photos / paths[0]))
    facts = {"id": digest, "bytes": len(jpeg(7)), "modified": TIME, "status": "ok", "width": 32, "height": 24}
    ImageTable.create(work).upsert([{"path": path, **facts} for path in paths])
    write_state(work, images=str(photos.resolve()))
    entries = [{"path": path, "id": digest, "of": paths[0], "of_id": digest} for path in paths[1:]]
    write_json(work / REPORT / FILE, {"format": FORMAT, "model": None, "problems": {"duplicates": entries}})
    return work


def row_of(photos: Path, path: str) -> dict[str, Any]:
    """The facts of a photograph, as embedding writes them."""
    file, (_, side) = photos / path, PHOTOS[path]
    status = file.stat()
    return {
        "path": path, "id": content_digest(file), "bytes": status.st_size, "modified": status.st_mtime, "status": "ok",
        "width": side + 8, "height": side,
    }  # fmt: skip


def write_findings(work: Path, digests: Mapping[str, str]) -> None:
    """Write what a check has found."""

    def entry(path: str, of: str | None = None, **facts: Any) -> dict[str, Any]:
        kept = {} if of is None else {"of": of, "of_id": digests[of]}
        return {"path": path, "id": digests[path]} | kept | facts

    problems = {
        kind: [entry(path, kept) for kept, *others in sets for path in others] for kind, sets in SETS.items()
    }
    problems["near_duplicates"].append(entry("unsure.jpg", "small.jpg", unsure=True))
    problems["dark"] = [entry("dark.jpg", figure=0.1)]
    write_json(work / REPORT / FILE, {"format": FORMAT, "model": "m", "problems": problems})


def read_files(root: Path) -> dict[str, tuple[bytes, int]]:
    """Content and time of every photograph that is there."""
    photos = root / "photos"
    return {
        file.relative_to(photos).as_posix(): (file.read_bytes(), file.stat().st_mtime_ns)
        for file in sorted(photos.rglob("*"))
        if file.is_file()
    }
