"""Measure what embedding an image costs, stage by stage.

    python benchmarks/embed_stages.py FOLDER MODEL

Processor time in milliseconds an image, on one thread: decoding, the network's input, thumbnail, measurements, the
network. `resize` is the network's input by each library that can do it, with the largest difference from Pillow.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from unpool.core.file_identity import sample_of
from unpool.core.progress import Progress
from unpool.images import resampling
from unpool.images.reading.decode import read_picture
from unpool.images.resizing import SHARPNESS_SIDE, brightness, luma, sharpness, shrink, thumbnail
from unpool.images.source import open_source
from unpool.inference.embedding import CHUNK
from unpool.inference.model import load_encoder

T = TypeVar("T")
spent: defaultdict[str, float] = defaultdict(float)


def timed(name: str, work: Callable[[], T]) -> T:
    start = time.process_time()
    result = work()
    spent[name] += time.process_time() - start
    return result


def measure(pixels: np.ndarray) -> None:
    grey = luma(shrink(pixels, SHARPNESS_SIDE))
    sharpness(grey), brightness(grey)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder")
    parser.add_argument("model", type=Path, help="a model folder")
    parser.add_argument("--images", type=int, default=200)
    options = parser.parse_args()
    found = open_source(options.folder).scan().files
    files = found[:: max(1, len(found) // options.images)]
    model = load_encoder(options.model, "cpu", Progress())
    prep, fast, furthest = model.preprocessing, resampling.fast, 0
    for start in range(0, len(files), CHUNK):
        squares = []
        for file in files[start : start + CHUNK]:
            picture = timed("decode", lambda file=file: read_picture(file.file, min_side=prep.size))
            squares.append(timed("resize", lambda picture=picture: prep.fit(picture)))
            timed("thumbnail", lambda picture=picture: thumbnail(picture.pixels))
            timed("sharpness, brightness", lambda picture=picture: measure(picture.pixels))
            timed("sample", lambda file=file: sample_of(file.file))
            resampling.fast = None
            other = timed("(resize by Pillow)", lambda picture=picture: prep.fit(picture))
            resampling.fast = fast
            furthest = max(furthest, int(np.abs(squares[-1].astype(int) - other).max()))
        timed("network", lambda squares=squares: model.encoder(np.stack(squares)))
    cost = {name: round(1000 * seconds / len(files), 3) for name, seconds in spent.items()}
    total = round(sum(value for name, value in cost.items() if not name.startswith("(")), 3)
    print(json.dumps({
        "images": len(files), "milliseconds": cost, "total": total, "largest_difference": furthest,
        "resized_by": "Pillow" if fast is None else "cykooz_resizer",
    }, indent=2))  # fmt: skip


if __name__ == "__main__":
    main()
