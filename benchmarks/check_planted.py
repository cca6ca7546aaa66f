"""Plant mirrored, turned and blurred photographs, and count what `unpool check` finds.

    python benchmarks/check_planted.py PHOTOS [--draws 3] [--seed 0]

Each draw adds ten mirrored, ten turned and twenty blurred copies (sigma 4 at their own size) to all PHOTOS. What is
found among the unchanged ones is printed, to be looked at before it is called a mistake.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from check_thresholds import Trial
from unpool.store.findings import found_problems, found_rows

FLIPS = (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM)
ROTATIONS = (
    Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270,
    Image.Transpose.TRANSPOSE, Image.Transpose.TRANSVERSE,
)  # fmt: skip
NUM_EACH, NUM_BLURRED, SIGMA = 10, 20, 4


def change(image: Image.Image, number: int) -> tuple[str, Image.Image]:
    """Mirror, turn or blur, by its number."""
    if number < NUM_EACH:
        return "mirrored", image.transpose(FLIPS[number % len(FLIPS)])
    if number < 2 * NUM_EACH:
        return "turned", image.transpose(ROTATIONS[number % len(ROTATIONS)])
    return "blurred", image.filter(ImageFilter.GaussianBlur(SIGMA))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        trial = Trial(args.photos, Path(root))
        for draw in range(args.draws):
            rng = np.random.default_rng(args.seed + draw)
            picked = rng.choice(len(trial.paths), 2 * NUM_EACH + NUM_BLURRED, replace=False)
            sample = [trial.paths[row] for row in picked.tolist()]

            def add(folder: Path, sample: list[str] = sample) -> None:
                for number, path in enumerate(sample):
                    with Image.open(trial.photos / path) as image:
                        name, changed = change(image.convert("RGB"), number)
                    changed.save(folder / f"{name}-{number:02}.jpg", quality=90)

            trial.run(add)
            print_found(trial, draw)


def print_found(trial: Trial, draw: int) -> None:
    pairs = [row for row in found_rows(trial.work) if row[1] == "turned copy"]
    planted = [path for path, _, detail in pairs if "others/" in path + detail]
    blurred = (found_problems(trial.work) or {})["blurred"]
    soft = [path for path in blurred if path.startswith("others/blurred")]
    print(
        f"draw {draw}: {len(planted)} of {2 * NUM_EACH} turned copies, {len(soft)} of {NUM_BLURRED} blurred"
    )
    for path in [*(path for path, _, _ in pairs if path not in planted), *(set(blurred) - set(soft))]:
        print(f"    beside them: {path}")


if __name__ == "__main__":
    main()
