"""Archives that tests make: some pictures in a zip, tar or Parquet file."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

WRITTEN = 1_000_000_000  # when the members of tar files were written


def jpeg(value: int = 0, side: int = 24) -> bytes:
    """A grey JPEG of one value, wider than high."""
    content = io.BytesIO()
    Image.fromarray(np.full((side, side + 8, 3), value, np.uint8)).save(content, "JPEG")
    return content.getvalue()


def write_zip(file: Path, contents: Mapping[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> Path:
    """A zip file of these members."""
    with zipfile.ZipFile(file, "w", packing) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return file


def write_tar(file: Path, contents: Mapping[str, bytes], mode: str = "w") -> Path:
    """A tar file of these members; `mode` as for `tarfile.open`."""
    with tarfile.open(file, mode) as archive:  # type: ignore[call-overload]
        for name, content in contents.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), WRITTEN
            archive.addfile(info, io.BytesIO(content))
    return file


def write_parquet(
    file: Path,
    images: Sequence[bytes | None],
    *,
    class_names: Sequence[str] = (),
    group: int = 3,
    **columns: object,
) -> Path:
    """A Parquet file as Hugging Face writes it: images as {bytes, path}, and further columns."""
    cells = [{"bytes": content, "path": f"{row}.jpg"} for row, content in enumerate(images)]
    table = pa.table({"image": cells, **columns})
    if class_names:
        features = {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": list(class_names)}}
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table, file, row_group_size=group)
    return file
