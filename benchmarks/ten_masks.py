"""Measure whether adapting a backbone to unlabelled images helps ten masks.?

    python benchmarks/ten_masks.py IMAGES MASKS --val-images DIR --val-masks DIR [--ignore N] [--num-masks 10]
                                   [--steps 200] [--adapt-steps 300] [--rounds 2] [--out results.json]
                                   [--starts imagenet …]

Ten of the pairs are trained on, different ones in each round; all of IMAGES serve as the unlabelled ones. Four
backbones start the same training: ImageNet's weights, random ones, and each of the two after a training by contrast
on the unlabelled images. Scores are mean IoU on the validation pairs, in the best epoch.
"""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from segmenting import finish, options, unpool, validation_arguments

STARTS = ("imagenet", "random", "imagenet, adapted", "random, adapted")


def pick(images: Path, masks: Path, count: int, first: int, out: Path) -> tuple[Path, Path]:
    """Copy `count` pairs, evenly spaced from index `first` on."""
    found = sorted(file for file in images.iterdir() if (masks / f"{file.stem}.png").is_file())
    picked = found[first :: max(1, len(found) // count)][:count]
    for folder, files in (("images", picked), ("masks", [masks / f"{file.stem}.png" for file in picked])):
        (out / folder).mkdir(parents=True)
        for file in files:
            shutil.copy(file, out / folder)
    return out / "images", out / "masks"


def backbone(start: str, images: Path, steps: int, work: Path) -> list[object]:
    """Return the arguments that name a backbone; adapt it first where needed."""
    weights = "imagenet" if start.startswith("imagenet") else "none"
    if "adapted" not in start:
        return ["--backbone", "efficientnet-lite0", "--weights", weights]
    model = work / f"{weights}-adapted"
    if not model.is_dir():
        unpool(
            "train", images, "--network", "efficientnet-lite0", "--objective", "contrast", "--weights", weights,
            "--steps", steps, "--batch", 32, "--val", 0, "--out", model,
        )  # fmt: skip
    return ["--backbone", model]


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--num-masks", type=int, default=10)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--adapt-steps", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--starts", nargs="+", choices=STARTS, default=STARTS)
    args = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(args.rounds):
            pairs = pick(
                args.images, args.masks, args.num_masks, 7 * number, Path(folder) / f"round-{number}"
            )
            for start in args.starts:
                start_time = time.perf_counter()
                arguments = backbone(start, args.images, args.adapt_steps, Path(folder))
                result = unpool(
                    "segment", "train", *pairs, *validation_arguments(args), *arguments,
                    "--steps", args.steps, "--seed", number, "--out", Path(folder) / f"{number}-{start}",
                )  # fmt: skip
                row = {
                    "round": number,
                    "start": start,
                    "val_miou": result["val_miou"],
                    "steps": result["steps"],
                }
                rows.append(row | {"seconds": round(time.perf_counter() - start_time, 1)})
                print(json.dumps(rows[-1]), flush=True)
    scores = {start: [row["val_miou"] for row in rows if row["start"] == start] for start in args.starts}
    finish(rows, {start: round(statistics.mean(found), 4) for start, found in scores.items()}, args.out)


if __name__ == "__main__":
    main()
