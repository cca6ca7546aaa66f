"""Measure a segmenter on the same scenes at other sizes than it learnt.

    python benchmarks/segment_scales.py IMAGES MASKS --val-images DIR --val-masks DIR [--ignore N] [--model MODEL]
                                        [--minutes 8 | --steps N] [--sizes 0.5 1 2 3] [--every N] [--out results.json]

It is trained at the images' own size unless a model is given. The validation pairs are resized, and labelled as they
are and with `--scale auto`; scores are mean IoU at their new size. With `--scale auto` each must be at least 0.8 of
that at their own size, and without it there must be a line that says what is wrong.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

from segmenting import finish, options, unpool, validation_arguments

MIN_SHARE = 0.8  # of the mean IoU at their own size


def resize(images: Path, masks: Path, times: float, every: int, out: Path) -> tuple[Path, Path]:
    """Write the pairs at another size; masks by the nearest pixel."""
    pairs = [(file, masks / f"{file.stem}.png") for file in sorted(images.iterdir())]
    for folder in ("images", "masks"):
        (out / folder).mkdir(parents=True)
    for pair in pairs[::every]:
        for file, folder, method in zip(
            pair, ("images", "masks"), (Image.Resampling.BICUBIC, Image.Resampling.NEAREST), strict=True
        ):
            with Image.open(file) as image:
                size = (round(image.width * times), round(image.height * times))
                resized = image if times == 1 else image.resize(size, method)
                resized.save(out / folder / f"{file.stem}.png")
    return out / "images", out / "masks"


def measure(pairs: tuple[Path, Path], model: Path, times: float, scale: str | None) -> dict[str, Any]:
    """Evaluate on resized pairs."""
    more = [] if scale is None else ["--scale", scale]
    found = unpool("segment", "evaluate", *pairs, "--model", model, *more)
    keys = ("mean_iou", "outside", "resized", "images", "seconds")
    row = {"times": times, "scale": scale or "as they are"} | {key: found[key] for key in keys}
    row["said"] = [note for note in found["notes"] if "not of a size learnt" in note or "brought to" in note]
    print(json.dumps(row, ensure_ascii=False), flush=True)
    return row


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--model", type=Path)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, default=8)
    length.add_argument("--steps", type=int)
    parser.add_argument("--sizes", nargs="+", type=float, default=[0.5, 1, 2, 3])
    parser.add_argument("--every", type=int, default=1, help="take each n-th validation pair")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = args.model or Path(folder) / "model"
        if args.model is None:
            long = ["--steps", args.steps] if args.steps else ["--minutes", args.minutes]
            unpool(
                "segment",
                "train",
                args.images,
                args.masks,
                *validation_arguments(args),
                *long,
                "--out",
                model,
            )
        rows = []
        for times in sorted(args.sizes, key=lambda times: abs(times - 1)):
            pairs = resize(args.val_images, args.val_masks, times, args.every, Path(folder) / f"{times:g}")
            rows += [measure(pairs, model, times, scale) for scale in (None, "auto")]
    own = next(row["mean_iou"] for row in rows if row["times"] == 1 and row["scale"] != "auto")
    shares = {f"{row['times']:g}, {row['scale']}": round(row["mean_iou"] / own, 3) for row in rows}
    bad = [name for name, share in shares.items() if name.endswith("auto") and share < MIN_SHARE]
    bad += [f"{row['times']:g}: nothing is said" for row in rows if row["outside"] and not row["said"]]
    finish(rows, {"own": own, **shares}, args.out)
    if bad:
        raise SystemExit(f"not as it should be: {', '.join(bad)}")


if __name__ == "__main__":
    main()
