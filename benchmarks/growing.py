"""Measure what it costs to add images to a workspace, and how well they join.

    python benchmarks/growing.py FOLDER --images 10000 --add 100 --scratch DIR

FOLDER holds class folders. Photographs are multiplied by crops, mirrors and light until there are enough;
no image that is added is made of a photograph that was there. Timed are whole commands, as a user gives them: the first
run, the run after images were added, a run without any change, and one that makes all anew (`--rebuild`). Compared are
all columns of the images that were there (to the bit), and the groups of the added ones with those of making all anew:
the share whose group has their class as the most frequent one, and the share whose group is that of most of their ten
nearest neighbours.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image, ImageEnhance, ImageOps

from unpool.analysis.joining import find_near
from unpool.store.table import ImageTable

SIDE = 256  # of the images that are made
KEPT = ["x", "y", "group", "probability", "leaf", "label", "wrong", "outlier_score", "id"]


def main() -> None:
    options = parse()
    photographs = sorted(
        path for path in options.folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png")
    )
    rng = np.random.default_rng(options.seed)
    rng.shuffle(photographs)
    num_held = max(1, len(photographs) * options.add // (options.images + options.add)) + 10
    held, there = photographs[:num_held], photographs[num_held:]
    images, work = options.scratch / "images", options.scratch / "w.unpool"
    if not images.exists():
        make(there, images, options.images, rng)
    first = run(images, work)
    labelled = ImageTable(work).frame(["path"])["path"].tolist()[::7]
    ImageTable(work).update(labelled, {"label": ["kept"] * len(labelled)})
    before = ImageTable(work).frame([*KEPT, "path"]).set_index("path")
    make(held, images, options.add, rng, prefix="added-")
    added = run(images, work)
    after = ImageTable(work).frame([*KEPT, "path"]).set_index("path")
    pd.testing.assert_frame_equal(after.loc[before.index], before, check_exact=True)
    new = after.index.difference(before.index)
    joined = judge(work, new)
    unchanged = run(images, work)
    rebuilt = run(images, work, "--rebuild")
    result = {
        "images": len(before), "added": len(new), "first_seconds": first["wall"], "added_seconds": added["wall"],
        "share": round(added["wall"] / first["wall"], 4), "unchanged_seconds": unchanged["wall"],
        "rebuild_seconds": rebuilt["wall"], "drift": added["drift"], "joined": joined, "anew": judge(work, new),
        "others": "unchanged to the bit", "seconds": added["seconds"],
    }  # fmt: skip
    print(json.dumps(result, indent=2))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--add", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scratch", type=Path, required=True)
    return parser.parse_args()


def make(photographs: list[Path], out: Path, count: int, rng: np.random.Generator, prefix: str = "") -> None:
    """Write `count` variants of photographs into the folders of their classes."""
    for number in range(count):
        path = photographs[number % len(photographs)]
        image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        side = int(min(image.size) * rng.uniform(0.75, 1))
        left, top = (int(rng.integers(0, length - side + 1)) for length in image.size)
        image = image.crop((left, top, left + side, top + side)).resize(
            (SIDE, SIDE), Image.Resampling.BILINEAR
        )
        image = ImageOps.mirror(image) if rng.random() < 0.5 else image
        image = ImageEnhance.Brightness(image).enhance(rng.uniform(0.8, 1.2))
        folder = out / path.parent.name
        folder.mkdir(parents=True, exist_ok=True)
        image.save(folder / f"{prefix}{number:06}.jpg", quality=85)


def run(images: Path, work: Path, *words: str) -> dict[str, Any]:
    """Give the command; its JSON with the seconds from start to end."""
    command = [
        "run",
        str(images),
        "--work",
        str(work),
        "--network",
        "efficientnet-lite0",
        "--json",
        "--no-open",
    ]
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "unpool", *command, *words], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    result: dict[str, Any] = json.loads(done.stdout)
    return result | {"wall": round(time.perf_counter() - start, 2)}


def judge(work: Path, new: pd.Index) -> dict[str, float]:
    """Say how well the groups of some images fit their classes and their neighbours."""
    table = ImageTable(work)
    paths, vectors_ND = table.vectors()
    rows = table.frame(["path", "group"]).set_index("path").loc[paths]
    group_N, class_N = rows["group"].to_numpy(np.int64), np.array([path.split("/")[0] for path in paths])
    is_new_N = rows.index.isin(new)
    main_class = {
        group: pd.Series(class_N[(group_N == group) & ~is_new_N]).mode().iloc[0]
        for group in np.unique(group_N[~is_new_N])
    }
    fits = [
        main_class.get(group) == name
        for group, name in zip(group_N[is_new_N], class_N[is_new_N], strict=True)
    ]
    near_MK = find_near(vectors_ND[is_new_N], vectors_ND, np.flatnonzero(~is_new_N))[1]
    most_M = [np.bincount(groups + 1).argmax() - 1 for groups in group_N[near_MK]]
    return {
        "class_accuracy": round(float(np.mean(fits)), 4),
        "neighbour_agreement": round(float(np.mean(most_M == group_N[is_new_N])), 4),
    }


if __name__ == "__main__":
    main()
