"""Measure suggested labels against propagation, nearest neighbour and a linear classifier.

    unpool embed FOLDER --model efficientnet-lite0 --work photos.unpool
    python benchmarks/label_spreading.py photos.unpool             all classes have labels
    python benchmarks/label_spreading.py photos.unpool --half      only the first half of them have

The folders of the images are their classes. Labels are drawn twenty times; figures are means over the unlabelled
images. `confident` is the share of images with a suggestion of that confidence or more, `right` the share of these
that is correct.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from unpool.analysis.label_propagation import propagate_labels
from unpool.analysis.neighbours import nearest, normalise
from unpool.store.table import ImageTable

DRAWS = 20
LIMITS = (0.5, 0.8, 0.9)


def one_nearest(vectors_ND: np.ndarray, label_N: np.ndarray) -> np.ndarray:
    row_L = np.flatnonzero(label_N >= 0)
    return label_N[row_L[nearest(vectors_ND, vectors_ND[row_L], 1)[1][:, 0]]]


def linear(vectors_ND: np.ndarray, label_N: np.ndarray) -> np.ndarray:
    row_L = np.flatnonzero(label_N >= 0)
    fitted = LogisticRegression(C=10, max_iter=500).fit(vectors_ND[row_L], label_N[row_L])
    return np.asarray(fitted.predict(vectors_ND))


def draw_labels(class_N: np.ndarray, per_class: int, classes: np.ndarray, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    label_N = np.full(len(class_N), -1)
    for number in classes:
        label_N[rng.choice(np.flatnonzero(class_N == number), per_class, replace=False)] = number
    return label_N


def measure(
    vectors_ND: np.ndarray, class_N: np.ndarray, per_class: int, classes: np.ndarray
) -> dict[str, object]:
    rows: dict[str, list[float]] = {}
    for seed in range(DRAWS):
        label_N = draw_labels(class_N, per_class, classes, seed)
        free_N = label_N < 0
        start = time.perf_counter()
        found_N, confidence_N = propagate_labels(vectors_ND, label_N)
        rows.setdefault("seconds", []).append(time.perf_counter() - start)
        guesses = {
            "spread": found_N, "propagation": propagate_labels(vectors_ND, label_N, guesses=False)[0],
            "nearest": one_nearest(vectors_ND, label_N), "linear": linear(vectors_ND, label_N),
        }  # fmt: skip
        for name, guess_N in guesses.items():
            rows.setdefault(name, []).append(float((guess_N == class_N)[free_N].mean()))
        for limit in LIMITS:
            is_confident_N = confidence_N >= limit
            rows.setdefault(f"confident {limit}", []).append(float(is_confident_N[free_N].mean()))
            if is_confident_N.any():
                rows.setdefault(f"right {limit}", []).append(
                    float((found_N == class_N)[is_confident_N].mean())
                )
    means: dict[str, object] = {name: round(float(np.mean(values)), 3) for name, values in rows.items()}
    return {"labels a class": per_class, "deviation": round(float(np.std(rows["spread"])), 3)} | means


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("work", type=Path)
    parser.add_argument("--half", action="store_true")
    args = parser.parse_args()
    paths, vectors_ND = ImageTable(args.work).vectors()
    names, class_N = np.unique([Path(path).parent.name for path in paths], return_inverse=True)
    classes = np.arange(len(names) // 2 if args.half else len(names))
    for per_class in (1, 3, 10):
        print(json.dumps(measure(normalise(vectors_ND), class_N, per_class, classes)))


if __name__ == "__main__":
    main()
