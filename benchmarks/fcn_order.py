"""Compare the mean IoU of the four fully convolutional networks.

    python benchmarks/fcn_order.py IMAGES MASKS --val-images DIR --val-masks DIR [--ignore N]
                                   [--minutes 8 | --steps N] [--seeds 2] [--out results.json]

The published order is expected for `--minutes`, on a quiet machine; `--steps` gives all networks the same number
of steps, whatever else runs.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

from segmenting import finish, options, unpool, validation_arguments

NETWORKS = ("fcn32s", "fcn16s", "fcn8s", "fcn4s")


def train(args: argparse.Namespace, network: str, seed: int, out: Path) -> dict[str, Any]:
    length = ["--steps", args.steps] if args.steps else ["--minutes", args.minutes]
    result = unpool(
        "segment", "train", args.images, args.masks, *validation_arguments(args), "--network", network,
        *length, "--seed", seed, "--out", out,
    )  # fmt: skip
    return {"network": network, "seed": seed} | {key: result[key] for key in ("val_miou", "steps", "seconds")}


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seeds", type=int, default=2)
    args = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(args.seeds):
            for network in NETWORKS:
                rows.append(train(args, network, seed, Path(folder) / f"{network}-{seed}"))
                print(json.dumps(rows[-1]), flush=True)
    scores = {name: [row["val_miou"] for row in rows if row["network"] == name] for name in NETWORKS}
    finish(rows, {name: round(statistics.median(found), 4) for name, found in scores.items()}, args.out)


if __name__ == "__main__":
    main()
