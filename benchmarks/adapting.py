"""Pretrained features as they are, and adapted to a folder of images whose folders are classes: NMI and kNN.

    python benchmarks/adapting.py FOLDER --groups K [--network efficientnet-lite0] [--steps 90]
                                  [--ways pretrained head-contrast …] [--seed 0] [--out results.json]

A head on frozen features is trained for 50 epochs, the whole network for `--steps`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from segmenting import finish, unpool

WAYS = {
    "pretrained": [],
    "head-contrast": ["--objective", "contrast", "--augment", "crops", "--freeze"],
    "head-aggregate": ["--objective", "aggregate", "--augment", "crops", "--freeze"],
    "whole-contrast": ["--objective", "contrast", "--augment", "crops"],
    "whole-aggregate": ["--objective", "aggregate", "--augment", "photo"],
}


def judge(args: argparse.Namespace, way: str, place: Path) -> dict[str, Any]:
    """Adapt, embed and group; NMI of k-means and of `auto`, kNN, and the seconds that adapting took."""
    model, seconds = args.network, 0.0
    if WAYS[way]:
        length = [] if way.startswith("head") else ["--steps", args.steps]
        told = unpool(
            "train", args.folder, "--network", args.network, *WAYS[way], *length, "--seed", args.seed,
            "--out", place / "model",
        )  # fmt: skip
        model, seconds = place / "model", told["seconds"]
    work = ["--work", place / "images.unpool"]
    unpool("embed", args.folder, "--model", model, *work)
    row: dict[str, Any] = {"way": way, "seconds": round(seconds, 1)}
    for method in ("kmeans", "auto"):
        unpool("group", *work, "--method", method, "--groups", args.groups, "--seed", args.seed)
        found = unpool("evaluate", *work, "--labels", "folders")
        row |= {method: round(found["nmi"], 4), "knn": round(found["knn_accuracy"], 4)}
    return row


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--groups", type=int, required=True)
    parser.add_argument("--network", default="efficientnet-lite0")
    parser.add_argument("--steps", type=int, default=90)
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    rows = []
    for way in args.ways:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(judge(args, way, Path(folder)))
        print(json.dumps(rows[-1]), flush=True)
    finish(rows, {row["way"]: row["kmeans"] for row in rows}, args.out)


if __name__ == "__main__":
    main()
