"""How many groups are found, and how good the levels of their tree are.

Synthetic clusters, random parts of a workspace, each of its classes alone; then the tree over its groups.

    python benchmarks/num_groups.py [WORK]

`WORK` is a workspace whose images lie in folders of their classes.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
from sklearn.metrics import normalized_mutual_info_score

from unpool.actions.grouping.group_levels import build_levels, groups_on_level
from unpool.analysis.clustering.grouping import group
from unpool.analysis.clustering.num_groups import num_groups_of_vectors
from unpool.store.table import ImageTable, embedded_vectors

NUM_PARTS, MIN_IMAGES, MAX_IMAGES = 5, 100, 300
LEVELS = (2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30)


def synthetic() -> None:
    """Clusters that overlap, in 12 dimensions, and noise."""
    for number in (1, 2, 3, 5, 8, 12, 20, 30):
        found = []
        for draw in range(2):
            rng = np.random.default_rng(draw)
            centre_KD = rng.normal(size=(number, 12)) * (number > 1)
            vectors_ND = centre_KD[np.arange(1_000) % number] + 0.75 * rng.normal(size=(1_000, 12))
            found.append(num_groups_of_vectors(vectors_ND.astype(np.float32)))
        print(f"{number:>3} clusters: {found}", flush=True)


def parts(vectors_ND: np.ndarray, class_N: np.ndarray, size: int) -> None:
    """Random parts: the number found, and NMI there and at the number of classes."""
    true_number = len(np.unique(class_N))
    for draw in range(NUM_PARTS):
        rows = np.sort(np.random.default_rng(draw).permutation(len(vectors_ND))[:size])
        number = num_groups_of_vectors(vectors_ND[rows])
        scores = [
            normalized_mutual_info_score(class_N[rows], group(vectors_ND[rows], groups=each).labels)
            for each in (number, true_number)
        ]
        print(
            f"{size} images: {number} groups, NMI {scores[0]:.3f}; {true_number}: {scores[1]:.3f}", flush=True
        )


def tree(vectors_ND: np.ndarray, class_N: np.ndarray) -> None:
    """NMI and stability of the levels of a tree, beside groups found without it."""
    found_N = group(vectors_ND, groups=num_groups_of_vectors(vectors_ND)).labels
    start = time.process_time()
    leaf_N, levels = build_levels(vectors_ND, found_N, 0)
    print(
        f"{found_N.max() + 1} groups found; tree and stability {time.process_time() - start:.2f} s of CPU time"
    )
    assert levels is not None
    for number in (number for number in LEVELS if number <= levels.num_leaves):
        on_level_N = groups_on_level(levels, number, found_N, leaf_N)
        direct_N = group(vectors_ND, groups=number).labels
        scores = [normalized_mutual_info_score(class_N, each) for each in (on_level_N, direct_N)]
        stability, error = levels.stability_of(number)
        print(
            f"{number:>3} groups: NMI {scores[0]:.3f}, without it {scores[1]:.3f}; stability {stability} ± {error}",
            flush=True,
        )


def single_classes(vectors_ND: np.ndarray, class_N: np.ndarray) -> None:
    """Photographs of one kind."""
    for name in np.unique(class_N):
        rows = np.flatnonzero(class_N == name)[:MAX_IMAGES]
        if len(rows) >= MIN_IMAGES:
            print(f"{len(rows)} of {name} alone: {num_groups_of_vectors(vectors_ND[rows])}", flush=True)


def workspace(work: Path) -> None:
    paths, vectors_ND = embedded_vectors(ImageTable(work))
    class_N = np.array([path.split("/")[0] for path in paths])
    parts(vectors_ND, class_N, len(vectors_ND) // 2)
    single_classes(vectors_ND, class_N)
    tree(vectors_ND, class_N)


if __name__ == "__main__":
    synthetic()
    if len(sys.argv) > 1:
        workspace(Path(sys.argv[1]))
