"""Vectors of several kinds, as tests of labels need them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from unpool.analysis.neighbours import Floats, Indices, normalise
from unpool.store.table import ImageTable


def make_kinds(
    sizes: tuple[int, ...], *, spread: float = 0.5, dimension: int = 16, seed: int = 0
) -> tuple[Floats, Indices]:
    """Vectors of length one around a centre for each kind, in random order, and the kind of each."""
    rng = np.random.default_rng(seed)
    kind_N = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    centre_KD = rng.normal(size=(len(sizes), dimension))
    return normalise(centre_KD[kind_N] + spread * rng.normal(size=(len(kind_N), dimension))), kind_N


def make_workspace(work: Path, vectors_ND: Floats, labels: list[str | None]) -> list[str]:
    """A workspace of images with these vectors and labels; returns their paths."""
    paths = [f"{row:04}.png" for row in range(len(vectors_ND))]
    table = ImageTable.create(work)
    table.upsert([{"path": path, "status": "ok", "group": 0} for path in paths])
    table.reset_vectors(vectors_ND.shape[1])
    table.update(paths, {"vector": vectors_ND, "label": labels, "group": [0] * len(paths)})
    return paths


def separate_kinds(work: Path) -> None:
    """Give images nearly one vector in each folder."""
    table = ImageTable(work)
    paths, vectors_ND = table.vectors()
    folders = [path.rpartition("/")[0] for path in paths]
    names = sorted(set(folders))
    near_ND = np.eye(vectors_ND.shape[1])[[names.index(folder) for folder in folders]]
    near_ND += np.random.default_rng(0).normal(0, 0.01, near_ND.shape)
    table.update(paths, {"vector": list(normalise(near_ND).astype(np.float32))})
