"""Teach 500 photographs as docs/ten-minutes.md does.

    python benchmarks/ten_minutes.py PHOTOS [--images 500] [--rounds 5] [--seed 0]

PHOTOS holds one folder for each class. So many of them are linked into one folder without classes; the names of the
images that `suggest` chooses come from the folders, twenty a round. After each round a classifier names the others.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path

from unpool import Workspace

NUM_NAMED = 20  # a round


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    files = sorted(
        file for file in args.photos.resolve().rglob("*") if file.suffix.lower() in (".jpg", ".png")
    )
    random.Random(args.seed).shuffle(files)
    with tempfile.TemporaryDirectory() as root:
        class_of = link(files[: args.images], Path(root) / "photos")
        start = time.perf_counter()
        workspace = Workspace(Path(root) / "photos.unpool", Path(root) / "photos")
        workspace.run()
        print(f"run: {len(class_of)} images in {time.perf_counter() - start:.1f} s")
        for number in range(args.rounds):
            teach(workspace, class_of, str(Path(root) / f"model{number}"))
        found = workspace.spread()
        right = (found["suggestion"] == found["path"].map(class_of)).mean() if len(found) else 0.0
        print(f"spread: {len(found)} suggestions, {right:.3f} of them right")
        start = time.perf_counter()
        print(f"check: {workspace.check()['mislabelled']} mislabelled, {time.perf_counter() - start:.1f} s")


def link(files: list[Path], folder: Path) -> dict[str, str]:
    """Link files into one folder; returns the class of each."""
    folder.mkdir()
    class_of = {}
    for number, file in enumerate(files):
        name = f"{number:04}{file.suffix.lower()}"
        (folder / name).symlink_to(file)
        class_of[name] = file.parent.name
    return class_of


def teach(workspace: Workspace, class_of: dict[str, str], model: str) -> None:
    """Name the images that are suggested, and measure the classifier on the others."""
    start = time.perf_counter()
    paths = workspace.suggest(k=NUM_NAMED)["path"].tolist()
    seconds = time.perf_counter() - start
    for name in sorted({class_of[path] for path in paths}):
        workspace.label([path for path in paths if class_of[path] == name], name)
    figures = workspace.classify_train(model)
    answers = workspace.classify_predict(model)
    labelled = set(workspace.table(["path", "label"]).dropna()["path"])
    others = answers[~answers["path"].isin(labelled)]
    right = (others["label"] == others["path"].map(class_of)).mean()
    print(
        f"{len(labelled)} names: {right:.3f} of the others right, {1 - others['abstained'].mean():.3f} answered; "
        f"held out {figures['accuracy']:.3f}; suggest took {seconds:.2f} s"
    )


if __name__ == "__main__":
    main()
