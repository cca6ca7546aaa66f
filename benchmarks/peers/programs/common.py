"""What the programs share; it runs in the environment of each, where unpool may be absent.

A program is called with the path of a request, a JSON file. It leaves its results beside it, as answer.json and
arrays.npz, and prints nothing that is read.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

ENDINGS = {".jpg", ".jpeg", ".png"}
SIDE, MEAN, STD = 224, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)  # as EfficientNet-lite0 was trained
Request = dict[str, Any]


class Answer:
    """Results of a program, and the seconds of its stages."""

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {}
        self.arrays: dict[str, np.ndarray] = {}
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start

    def write(self, out: Path) -> None:
        np.savez(out / "arrays.npz", **self.arrays)
        (out / "answer.json").write_text(json.dumps({**self.fields, "seconds": self.seconds}))


def main(tasks: dict[str, Callable[[Request, Answer], None]]) -> None:
    """Answer the request that is named on the command line, by the function of its task."""
    path = Path(sys.argv[1])
    request = json.loads(path.read_text())
    answer = Answer()
    tasks[request["task"]](request, answer)
    answer.write(path.parent)


def image_files(folder: str) -> list[Path]:
    return sorted(file for file in Path(folder).rglob("*") if file.suffix.lower() in ENDINGS)


def relative(files: list[Path] | list[str], folder: str) -> list[str]:
    return [Path(os.path.relpath(file, folder)).as_posix() for file in files]


def use_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def build_network(weights: str) -> Any:
    """The pretrained EfficientNet-lite0 of timm, with the weights that all programs get."""
    import timm
    from safetensors.torch import load_file

    network = timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=0)
    network.load_state_dict(load_file(weights))
    return network.eval()


def build_transform() -> Any:
    """Resize, crop the middle, normalise: what torchvision's documentation shows."""
    from torchvision import transforms

    return transforms.Compose(
        [
            transforms.Resize(SIDE, transforms.InterpolationMode.BICUBIC),
            transforms.CenterCrop(SIDE),
            transforms.ToTensor(),
            transforms.Normalize(MEAN, STD),
        ]
    )


def group_by_kmeans(vectors_ND: np.ndarray, num_groups: int, seed: int) -> np.ndarray:
    """k-means of scikit-learn on vectors of unit length."""
    from sklearn.cluster import KMeans
    from sklearn.preprocessing import normalize

    return KMeans(num_groups, n_init=10, random_state=seed).fit_predict(normalize(vectors_ND))
