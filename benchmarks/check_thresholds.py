"""What `unpool check` finds of problems that were made on purpose, and how often it is wrong about the rest.

    python benchmarks/check_thresholds.py PHOTOS [--foreign FOLDER …] [--sample 150] [--seed 0]

Some of the PHOTOS are changed in one way at a time and put beside all of them; then the command is run. `found` is
the share of the changed copies that it names, `wrong` what it names among the PHOTOS as they are: those are printed
last, to be looked at before they are called mistakes. FOREIGN images are mixed in ten of each folder at a time.
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

from unpool.actions.curation.check import check, found_problems
from unpool.actions.embedding.embed import embed
from unpool.images.reading.scan import scan_folder
from unpool.store.findings import found_sets

Rng = np.random.Generator
Change = Callable[[Image.Image, Rng], Image.Image]
NETWORK = "efficientnet-lite0"
FOREIGN = 10


def compressed(quality: int) -> Change:
    """Through a JPEG of that quality."""

    def change(image: Image.Image, rng: Rng) -> Image.Image:
        content = io.BytesIO()
        image.save(content, "JPEG", quality=quality)
        return Image.open(content).convert("RGB")

    return change


def resized(factor: float) -> Change:
    return lambda image, rng: image.resize(
        (max(1, round(image.width * factor)), max(1, round(image.height * factor))), Image.Resampling.LANCZOS
    )


def cropped(share: float) -> Change:
    """That share of both sides cut off, at the two edges as it falls."""

    def change(image: Image.Image, rng: Rng) -> Image.Image:
        wide, high = round(image.width * share), round(image.height * share)
        left, top = int(rng.integers(0, wide + 1)), int(rng.integers(0, high + 1))
        return image.crop((left, top, left + image.width - wide, top + image.height - high))

    return change


def lit(gain: float, offset: float = 0) -> Change:
    def change(image: Image.Image, rng: Rng) -> Image.Image:
        level = np.asarray(image, np.float32) * gain + offset
        return Image.fromarray(level.clip(0, 255).round().astype(np.uint8))

    return change


def soft(sigma: float) -> Change:
    """Gaussian blur; sigma in pixels of the photograph."""
    return lambda image, rng: image.filter(ImageFilter.GaussianBlur(sigma))


def moved(pixels: int) -> Change:
    """As by a camera that moved so far to the side."""
    return lambda image, rng: Image.fromarray(uniform_filter1d(np.asarray(image), pixels, axis=1))


def both(*changes: Change) -> Change:
    def change(image: Image.Image, rng: Rng) -> Image.Image:
        for one in changes:
            image = one(image, rng)
        return image

    return change


def captioned(image: Image.Image, rng: Rng) -> Image.Image:
    pixels = np.array(image)
    pixels[int(image.height * 0.92) :, : image.width // 2] = 255
    return Image.fromarray(pixels)


NEAR: dict[str, Change] = {
    "PNG": lambda image, rng: image,
    "JPEG 90": compressed(90), "JPEG 70": compressed(70), "JPEG 50": compressed(50), "JPEG 30": compressed(30),
    "half the size": both(resized(0.5), compressed(90)), "a quarter": both(resized(0.25), compressed(90)),
    "5 % cropped": both(cropped(0.05), compressed(90)), "10 % cropped": both(cropped(0.1), compressed(90)),
    "15 % cropped": both(cropped(0.15), compressed(90)),
    "15 % brighter": both(lit(1.15), compressed(90)), "15 % darker": both(lit(0.85), compressed(90)),
    "cropped 5 %, half the size, darker, JPEG 50": both(cropped(0.05), resized(0.5), lit(0.85), compressed(50)),
    "turned by 1°": lambda image, rng: image.rotate(1, Image.Resampling.BICUBIC).crop(
        (6, 6, image.width - 6, image.height - 6)
    ),
    "a white bar": captioned,
    "grey": lambda image, rng: image.convert("L").convert("RGB"),
    "mirrored": lambda image, rng: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
}  # fmt: skip
SPOILT: dict[str, dict[str, Change]] = {
    "blurred": {f"gaussian, {sigma} pixels": soft(sigma) for sigma in (1, 2, 3, 4, 6)}
    | {f"moved {pixels} pixels": moved(pixels) for pixels in (9, 15, 25)},
    "dark": {f"light × {gain}": lit(gain) for gain in (0.5, 0.33, 0.25, 0.15)},
    "bright": {f"light × {gain}": lit(gain) for gain in (1.5, 2, 3, 4)} | {"fog": lit(0.25, 190)},
}  # fmt: skip


class Trial:
    """A folder of photographs beside which others are put, and its workspace."""

    def __init__(self, photos: Path, root: Path) -> None:
        self.folder, self.work = root / "images", root / "w.unpool"
        self.folder.mkdir()
        (self.folder / "photos").symlink_to(photos.resolve())
        self.paths = [file.path for file in scan_folder(photos).files]
        self.photos = photos

    def run(self, put: Callable[[Path], None]) -> dict[str, list[str]]:
        """Put images into a folder of their own, embed what is new, and check."""
        place = self.folder / "others"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        put(place)
        embed(str(self.folder), model=NETWORK, work=self.work)
        check(self.work)
        return found_problems(self.work) or {}

    def changed(self, sample: list[str], change: Change, seed: int) -> dict[str, list[str]]:
        """The problems beside changed copies of some photographs."""
        rng = np.random.default_rng(seed)

        def put(place: Path) -> None:
            for number, path in enumerate(sample):
                with Image.open(self.photos / path) as image:
                    change(image.convert("RGB"), rng).save(place / f"{number:04}.png")

        return self.run(put)


def of_photos(paths: list[str]) -> list[str]:
    return [path for path in paths if path.startswith("photos/")]


def main() -> None:
    words = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    words.add_argument("photos", type=Path)
    words.add_argument("--foreign", type=Path, nargs="*", default=[])
    words.add_argument("--sample", type=int, default=150)
    words.add_argument("--seed", type=int, default=0)
    asked = words.parse_args()
    with tempfile.TemporaryDirectory() as root:
        trial = Trial(asked.photos, Path(root))
        rng = np.random.default_rng(asked.seed)
        chosen = rng.choice(len(trial.paths), min(asked.sample, len(trial.paths)), replace=False)
        sample = [trial.paths[row] for row in sorted(chosen)]
        tell_near(trial, sample, asked.seed)
        tell_spoilt(trial, sample, asked.seed)
        tell_outliers(trial, asked.foreign, asked.seed)
        tell_clean(trial)


def tell_near(trial: Trial, sample: list[str], seed: int) -> None:
    print("\n| near duplicate | found |\n|---|---|")
    for name, change in NEAR.items():
        trial.changed(sample, change, seed)
        together = [set(paths) for paths in found_sets(trial.work, "near_duplicates")]
        pairs = [{f"photos/{path}", f"others/{number:04}.png"} for number, path in enumerate(sample)]
        print(
            f"| {name} | {np.mean([any(pair <= one for one in together) for pair in pairs]):.3f} |",
            flush=True,
        )


def tell_spoilt(trial: Trial, sample: list[str], seed: int) -> None:
    print("\n| | made | found | wrong |\n|---|---|---|---|")
    for kind, changes in SPOILT.items():
        for name, change in changes.items():
            named = trial.changed(sample, change, seed)[kind]
            wrong = len(of_photos(named))
            print(f"| {kind} | {name} | {(len(named) - wrong) / len(sample):.3f} | {wrong} |", flush=True)


def tell_outliers(trial: Trial, foreign: list[Path], seed: int) -> None:
    print(f"\n| foreign, {FOREIGN} of each | found | wrong | precision |\n|---|---|---|---|")
    for count, folders in [(1, [folder]) for folder in foreign] + [(len(foreign), foreign)] * (
        len(foreign) > 1
    ):
        rng = np.random.default_rng(seed)

        def put(place: Path, folders: list[Path] = folders, rng: Rng = rng) -> None:
            for number, folder in enumerate(folders):
                files = scan_folder(folder).files
                for row in rng.choice(len(files), FOREIGN, replace=False):
                    shutil.copy(files[row].file, place / f"{number}-{files[row].file.name}")

        named = trial.run(put)["outliers"]
        wrong = len(of_photos(named))
        found, made = len(named) - wrong, FOREIGN * count
        name, precision = "all of these" if count > 1 else folders[0].name, found / max(1, len(named))
        print(f"| {name} | {found / made:.2f} | {wrong} | {precision:.2f} |", flush=True)


def tell_clean(trial: Trial) -> None:
    found = trial.run(lambda place: None)
    print("\nNamed among the photographs as they are:")
    for kind, paths in found.items():
        print(f"{kind}: {len(paths)} of {len(trial.paths)}")
        print("".join(f"    {path}\n" for path in paths[:40]), end="")
    for paths in found_sets(trial.work, "near_duplicates"):
        print("  near:", *paths)


if __name__ == "__main__":
    main()
