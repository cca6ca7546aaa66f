"""How many groups are found: synthetic crowds, random halves of a workspace, each of its classes alone.

    python benchmarks/num_groups.py [WORK]

`WORK` is a workspace whose images lie in folders of their classes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from sklearn.metrics import normalized_mutual_info_score

from unpool.analysis.clustering.grouping import group
from unpool.analysis.clustering.num_groups import num_groups_of_vectors
from unpool.store.table import ImageTable, embedded_vectors

NUM_HALVES, MIN_IMAGES, MAX_IMAGES = 5, 100, 300


def synthetic() -> None:
    """Crowds that overlap, in 12 dimensions, and noise."""
    for number in (1, 2, 3, 5, 8, 12, 20, 30):
        found = []
        for draw in range(2):
            chance = np.random.default_rng(draw)
            centre_KD = chance.normal(size=(number, 12)) * (number > 1)
            vectors_ND = centre_KD[np.arange(1_000) % number] + 0.75 * chance.normal(size=(1_000, 12))
            found.append(num_groups_of_vectors(vectors_ND.astype(np.float32)))
        print(f"{number:>3} crowds: {found}", flush=True)


def halves(vectors_ND: np.ndarray, class_N: np.ndarray) -> None:
    """Random halves: the number found, and NMI there and at the number of classes."""
    true_number = len(np.unique(class_N))
    for draw in range(NUM_HALVES):
        rows = np.sort(np.random.default_rng(draw).permutation(len(vectors_ND))[: len(vectors_ND) // 2])
        number = num_groups_of_vectors(vectors_ND[rows])
        scores = [
            normalized_mutual_info_score(class_N[rows], group(vectors_ND[rows], groups=each).labels)
            for each in (number, true_number)
        ]
        print(f"half {draw}: {number} groups, NMI {scores[0]:.3f}; {true_number}: {scores[1]:.3f}", flush=True)


def single_classes(vectors_ND: np.ndarray, class_N: np.ndarray) -> None:
    """Photographs of one kind."""
    for name in np.unique(class_N):
        rows = np.flatnonzero(class_N == name)[:MAX_IMAGES]
        if len(rows) >= MIN_IMAGES:
            print(f"{len(rows)} of {name} alone: {num_groups_of_vectors(vectors_ND[rows])}", flush=True)


if __name__ == "__main__":
    synthetic()
    if len(sys.argv) > 1:
        paths, vectors_ND = embedded_vectors(ImageTable(Path(sys.argv[1])))
        class_N = np.array([path.split("/")[0] for path in paths])
        halves(vectors_ND, class_N)
        single_classes(vectors_ND, class_N)
