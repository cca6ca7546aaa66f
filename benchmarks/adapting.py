"""Compare pretrained features with features adapted to a collection, by NMI and kNN accuracy.

    python benchmarks/adapting.py FOLDER --groups K [--network efficientnet-lite0] [--steps 90]
                                  [--variants pretrained head-contrast …] [--seed 0] [--out results.json]

The folder of an image is its class. A head on frozen features is trained for 50 epochs, the whole network for
`--steps`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from segmenting import finish, unpool

VARIANTS = {
    "pretrained": [],
    "head-contrast": ["--objective", "contrast", "--augment", "crops", "--freeze"],
    "head-aggregate": ["--objective", "aggregate", "--augment", "crops", "--freeze"],
    "whole-contrast": ["--objective", "contrast", "--augment", "crops"],
    "whole-aggregate": ["--objective", "aggregate", "--augment", "photo"],
}


def evaluate(args: argparse.Namespace, variant: str, folder: Path) -> dict[str, Any]:
    """Adapt, embed and group; return NMI of k-means and `auto`, kNN accuracy, and seconds of adaptation."""
    model, seconds = args.network, 0.0
    if VARIANTS[variant]:
        length = [] if variant.startswith("head") else ["--steps", args.steps]
        result = unpool(
            "train", args.folder, "--network", args.network, *VARIANTS[variant], *length, "--seed", args.seed,
            "--out", folder / "model",
        )  # fmt: skip
        model, seconds = folder / "model", result["seconds"]
    work = ["--work", folder / "images.unpool"]
    unpool("embed", args.folder, "--model", model, *work)
    row: dict[str, Any] = {"variant": variant, "seconds": round(seconds, 1)}
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
    parser.add_argument("--variants", nargs="+", choices=list(VARIANTS), default=list(VARIANTS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    rows = []
    for variant in args.variants:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(evaluate(args, variant, Path(folder)))
        print(json.dumps(rows[-1]), flush=True)
    finish(rows, {row["variant"]: row["kmeans"] for row in rows}, args.out)


if __name__ == "__main__":
    main()
