"""How good classifiers and suggestions are, on images that they have not seen.

    unpool embed FOLDER --model efficientnet-lite0 --work photos.unpool
    python benchmarks/classify.py photos.unpool

The folders of the images are their classes. Three tables: five folds of all labels, by head, beside the votes of ten
nearest neighbours; labels drawn at random, with all other images to be named (accuracy, calibration error, share of
images that get an answer, and share of these that are wrong, at most 5 % promised); and suggestions of `unpool spread`,
with labels of all kinds or of half of them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from unpool.analysis.classification.calibration import calibration_error
from unpool.analysis.classification.heads import HEADS, fit_head, softmax
from unpool.analysis.classification.quality import compare_heads, hold_out, measure_quality
from unpool.analysis.classification.suggestions import suggest_classes
from unpool.analysis.metrics.supervised import knn_accuracy
from unpool.analysis.neighbours import normalise
from unpool.images.labels.true_labels import read_true_labels
from unpool.store.table import ImageTable

ERROR = 0.05


def print_heads(unit_ND: np.ndarray, class_N: np.ndarray, names: Sequence[str]) -> None:
    print(
        "five folds of all labels\n\n| head | accuracy | log loss | ECE | answered at 5 % | wrong | seconds |"
    )
    print("|---|---|---|---|---|---|---|")
    print(f"| ten nearest neighbours (evaluate) | {knn_accuracy(unit_ND, class_N):.3f} | | | | | |")
    for kind in HEADS:
        start = time.perf_counter()
        held_out = hold_out(unit_ND, class_N, kind)
        seconds = time.perf_counter() - start
        quality = measure_quality(held_out, names, ERROR)
        given_N = ~quality.abstention.withholds(held_out.confidence_N)
        wrong = float((~held_out.is_right_N[given_N]).mean()) if given_N.any() else 0.0
        print(
            f"| {kind} | {quality.accuracy:.3f} ({quality.low:.3f} to {quality.high:.3f}) | "
            f"{held_out.loss_N.mean():.3f} | {quality.calibration:.3f} | {given_N.mean():.2f} | {wrong:.3f} | "
            f"{seconds:.1f} |"
        )


def try_labels(
    unit_ND: np.ndarray, class_N: np.ndarray, names: Sequence[str], head: str, size: int, draws: int
) -> None:
    """One row: labels drawn at random, all other images named."""
    rows, covered = [], 0
    for seed in range(draws):
        order_N = np.random.default_rng(seed).permutation(len(class_N))
        row_L, row_T = order_N[:size], order_N[size:]
        held_out = compare_heads(unit_ND[row_L], class_N[row_L], head, seed=seed)[0]
        quality = measure_quality(held_out, names, ERROR)
        fitted = fit_head(unit_ND[row_L], class_N[row_L], held_out.kind, seed, weigh_as=held_out.num_fitted)
        probability_TK = softmax(fitted.logits(unit_ND[row_T]), held_out.temperature)
        is_right_T, confidence_T = probability_TK.argmax(axis=1) == class_N[row_T], probability_TK.max(axis=1)
        given_T = ~quality.abstention.withholds(confidence_T)
        covered += quality.low <= is_right_T.mean() <= quality.high
        rows.append(
            (
                is_right_T.mean(), quality.accuracy, calibration_error(confidence_T, is_right_T), given_T.mean(),
                (~is_right_T[given_T]).mean() if given_T.any() else 0.0,
            )
        )  # fmt: skip
    value_D5 = np.array(rows)
    accuracy, promised, error, given, wrong = value_D5.mean(axis=0)
    print(
        f"| {size} | {accuracy:.3f} | {promised:.3f}, {covered} of {draws} | {error:.3f} (at most "
        f"{value_D5[:, 2].max():.3f}) | {given:.2f} | {wrong:.3f} (at most {value_D5[:, 4].max():.3f}) |",
        flush=True,
    )


def try_suggestions(
    unit_ND: np.ndarray, class_N: np.ndarray, kinds: np.ndarray, each: int, draws: int
) -> None:
    """One row: so many labels of each of these kinds."""
    rows = []
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        label_N = np.full(len(class_N), -1)
        for number in kinds:
            row_M = rng.permutation(np.flatnonzero(class_N == number))[:each]
            label_N[row_M] = number
        found = suggest_classes(unit_ND, label_N, seed=seed)
        given_N, free_N = found.class_N >= 0, label_N < 0
        is_named_N = np.isin(class_N, kinds)
        rows.append(
            (
                given_N[free_N & is_named_N].mean(),
                given_N[free_N & ~is_named_N].mean() if (~is_named_N).any() else 0.0,
                (found.class_N != class_N)[given_N].mean() if given_N.any() else 0.0, found.error,
            )
        )  # fmt: skip
    named, unnamed, wrong, expected = np.array(rows).mean(axis=0)
    others = f"{unnamed:.2f}" if len(kinds) < len(np.unique(class_N)) else "–"
    print(f"| {len(kinds)} | {each} | {named:.2f} | {others} | {wrong:.3f} | {expected:.3f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("work", type=Path)
    parser.add_argument("--labels", default="folders", help="folders, folders:LEVEL, or a file of path,label")
    parser.add_argument("--images", type=int, help="so many of them, drawn at random")
    parser.add_argument("--head", default="auto", help="of the second table")
    parser.add_argument("--draws", type=int, default=5)
    args = parser.parse_args()
    paths, vectors_ND = ImageTable(args.work).vectors()
    labels = read_true_labels(paths, args.labels).classes
    known = [row for row, label in enumerate(labels) if label is not None]
    if args.images:
        known = sorted(np.random.default_rng(0).permutation(known)[: args.images].tolist())
    names, class_N = np.unique([str(labels[row]) for row in known], return_inverse=True)
    unit_ND = normalise(vectors_ND)[known]
    print(f"{len(known)} images of {len(names)} classes\n")
    print_heads(unit_ND, class_N, list(names))
    print("\nlabels drawn at random, the other images named\n")
    print("| labels | accuracy | promised, within its interval | ECE | answered at 5 % | wrong |")
    print("|---|---|---|---|---|---|")
    for size in (50, 100, 200, 500, 1000):
        if 1.4 * size <= len(known):
            try_labels(unit_ND, class_N, list(names), args.head, size, args.draws)
    print("\nsuggestions, 10 % of them wrong at most\n")
    print("| kinds with labels | labels of each | suggested, of these kinds | of others | wrong | expected |")
    print("|---|---|---|---|---|---|")
    for num_kinds in (len(names), len(names) // 2):
        for each in (3, 10, 30):
            try_suggestions(unit_ND, class_N, np.arange(num_kinds), each, args.draws)


if __name__ == "__main__":
    main()
