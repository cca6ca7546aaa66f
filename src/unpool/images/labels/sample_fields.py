"""What WebDataset's shards say of their images.

Beside each image of a sample lie a JSON object, a text, or both, under the same name.

Source: https://github.com/webdataset/webdataset, "The WebDataset Format"
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import PurePosixPath
from typing import Any

from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.archives.container import Member
from unpool.images.archives.tar_file import FIELD_ENDINGS, TarContainer, sample_name
from unpool.images.labels.field_table import FieldTable
from unpool.images.labels.headings import Knows
from unpool.images.labels.label_json import read_columns

JSON, TEXT = FIELD_ENDINGS
TEXT_FIELD, PATH_FIELD = "text", "path"
MAX_BYTES = 1 << 20  # of a JSON object or text of one image


def read_samples(container: TarContainer, knows: Knows) -> FieldTable:
    """Read the fields of the images in a tar file.

    Args:
        container: The tar file.
        knows: Whether a text names an image of the collection.

    Raises:
        UnpoolError: No sample has any.
    """
    images = [member.name for member in container.index.members if member.tag is not None]
    beside: dict[str, dict[str, Member]] = defaultdict(dict)
    for member in container.index.members:
        ending = PurePosixPath(member.name).suffix.lower()
        if ending in (JSON, TEXT) and member.bytes <= MAX_BYTES:
            beside[sample_name(member.name)][ending] = member
    broken: list[str] = []
    found = [_read_sample(container, beside.get(sample_name(image), {}), broken) for image in images]
    names = list(dict.fromkeys(name for values in found for name in values))
    if not names:
        raise UnpoolError(f"{container.file} has no JSON or text beside its images; give a CSV of path,label")
    columns: dict[str, list[object]] = {PATH_FIELD: list(images)}
    for name in names:
        column = f"{name} of the sample" if name == PATH_FIELD else name
        columns[column] = [values.get(name) for values in found]
    table = read_columns(columns, knows, "sample")
    if broken:
        table.remarks.append(f"{len(broken)} files beside images cannot be read, {broken[0]} for one")
    return table


def _read_sample(container: TarContainer, members: dict[str, Member], broken: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for ending, member in members.items():
        try:
            text = container.read_all(member).decode("utf-8")
            read = json.loads(text) if ending == JSON else {TEXT_FIELD: text.strip()}
            values |= read if isinstance(read, dict) else {}
        except (ValueError, RecursionError, UnreadableImageError):
            broken.append(member.name)
    return values
