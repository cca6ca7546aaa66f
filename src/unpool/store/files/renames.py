"""Give rows the names that their files have now.

Nothing that is known of an image is lost when its file is renamed or moved.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from unpool.core.file_identity import content_digest, is_tag, sample_of
from unpool.core.file_names import folded
from unpool.core.progress import Progress
from unpool.images.pixel_cache import map_ordered
from unpool.images.reading.scan import ImageFile, Scan
from unpool.store.columns import OK
from unpool.store.sync import MANY_FILES, NUM_READERS, absent_paths
from unpool.store.table import ImageTable


def rename_rows(table: ImageTable, scan: Scan) -> int:
    """Give rows the keys that their files have now.

    A disk that ignores capitals, or composes letters otherwise, may name the same file otherwise. The file must have
    the same size, and be the only one of such a name.

    Args:
        table: The table.
        scan: What the folder holds.

    Returns:
        The number of rows with another key.
    """
    rows = table.arrow(["path", "bytes"])
    known = dict(zip(rows["path"].to_pylist(), rows["bytes"].to_pylist(), strict=True))
    new = {file.path: file for file in scan.files if file.path not in known}
    if not new:
        return 0
    missing = _by_folded_name(absent_paths(table, scan))
    renamed: dict[str, str] = {}
    for name, paths in _by_folded_name(new).items():
        former = missing.get(name, [])
        if len(paths) == len(former) == 1 and known[former[0]] in (None, new[paths[0]].bytes):
            renamed[former[0]] = paths[0]
    table.update(list(renamed), {"path": list(renamed.values())})
    return len(renamed)


def rename_moved_rows(table: ImageTable, scan: Scan, progress: Progress | None = None) -> int:
    """Give rows the keys that moved files have now.

    A new file is a moved one where it is the same to the byte as one that is gone. Of several equal ones as many must
    have come as are gone; they are paired in the order of their names. All that is known of an image stays its own.

    Args:
        table: The table.
        scan: What the folder holds.
        progress: Where the comparison of many files is shown.

    Returns:
        The number of rows with another key.
    """
    if not (absent := absent_paths(table, scan)):
        return 0
    rows = table.arrow(["path", "id", "bytes", "sample", "stamp", "status", "duplicate_of"])
    known = {row["path"]: row for row in rows.to_pylist()}
    gone = [known[path] for path in absent if known[path]["status"] == OK and known[path]["id"]]
    sizes = {row["bytes"] for row in gone}
    arrived = [
        file
        for file in scan.files
        if file.path not in known and file.bytes in sizes and file.stamp is not None
    ]
    if not arrived:
        return 0
    samples = {row["sample"] for row in gone}
    found = _digest([file for file in arrived if not is_tag(file.stamp)], samples, progress or Progress())
    content_of_tag = {row["stamp"]: row["id"] for row in gone if is_tag(row["stamp"])}
    for file in arrived:
        if file.stamp in content_of_tag:
            found.setdefault(content_of_tag[file.stamp], []).append(file)
    former: dict[str, list[str]] = {}
    for row in gone:
        former.setdefault(row["id"], []).append(row["path"])
    moved: dict[str, ImageFile] = {}
    for digest, files in found.items():
        if len(files) == len(paths := former.get(digest, [])):
            moved.update(zip(sorted(paths), sorted(files, key=lambda file: file.path), strict=True))
    table.update(list(moved), {
        "path": [file.path for file in moved.values()],
        "modified": [file.modified for file in moved.values()],
        "stamp": [file.stamp for file in moved.values()],
    })  # fmt: skip
    copies = [row for row in known.values() if row["duplicate_of"] in moved]
    places = [moved[row["path"]].path if row["path"] in moved else row["path"] for row in copies]
    table.update(places, {"duplicate_of": [moved[row["duplicate_of"]].path for row in copies]})
    return len(moved)


def _digest(
    files: Sequence[ImageFile], samples: Collection[str | None], progress: Progress
) -> dict[str, list[ImageFile]]:
    """Files by the digest of their bytes; those whose sample is none of these are not read to their end."""

    def digest(file: ImageFile) -> str | None:
        if None not in samples and sample_of(file.file) not in samples:
            return None
        return content_digest(file.file)

    found: dict[str, list[ImageFile]] = {}
    progress = progress if len(files) >= MANY_FILES else Progress()
    with progress.stage("comparing files", len(files), "files") as stage:
        for file, content in zip(files, map_ordered(digest, files, NUM_READERS), strict=True):
            if content is not None:
                found.setdefault(content, []).append(file)
            stage.advance()
    return found


def _by_folded_name(paths: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in paths:
        found.setdefault(folded(path), []).append(path)
    return found
