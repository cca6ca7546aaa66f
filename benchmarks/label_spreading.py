"""How many labels are needed: suggestions spread from a few per class, beside propagation alone, the nearest
labelled image and a linear classifier, on a workspace whose folders are classes.

    unpool embed FOLDER --model efficientnet-lite0 --work photos.unpool
    python benchmarks/label_spreading.py photos.unpool             all classes have labels
    python benchmarks/label_spreading.py photos.unpool --half      only the first half of them has

Labels are drawn twenty times; figures are means over the images without one. `sure` is the share of images with a
suggestion of that confidence or more, `right` how many of those are.
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


def draw(class_N: np.ndarray, each: int, classes: np.ndarray, seed: int) -> np.ndarray:
    chance = np.random.default_rng(seed)
    label_N = np.full(len(class_N), -1)
    for number in classes:
        label_N[chance.choice(np.flatnonzero(class_N == number), each, replace=False)] = number
    return label_N


def measure(vectors_ND: np.ndarray, class_N: np.ndarray, each: int, classes: np.ndarray) -> dict[str, object]:
    rows: dict[str, list[float]] = {}
    for seed in range(DRAWS):
        label_N = draw(class_N, each, classes, seed)
        free_N = label_N < 0
        begin = time.perf_counter()
        found_N, sure_N = propagate_labels(vectors_ND, label_N)
        rows.setdefault("seconds", []).append(time.perf_counter() - begin)
        guesses = {
            "spread": found_N, "propagation": propagate_labels(vectors_ND, label_N, guesses=False)[0],
            "nearest": one_nearest(vectors_ND, label_N), "linear": linear(vectors_ND, label_N),
        }  # fmt: skip
        for name, guess_N in guesses.items():
            rows.setdefault(name, []).append(float((guess_N == class_N)[free_N].mean()))
        for limit in LIMITS:
            is_sure_N = sure_N >= limit
            rows.setdefault(f"sure {limit}", []).append(float(is_sure_N[free_N].mean()))
            if is_sure_N.any():
                rows.setdefault(f"right {limit}", []).append(float((found_N == class_N)[is_sure_N].mean()))
    means: dict[str, object] = {name: round(float(np.mean(values)), 3) for name, values in rows.items()}
    return {"labels a class": each, "deviation": round(float(np.std(rows["spread"])), 3)} | means


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("work", type=Path)
    words.add_argument("--half", action="store_true")
    asked = words.parse_args()
    paths, vectors_ND = ImageTable(asked.work).vectors()
    names, class_N = np.unique([Path(path).parent.name for path in paths], return_inverse=True)
    classes = np.arange(len(names) // 2 if asked.half else len(names))
    for each in (1, 3, 10):
        print(json.dumps(measure(normalise(vectors_ND), class_N, each, classes)))


if __name__ == "__main__":
    main()
