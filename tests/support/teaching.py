"""A workspace with labels, and a model that has learnt nothing, as classifiers are taught by them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from unpool.networks.catalogue import build_network
from unpool.store.table import ImageTable
from unpool.training.model_file import save_model

NAMES = ("hat", "shoe", "sock")
DIMENSION = 16


def save_small_model(folder: Path, size: int = 8, seed: int = 0) -> Path:
    """An encoder without a decoder, of few weights."""
    save_model(folder, build_network("conv", size=size, channels=1, width=4, decoder="none", seed=seed))
    return folder


def make_vectors(num: int, width: float = 0.6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Vectors around one direction for each of the names, and the positions of the names."""
    rng = np.random.default_rng(seed)
    class_N = np.arange(num) % len(NAMES)
    centre_KD = np.random.default_rng(99).normal(size=(len(NAMES), DIMENSION))
    vector_ND = centre_KD[class_N] + width * rng.normal(size=(num, DIMENSION))
    return vector_ND.astype(np.float32), class_N


def make_taught_workspace(work: Path, num: int = 90, labelled: int = 60, width: float = 0.6) -> Path:
    """`num` images in classes, of which the first have labels."""
    vector_ND, class_N = make_vectors(num, width)
    paths = [f"{number:03}.png" for number in range(num)]
    table = ImageTable.create(work)
    table.upsert([{"path": path, "status": "ok", "id": f"id-{path}"} for path in paths])
    table.reset_vectors(DIMENSION)
    label_N = [NAMES[number] if row < labelled else None for row, number in enumerate(class_N)]
    table.update(paths, {"vector": vector_ND, "label": label_N})
    save_small_model(work / "model")
    return work
