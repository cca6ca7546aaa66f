"""Measure what reading images inside archives costs beside reading them from a folder.

    python benchmarks/archive_speed.py FOLDER [--images 500]

The images of FOLDER are packed into a zip, a tar and a Parquet file in a temporary folder. For each: seconds to list
them the first time and again, processor time in milliseconds to decode one for a network of 224 pixels, in order and
in random order, and the most memory that the process had. All pictures are compared with those of the folder.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from unpool.core.user_cache import VARIABLE
from unpool.images.reading.scan import ImageFile
from unpool.images.source import Source, open_source

SIDE = 224
ROWS = 100  # of a row group, as Hugging Face writes images


def pack(folder: Path, paths: Sequence[str], out: Path) -> dict[str, str]:
    """Write the archives; returns what is read, by name."""
    with zipfile.ZipFile(out / "a.zip", "w") as archive:
        for path in paths:
            archive.write(folder / path, path)
    with tarfile.open(out / "a.tar", "w") as archive:
        for path in paths:
            archive.add(folder / path, path)
    cells = [{"bytes": (folder / path).read_bytes(), "path": path} for path in paths]
    pq.write_table(pa.table({"image": cells}), out / "a.parquet", row_group_size=ROWS)
    (out / "list.txt").write_text("\n".join(str(folder / path) for path in paths))
    return {name: str(out / name) for name in ("list.txt", "a.zip", "a.tar", "a.parquet")}


def read_all(source: Source, files: Sequence[ImageFile]) -> tuple[float, list[str]]:
    """Decode files in their order; returns milliseconds of the processor an image, and digests."""
    start = time.process_time()
    digests = [source.read(file, SIDE).id for file in files]
    return (time.process_time() - start) * 1000 / len(files), digests


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=500)
    options = parser.parse_args()
    folder = options.folder.resolve()
    files = open_source(str(folder)).scan().files[: options.images]
    with tempfile.TemporaryDirectory() as place:
        os.environ[VARIABLE] = str(Path(place) / "cache")
        archives = pack(folder, [file.path for file in files], Path(place))
        time.sleep(3)  # a file that was just written is not trusted to stay
        print(f"{'':12} {'list s':>8} {'again s':>8} {'in order ms':>12} {'random ms':>10} {'memory MB':>10}")
        expected = sorted(read_all(open_source(str(folder)), files)[1])
        for name, location in {"folder": str(folder), **archives}.items():
            seconds = []
            for _ in range(2):
                start = time.perf_counter()
                source = open_source(location)
                found = source.scan().files[: len(files)]
                seconds.append(time.perf_counter() - start)
            ordered, digests = read_all(source, found)
            assert sorted(digests) == expected, name
            shuffled, _ = read_all(source, random.Random(0).sample(found, len(found)))
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{name:12} {seconds[0]:8.3f} {seconds[1]:8.3f} {ordered:12.2f} {shuffled:10.2f} {memory:10.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
