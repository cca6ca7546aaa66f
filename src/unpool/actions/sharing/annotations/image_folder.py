"""`unpool export --to imagefolder`: images with metadata for `datasets`.

Images lie below a folder of each split, `train` where there are none, with one file of metadata: that is how Hugging
Face takes all of them, whatever they are called, and keeps splits apart.

Source: https://huggingface.co/docs/datasets/image_dataset
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from unpool.actions.sharing.annotations.image_values import AnnotatedImage, read_image_values
from unpool.actions.sharing.folders import (
    UniqueNames,
    check_output,
    report_copies,
    safe_name,
    write_images,
)
from unpool.actions.sharing.formats import ExportRequest
from unpool.core.atomic_files import whole_folder
from unpool.core.file_names import folded
from unpool.core.markers import COPIES
from unpool.images.labels.splits import TRAIN, find_split_level, name_split
from unpool.images.source import NamedSource
from unpool.store.fields.kinds import Kind
from unpool.store.fields.names import Field
from unpool.store.origin import source_of

if TYPE_CHECKING:
    import pyarrow as pa

FILE_NAME = "file_name"
RESERVED = ("file_name", "file_names", "image", "images")  # columns that `datasets` gives a meaning
METADATA = "metadata"
MAX_JSON_BYTES = 8 << 20  # of what `datasets` reads at once, so that columns have one type
SPLIT_FOLDERS = (
    "train",
    "training",
    "validation",
    "valid",
    "dev",
    "val",
    "test",
    "testing",
    "eval",
    "evaluation",
)
UNSPLIT = "unsplit"  # the folder of images outside of the splits that others have
# A word by which `datasets` takes a folder for a split; with one more letter it is none.
_SPLIT_WORD = re.compile(rf"(?<![^-._ 0-9])({'|'.join(SPLIT_FOLDERS)})(?![^-._ 0-9])")


def write_image_folder(request: ExportRequest) -> int:
    """Copy or link images, with metadata for each split."""
    source = source_of(request.table.work)
    check_output(source, request.out, request.link)
    fields, images = read_image_values(request)
    ending = ".webp" if isinstance(source, NamedSource) else ""
    places = _place([image.path for image in images], ending)
    targets = places.targets
    with whole_folder(request.out) as new:
        absent = write_images(
            request.table.work,
            source,
            targets,
            new,
            request.out,
            link=request.link,
            progress=request.progress,
        )
        gone = set(absent)
        rows: defaultdict[PurePosixPath, list[AnnotatedImage]] = defaultdict(list)
        for image in images:
            if image.path not in gone:
                rows[places.folder[image.path]].append(image)
        for folder, each in rows.items():
            (new / folder / COPIES).touch()  # a file: `torchvision` takes every folder here for a class
            _write_metadata(new / folder, build_table(fields, each, places.inside), is_only=len(rows) == 1)
    for line in _describe_places(places):
        request.progress.message(line)
    report_copies(targets, absent, request.progress)
    return len(targets) - len(absent)


def name_column(name: str) -> str:
    """Name the column of a field.

    No name by which `datasets` knows images is used.

    >>> name_column("label"), name_column("image"), name_column("mask_file_name")
    ('label', 'image (field)', 'mask_file_name (field)')
    """
    is_taken = name in RESERVED or name.endswith(("_file_name", "_file_names"))
    return f"{name} (field)" if is_taken else name


def build_table(
    fields: Sequence[Field], images: Sequence[AnnotatedImage], inside: Mapping[str, PurePosixPath]
) -> pa.Table:
    """Build the metadata of some images, with types.

    Args:
        fields: The columns.
        images: The rows.
        inside: Where each image lies, below the folder of the metadata.

    Returns:
        The table, in which each column has the type of its field.
    """
    import pyarrow as pa

    types: dict[Kind, pa.DataType] = {
        "tags": pa.list_(pa.string()), "number": pa.float64(), "date": pa.timestamp("us")
    }  # fmt: skip
    columns = {FILE_NAME: pa.array([str(inside[image.path]) for image in images], pa.string())}
    for each in fields:
        values: list[object] = [image.values.get(each.name) for image in images]
        if each.kind == "date":
            values = [None if text is None else datetime.fromisoformat(str(text)) for text in values]
        columns[name_column(each.name)] = pa.array(values, types.get(each.kind, pa.string()))
    return pa.table(columns)


def _write_metadata(folder: Path, table: pa.Table, *, is_only: bool) -> None:
    """Write JSON lines; Parquet, which says types, where parts of it would be read one by one."""
    import pyarrow.parquet as parquet

    lines = "".join(
        f"{json.dumps(row, ensure_ascii=False, default=str)}\n" for row in table.to_pylist()
    ).encode()
    if is_only and len(lines) <= MAX_JSON_BYTES:
        (folder / f"{METADATA}.jsonl").write_bytes(lines)
    else:
        parquet.write_table(table, folder / f"{METADATA}.parquet")


@dataclass
class _Places:
    """Where images go: the folder of their split, the path below it, and what had to be renamed."""

    folder: dict[str, PurePosixPath] = field(default_factory=dict)
    inside: dict[str, PurePosixPath] = field(default_factory=dict)
    num_renamed: int = 0

    @property
    def targets(self) -> dict[str, PurePosixPath]:
        """The whole path of each image in the new folder."""
        return {path: self.folder[path] / inside for path, inside in self.inside.items()}


def _place(paths: Sequence[str], ending: str) -> _Places:
    """Give images places below the folders of their splits, under names that every system takes."""
    folders = {path: PurePosixPath(path).parts[:-1] for path in paths}
    level = find_split_level(list(folders.values()))
    names: defaultdict[str, UniqueNames] = defaultdict(UniqueNames)
    places = _Places()
    for path, parts in folders.items():
        split = name_split(parts[level - 1]) if level is not None and len(parts) >= level else None
        if level is None:
            places.folder[path] = PurePosixPath(TRAIN)
        elif split is None:
            places.folder[path] = PurePosixPath(UNSPLIT)
        else:
            word = parts[level - 1]
            places.folder[path] = PurePosixPath(word if word in SPLIT_FOLDERS else split)
            parts = (*parts[: level - 1], *parts[level:])
        above = PurePosixPath(*(_SPLIT_WORD.sub(r"\1s", safe_name(part)) for part in parts))
        places.num_renamed += above != PurePosixPath(*parts)
        claimed = names[folded(str(places.folder[path] / above))].claim(PurePosixPath(path).name)
        inside = above / claimed
        places.inside[path] = inside.with_suffix(ending) if ending else inside
    return places


def _describe_places(places: _Places) -> list[str]:
    lines = []
    if num_unsplit := sum(folder == PurePosixPath(UNSPLIT) for folder in places.folder.values()):
        lines.append(
            f"images that lie in no split, and are not loaded by `datasets`: {num_unsplit}, in {UNSPLIT}"
        )
    if places.num_renamed:
        lines.append(
            f"images in renamed folders, whose names are those of splits or not portable: {places.num_renamed}"
        )
    return lines
