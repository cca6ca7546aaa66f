"""The four fully convolutional networks on the same images: mean IoU by network and seed.

    python benchmarks/fcn_order.py IMAGES MASKS --val-images DIR --val-masks DIR [--ignore N]
                                   [--minutes 8 | --steps N] [--seeds 2] [--out results.json]

`--minutes` is what the order is promised for, on a quiet machine; `--steps` makes it the same work for all,
whatever else runs.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

NETWORKS = ("fcn32s", "fcn16s", "fcn8s", "fcn4s")


def train(args: argparse.Namespace, network: str, seed: int, out: Path) -> dict[str, Any]:
    length = ["--steps", args.steps] if args.steps else ["--minutes", args.minutes]
    words = [
        "segment", "train", args.images, args.masks, "--val-images", args.val_images, "--val-masks", args.val_masks,
        "--ignore", args.ignore, "--network", network, *length, "--seed", seed, "--out", out, "--json",
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "unpool", *map(str, words)], check=True, stdout=subprocess.PIPE, text=True
    )
    told = json.loads(done.stdout)
    return {"network": network, "seed": seed} | {key: told[key] for key in ("val_miou", "steps", "seconds")}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("images", type=Path)
    parser.add_argument("masks", type=Path)
    parser.add_argument("--val-images", type=Path, required=True)
    parser.add_argument("--val-masks", type=Path, required=True)
    parser.add_argument("--ignore", type=int, default=255)
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(args.seeds):
            for network in NETWORKS:
                rows.append(train(args, network, seed, Path(folder) / f"{network}-{seed}"))
                print(json.dumps(rows[-1]), flush=True)
    medians = {
        name: round(statistics.median(row["val_miou"] for row in rows if row["network"] == name), 4)
        for name in NETWORKS
    }
    print(json.dumps(medians))
    if args.out:
        args.out.write_text(json.dumps({"rows": rows, "median": medians}, indent=2) + "\n")


if __name__ == "__main__":
    main()
