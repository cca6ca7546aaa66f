"""Exchange labels at random, and count which of them `unpool check` finds.

    unpool embed FOLDER --model efficientnet-lite0 --work photos.unpool
    python benchmarks/label_errors.py photos.unpool [--share 0.05] [--draws 5] [--images 713] [--command]
    python benchmarks/label_errors.py --drawn 100000       so many vectors around twenty centres: how long it takes

The folders of the images are their classes. In each draw a share of the labels becomes any other class; `found` is the
share of these that is listed, `precision` the share of what is listed that was exchanged, `named` the share of what was
found that looks like its true class. `plain` is confident learning without more: probabilities of a logistic
regression out of fold, classes above their mean, off the diagonal. `--images` draws so many of them; `--command`
writes the labels of the last draw into a copy of the workspace and calls the command there.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np

from unpool import Workspace
from unpool.analysis.classification.heads import out_of_fold, softmax
from unpool.analysis.classification.label_errors import find_label_errors
from unpool.images.labels.class_folders import read_folder_classes
from unpool.store.findings import found_doubts
from unpool.store.table import ImageTable


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("work", type=Path, nargs="?")
    parser.add_argument("--drawn", type=int, default=0)
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--images", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--command", action="store_true")
    parser.add_argument(
        "--plain", action="store_true", help="plain confident learning too, which takes a minute"
    )
    args = parser.parse_args()
    if args.drawn:
        measure_time(args.drawn, args.share)
        return
    paths, vector_ND = ImageTable(args.work).vectors()
    names = read_folder_classes(paths).names
    known = np.array([name is not None for name in names])
    classes, class_N = np.unique([str(name) for name in names if name is not None], return_inverse=True)
    vector_ND, known_paths = (
        vector_ND[known],
        [path for path, is_known in zip(paths, known, strict=True) if is_known],
    )
    rows: dict[str, list[list[float]]] = {}
    for draw in range(args.draws):
        rng = np.random.default_rng(args.seed + draw)
        some_M = rng.permutation(len(class_N))[: args.images or None]
        true_M, given_M = class_N[some_M], exchange(class_N[some_M], args.share, len(classes), rng)
        start = time.perf_counter()
        found = find_label_errors(vector_ND[some_M], given_M)
        seconds = time.perf_counter() - start
        add(rows, "check", score(found.rows, found.other_N, true_M, given_M), found.share, seconds)
        if args.plain:
            start = time.perf_counter()
            listed, other_M = find_plainly(vector_ND[some_M], given_M)
            add(rows, "plain", score(listed, other_M, true_M, given_M), 0, time.perf_counter() - start)
    print(f"{len(some_M)} images, {len(classes)} classes, {args.share:.0%} exchanged, {args.draws} draws")
    print("        listed  found  precision  named  share of wrong labels  seconds")
    for name, figures in rows.items():
        mean = np.mean(figures, axis=0)
        print(
            f"{name:<8}{mean[0]:6.1f}{mean[1]:7.3f}{mean[2]:11.3f}{mean[3]:7.3f}{mean[4]:23.3f}{mean[5]:9.2f}"
        )
    if args.command:
        call_command(args.work, [known_paths[row] for row in some_M], classes[given_M], given_M != true_M)


def measure_time(count: int, share: float) -> None:
    rng = np.random.default_rng(0)
    class_N = rng.integers(0, 20, count)
    vector_ND = rng.standard_normal((20, 1280), np.float32)[class_N]
    for part in np.array_split(vector_ND, max(1, count // 10_000)):
        part += 3 * rng.standard_normal(part.shape, np.float32)
    given_N = exchange(class_N, share, 20, rng)
    start = time.perf_counter()
    found = find_label_errors(vector_ND, given_N)
    print(f"{count} images: {time.perf_counter() - start:.1f} s, {len(found.rows)} listed")


def exchange(class_M: np.ndarray, share: float, num_classes: int, rng: np.random.Generator) -> np.ndarray:
    """Give some images any other class."""
    given_M = class_M.copy()
    rows = rng.choice(len(class_M), round(share * len(class_M)), replace=False)
    given_M[rows] = (class_M[rows] + rng.integers(1, num_classes, len(rows))) % num_classes
    return given_M


def score(
    listed: list[int], other_M: np.ndarray, true_M: np.ndarray, given_M: np.ndarray
) -> tuple[float, ...]:
    is_wrong_M = given_M != true_M
    caught = [row for row in listed if is_wrong_M[row]]
    named = float((other_M[caught] == true_M[caught]).mean()) if caught else 0.0
    return len(listed), len(caught) / max(1, is_wrong_M.sum()), len(caught) / max(1, len(listed)), named


def add(
    rows: dict[str, list[list[float]]], name: str, figures: tuple[float, ...], share: float, seconds: float
) -> None:
    rows.setdefault(name, []).append([*figures, share, seconds])


def find_plainly(vector_MD: np.ndarray, given_M: np.ndarray) -> tuple[list[int], np.ndarray]:
    """Confident learning: images that are confidently of another class than their own."""
    probability_MK = softmax(out_of_fold(vector_MD, given_M))
    every_M = np.arange(len(given_M))
    own_M = probability_MK[every_M, given_M]
    limit_K = np.bincount(given_M, own_M) / np.bincount(given_M)
    confident_MK = np.where(probability_MK >= limit_K, probability_MK, 0)
    other_M = confident_MK.argmax(axis=1)
    is_listed_M = (confident_MK.max(axis=1) > 0) & (other_M != given_M)
    return np.flatnonzero(is_listed_M).tolist(), other_M


def call_command(work: Path, paths: list[str], labels: np.ndarray, is_wrong_M: np.ndarray) -> None:
    """Label a copy of the workspace, check it, and count what it lists."""
    with tempfile.TemporaryDirectory() as root:
        copy = Path(shutil.copytree(work, Path(root) / "copy.unpool"))
        ImageTable(copy).update(paths, {"label": labels.tolist()})
        start = time.perf_counter()
        result = Workspace(copy).check(labels="label")
        wrong = {path for path, is_wrong in zip(paths, is_wrong_M, strict=True) if is_wrong}
        listed = {entry["path"] for entry in found_doubts(copy)}
        print(
            f"unpool check: {result['mislabelled']} of {result['labelled']} listed, {len(listed & wrong)} of "
            f"{len(wrong)} found, {time.perf_counter() - start:.1f} s for the whole check"
        )


if __name__ == "__main__":
    main()
