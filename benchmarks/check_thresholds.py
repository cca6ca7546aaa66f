"""Measure how many synthetic problems `unpool check` finds, and how many false ones.

    python benchmarks/check_thresholds.py PHOTOS [--foreign FOLDER …] [--sample 150] [--seed 0]

Some of the PHOTOS are changed by one method at a time and added to all of them; then the command is run. `found` is
the share of the changed copies that it finds, `wrong` the number of unchanged PHOTOS that it finds: those are
printed last, to be inspected before they are called mistakes. Ten images of each FOREIGN folder are mixed in at a
time.
"""

from __future__ import annotations

import argparse
import io
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter
from scipy.ndimage import uniform_filter1d

from unpool import Workspace
from unpool.images.reading.scan import scan_folder
from unpool.store.findings import found_problems, found_sets

Rng = np.random.Generator
Change = Callable[[Image.Image, Rng], Image.Image]
NETWORK = "efficientnet-lite0"
FOREIGN = 10


def compress(quality: int) -> Change:
    """Compress as a JPEG of that quality."""

    def change(image: Image.Image, rng: Rng) -> Image.Image:
        content = io.BytesIO()
        image.save(content, "JPEG", quality=quality)
        return Image.open(content).convert("RGB")

    return change


def resize(factor: float) -> Change:
    return lambda image, rng: image.resize(
        (max(1, round(image.width * factor)), max(1, round(image.height * factor))), Image.Resampling.LANCZOS
    )


def crop(share: float) -> Change:
    """Crop that share of both sides, split randomly between opposite edges."""

    def change(image: Image.Image, rng: Rng) -> Image.Image:
        wide, high = round(image.width * share), round(image.height * share)
        left, top = int(rng.integers(0, wide + 1)), int(rng.integers(0, high + 1))
        return image.crop((left, top, left + image.width - wide, top + image.height - high))

    return change


def relight(gain: float, offset: float = 0) -> Change:
    def change(image: Image.Image, rng: Rng) -> Image.Image:
        level = np.asarray(image, np.float32) * gain + offset
        return Image.fromarray(level.clip(0, 255).round().astype(np.uint8))

    return change


def blur(sigma: float) -> Change:
    """Blur by a Gaussian; sigma in pixels of the photograph."""
    return lambda image, rng: image.filter(ImageFilter.GaussianBlur(sigma))


def smear(pixels: int) -> Change:
    """Blur as by a camera that moves sideways by so many pixels."""
    return lambda image, rng: Image.fromarray(uniform_filter1d(np.asarray(image), pixels, axis=1))


def chain(*changes: Change) -> Change:
    def change(image: Image.Image, rng: Rng) -> Image.Image:
        for one in changes:
            image = one(image, rng)
        return image

    return change


def add_caption(image: Image.Image, rng: Rng) -> Image.Image:
    pixels = np.array(image)
    pixels[int(image.height * 0.92) :, : image.width // 2] = 255
    return Image.fromarray(pixels)


NEAR: dict[str, Change] = {
    "PNG": lambda image, rng: image,
    "JPEG 90": compress(90), "JPEG 70": compress(70), "JPEG 50": compress(50), "JPEG 30": compress(30),
    "half the size": chain(resize(0.5), compress(90)), "a quarter": chain(resize(0.25), compress(90)),
    "5 % cropped": chain(crop(0.05), compress(90)), "10 % cropped": chain(crop(0.1), compress(90)),
    "15 % cropped": chain(crop(0.15), compress(90)),
    "15 % brighter": chain(relight(1.15), compress(90)), "15 % darker": chain(relight(0.85), compress(90)),
    "cropped 5 %, half the size, darker, JPEG 50": chain(crop(0.05), resize(0.5), relight(0.85), compress(50)),
    "turned by 1°": lambda image, rng: image.rotate(1, Image.Resampling.BICUBIC).crop(
        (6, 6, image.width - 6, image.height - 6)
    ),
    "a white bar": add_caption,
    "grey": lambda image, rng: image.convert("L").convert("RGB"),
    "mirrored": lambda image, rng: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
}  # fmt: skip
DEGRADED: dict[str, dict[str, Change]] = {
    "blurred": {f"gaussian, {sigma} pixels": blur(sigma) for sigma in (1, 2, 3, 4, 6)}
    | {f"moved {pixels} pixels": smear(pixels) for pixels in (9, 15, 25)},
    "dark": {f"light × {gain}": relight(gain) for gain in (0.5, 0.33, 0.25, 0.15)},
    "bright": {f"light × {gain}": relight(gain) for gain in (1.5, 2, 3, 4)} | {"fog": relight(0.25, 190)},
}  # fmt: skip


class Trial:
    """A workspace of photographs to which other images are added."""

    def __init__(self, photos: Path, root: Path) -> None:
        self.folder, self.work = root / "images", root / "w.unpool"
        self.folder.mkdir()
        (self.folder / "photos").symlink_to(photos.resolve())
        self.paths = [file.path for file in scan_folder(photos).files]
        self.photos = photos

    def run(self, add: Callable[[Path], None]) -> dict[str, list[str]]:
        """Add images in a folder of their own, embed what is new, and check."""
        folder = self.folder / "others"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        add(folder)
        workspace = Workspace(self.work, self.folder)
        workspace.embed(model=NETWORK)
        workspace.check()
        return found_problems(self.work) or {}

    def changed(self, sample: list[str], change: Change, seed: int) -> dict[str, list[str]]:
        """Check with changed copies of some photographs, and return the problems."""
        rng = np.random.default_rng(seed)

        def add(folder: Path) -> None:
            for number, path in enumerate(sample):
                with Image.open(self.photos / path) as image:
                    change(image.convert("RGB"), rng).save(folder / f"{number:04}.png")

        return self.run(add)


def of_photos(paths: list[str]) -> list[str]:
    return [path for path in paths if path.startswith("photos/")]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--foreign", type=Path, nargs="*", default=[])
    parser.add_argument("--sample", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        trial = Trial(args.photos, Path(root))
        rng = np.random.default_rng(args.seed)
        picked = rng.choice(len(trial.paths), min(args.sample, len(trial.paths)), replace=False)
        sample = [trial.paths[row] for row in sorted(picked)]
        print_near_duplicates(trial, sample, args.seed)
        print_degraded(trial, sample, args.seed)
        print_outliers(trial, args.foreign, args.seed)
        print_unchanged(trial)


def print_near_duplicates(trial: Trial, sample: list[str], seed: int) -> None:
    print("\n| near duplicate | found |\n|---|---|")
    for name, change in NEAR.items():
        trial.changed(sample, change, seed)
        kinds = ("near_duplicates", "turned")
        together = [set(paths) for kind in kinds for paths in found_sets(trial.work, kind)]
        pairs = [{f"photos/{path}", f"others/{number:04}.png"} for number, path in enumerate(sample)]
        print(
            f"| {name} | {np.mean([any(pair <= one for one in together) for pair in pairs]):.3f} |",
            flush=True,
        )


def print_degraded(trial: Trial, sample: list[str], seed: int) -> None:
    print("\n| | change | found | wrong |\n|---|---|---|---|")
    for kind, changes in DEGRADED.items():
        for name, change in changes.items():
            found_paths = trial.changed(sample, change, seed)[kind]
            wrong = len(of_photos(found_paths))
            print(
                f"| {kind} | {name} | {(len(found_paths) - wrong) / len(sample):.3f} | {wrong} |", flush=True
            )


def print_outliers(trial: Trial, foreign: list[Path], seed: int) -> None:
    print(f"\n| foreign, {FOREIGN} of each | found | wrong | precision |\n|---|---|---|---|")
    for count, folders in [(1, [folder]) for folder in foreign] + [(len(foreign), foreign)] * (
        len(foreign) > 1
    ):
        rng = np.random.default_rng(seed)

        def add(folder: Path, folders: list[Path] = folders, rng: Rng = rng) -> None:
            for number, folder in enumerate(folders):
                files = scan_folder(folder).files
                for row in rng.choice(len(files), FOREIGN, replace=False):
                    shutil.copy(files[row].file, folder / f"{number}-{files[row].file.name}")

        found_paths = trial.run(add)["outliers"]
        wrong = len(of_photos(found_paths))
        found, num_foreign = len(found_paths) - wrong, FOREIGN * count
        name, precision = "all of these" if count > 1 else folders[0].name, found / max(1, len(found_paths))
        print(f"| {name} | {found / num_foreign:.2f} | {wrong} | {precision:.2f} |", flush=True)


def print_unchanged(trial: Trial) -> None:
    found = trial.run(lambda folder: None)
    print("\nFound among the unchanged photographs:")
    for kind, paths in found.items():
        print(f"{kind}: {len(paths)} of {len(trial.paths)}")
        print("".join(f"    {path}\n" for path in paths[:40]), end="")
    for paths in found_sets(trial.work, "near_duplicates"):
        print("  near:", *paths)


if __name__ == "__main__":
    main()
