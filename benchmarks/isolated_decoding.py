"""What it costs to decode files apart, and what the others pay for the choice.

    python benchmarks/isolated_decoding.py FOLDER [--files 300]

reads JPEGs of a folder as they are, as PNG, TIFF and JPEG 2000, each file by `read_picture` and in this process alone,
in turns, so that both meet the same load of the machine. Prints milliseconds a file, and the seconds until the first
process answers.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from unpool.images.isolation.pool import end_idle
from unpool.images.isolation.trail import leaving_trail
from unpool.images.reading.decode import Picture, read_picture, read_picture_here
from unpool.images.reading.opening import MAX_PIXELS
from unpool.images.values.rules import NO_RULES

SIDE = 224
KINDS: dict[str, dict[str, object]] = {
    "png": {"compress_level": 1}, "tif": {"compression": "tiff_lzw"}, "jp2": {"quality_layers": [20]},
}  # fmt: skip


def read_as_chosen(file: Path) -> Picture:
    return read_picture(file, min_side=SIDE)


def read_here(file: Path) -> Picture:
    return read_picture_here(file, SIDE, MAX_PIXELS, NO_RULES)


def compare(files: list[Path], repeats: int = 3) -> tuple[float, float]:
    """Milliseconds a file by both, the smallest of some turns."""
    seconds_2NR = np.zeros((2, len(files), repeats))
    ways: list[Callable[[Path], Picture]] = [read_as_chosen, read_here]
    for repeat in range(repeats):
        for row, file in enumerate(files):
            order = (0, 1) if (row + repeat) % 2 else (1, 0)
            for way in order:
                start = time.perf_counter()
                ways[way](file)
                seconds_2NR[way, row, repeat] = time.perf_counter() - start
    chosen, here = 1000 * seconds_2NR.min(axis=2).mean(axis=1)
    return float(chosen), float(here)


def main() -> None:
    """Read the folder and print a line for each kind."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=300)
    options = parser.parse_args()
    files = sorted(options.folder.rglob("*.jpg"))
    files = files[:: max(1, len(files) // options.files)][: options.files]
    with tempfile.TemporaryDirectory() as name, leaving_trail(Path(name)):
        kinds = {"jpg": files}
        for kind, saving in KINDS.items():
            kinds[kind] = [Path(name) / f"{row}.{kind}" for row in range(len(files) // 3)]
            for file, target in zip(files, kinds[kind], strict=False):
                with Image.open(file) as image:
                    image.convert("RGB").save(target, **saving)
        for kind, some in kinds.items():
            start = time.perf_counter()
            read_as_chosen(some[0])
            first = time.perf_counter() - start
            chosen, here = compare(some)
            print(
                f"{kind}: {chosen:.3f} ms as chosen, {here:.3f} ms here ({chosen / here - 1:+.1%}); first {first:.2f} s"
            )
    end_idle()


if __name__ == "__main__":
    main()
