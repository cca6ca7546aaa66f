"""Compare all methods of grouping by NMI, accuracy and seconds.

    unpool embed FOLDER --model efficientnet-lite0 --work photos.unpool
    python benchmarks/group_methods.py photos.unpool [MORE.unpool …] [--groups K | --groups auto]
                                       [--seeds 3] [--images 10000] [--out results.json]

The folders of the images are their classes; figures are means over seeds. `--groups` is the number of classes by
default; `hdbscan` always finds its own. Of a larger workspace `--images` images are sampled.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any, Literal

import numpy as np

from unpool.analysis.clustering.grouping import METHODS, group
from unpool.analysis.mapping import compute_map
from unpool.analysis.metrics.supervised import accuracy, nmi
from unpool.images.labels.true_labels import read_true_labels
from unpool.store.table import ImageTable


def sample(work: Path, max_images: int) -> tuple[np.ndarray, np.ndarray]:
    """Vectors and classes of a workspace's images, or of `max_images` sampled from them."""
    paths, vectors_ND = ImageTable(work).vectors()
    classes = np.array([str(each) for each in read_true_labels(paths, "folders").classes])
    if len(paths) > max_images:
        rows = np.sort(np.random.default_rng(0).choice(len(paths), max_images, replace=False))
        return vectors_ND[rows], classes[rows]
    return vectors_ND, classes


def measure(
    work: Path, groups: int | Literal["auto"] | None, seeds: int, max_images: int
) -> list[dict[str, Any]]:
    vectors_ND, classes = sample(work, max_images)
    num_groups = groups or len(set(classes))
    rows = []
    for seed in range(seeds):
        xy_N2 = compute_map(vectors_ND, seed=seed)
        for method in METHODS:
            start = time.perf_counter()
            requested = "auto" if method == "hdbscan" else num_groups
            found = group(vectors_ND, method=method, groups=requested, xy_N2=xy_N2, seed=seed)
            rows.append({
                "work": work.name, "images": len(classes), "method": method, "seed": seed,
                "groups": len(set(found.labels[found.labels >= 0].tolist())),
                "nmi": round(nmi(found.labels, classes), 4), "accuracy": round(accuracy(found.labels, classes), 4),
                "seconds": round(time.perf_counter() - start, 1),
            })  # fmt: skip
            print(json.dumps(rows[-1]), flush=True)
    return rows


def mean(rows: list[dict[str, Any]], work: str, method: str) -> dict[str, Any]:
    """The means over the seeds."""
    own = [row for row in rows if (row["work"], row["method"]) == (work, method)]
    figures = ("nmi", "accuracy", "groups", "seconds")
    return {"work": work, "method": method} | {
        name: round(statistics.mean(row[name] for row in own), 4) for name in figures
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("works", type=Path, nargs="+")
    parser.add_argument("--groups", type=lambda typed: "auto" if typed == "auto" else int(typed))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    rows = [row for work in args.works for row in measure(work, args.groups, args.seeds, args.images)]
    summary = [mean(rows, work.name, method) for work in args.works for method in METHODS]
    for line in summary:
        print(json.dumps(line))
    if args.out:
        args.out.write_text(json.dumps({"rows": rows, "summary": summary}, indent=2) + "\n")


if __name__ == "__main__":
    main()
