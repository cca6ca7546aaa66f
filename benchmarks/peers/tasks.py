"""The tasks: what every program is given, and how its answer is scored."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.peers import data, scoring

NUM_CLASSES = 10
Fields = Mapping[str, Any]
Arrays = Mapping[str, np.ndarray]
Request = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """How much work a benchmark is."""

    photographs: int = 1_500
    embedded: int = 400
    checked: int = 400
    vectors: int = 5_000
    scenes: float = 1.0  # share of them
    rounds: int = 3
    training_rounds: int = 2
    digit_minutes: float = 1.0
    scene_minutes: float = 1.5


QUICK = Size(60, 60, 100, 500, 0.05, 1, 1, 0.1, 0.1)


@dataclass(frozen=True)
class Prepared:
    """A task with its data; `request` lacks what differs from program to program."""

    request: Request
    source: str
    images: int
    score: Callable[[Fields, Arrays], scoring.Quality]


def prepare(name: str, given: Path | None, scratch: Path, size: Size) -> Prepared:
    """Put the data of a task where programs find them.

    Args:
        name: Task of the catalogue.
        given: Data folder, or None.
        scratch: Folder to fill; weights of an earlier task are used again.
        size: How much work it shall be.

    Returns:
        The task.
    """
    folder = scratch / "data" / name
    shutil.rmtree(folder, ignore_errors=True)  # of a kept benchmark, which may have had other images
    folder.mkdir(parents=True)
    weights = scratch / "data" / "lite0.safetensors"
    if not weights.exists():
        data.write_weights(weights)
    made = PREPARE[name](given, folder, size)
    return Prepared(
        {"task": name, "weights": str(weights), **made.request}, made.source, made.images, made.score
    )


def _embed(given: Path | None, folder: Path, size: Size) -> Prepared:
    images = data.photographs(given, folder / "photographs", size.embedded)
    return _of_folder(images, lambda fields, arrays: _score_vectors(fields, arrays, images))


def _group(given: Path | None, folder: Path, size: Size) -> Prepared:
    images = data.photographs(given, folder / "photographs", size.photographs)

    def score(fields: Fields, arrays: Arrays) -> scoring.Quality:
        labels = _labels(fields, images)
        return {
            **_score_vectors(fields, arrays, images), **scoring.score_groups(arrays["groups"], labels)
        }  # fmt: skip

    return _of_folder(images, score)


def _check(given: Path | None, folder: Path, size: Size) -> Prepared:
    whole = data.photographs(given, folder / "whole", size.photographs)
    images = data.plant_problems(whole, folder / "photographs", size.checked)
    return _of_folder(images, lambda fields, _: scoring.score_problems(fields, images.planted))


def _of_folder(images: data.Folder, score: Callable[[Fields, Arrays], scoring.Quality]) -> Prepared:
    num_images = sum(1 for file in images.path.rglob("*") if file.is_file())
    classes = len(set(images.label_by_path.values()))
    return Prepared({"folder": str(images.path), "num_groups": classes}, images.source, num_images, score)


def _labels(fields: Fields, images: data.Folder) -> np.ndarray:
    return np.array([images.label_by_path[path] for path in fields["paths"]])


def _score_vectors(fields: Fields, arrays: Arrays, images: data.Folder) -> scoring.Quality:
    return scoring.score_vectors(arrays["vectors"], _labels(fields, images))


def _map(given: Path | None, folder: Path, size: Size) -> Prepared:
    vectors_ND, labels, source = data.map_vectors(given, size.vectors)
    np.save(folder / "vectors.npy", vectors_ND)

    def score(_: Fields, arrays: Arrays) -> scoring.Quality:
        return scoring.score_places(arrays["places"], vectors_ND, labels)

    return Prepared({"vectors": str(folder / "vectors.npy")}, source, len(labels), score)


def _digits(given: Path | None, folder: Path, size: Size) -> Prepared:
    del given
    pixels_NHW, labels = data.digits()
    np.save(folder / "pixels.npy", pixels_NHW)
    # unpool names the images CLASS/INDEX.png; others answer in the order given

    def score(fields: Fields, arrays: Arrays) -> scoring.Quality:
        classes = np.array([path.split("/")[0] for path in fields["paths"]]) if "paths" in fields else labels
        return {
            **scoring.score_vectors(arrays["vectors"], classes),
            **scoring.score_groups(arrays["groups"], classes),
        }

    request = {
        "pixels": str(folder / "pixels.npy"), "images": len(labels), "num_groups": NUM_CLASSES,
        "minutes": size.digit_minutes,
    }  # fmt: skip
    return Prepared(request, "scikit-learn's digits", len(labels), score)


def _segment(given: Path | None, folder: Path, size: Size) -> Prepared:
    folders, num_classes, source = data.scenes(given, folder, size.scenes)

    def score(fields: Fields, _: Arrays) -> scoring.Quality:
        predicted, masks = Path(fields["out"]) / "predicted", Path(folders["val_masks"])
        return scoring.score_masks(predicted, masks, num_classes, data.IGNORE)

    request = {
        **folders, "num_classes": num_classes, "ignore": data.IGNORE, "minutes": size.scene_minutes,
    }  # fmt: skip
    return Prepared(request, source, len(list(Path(folders["images"]).iterdir())), score)


PREPARE = {
    "embed": _embed, "group": _group, "check": _check, "map": _map, "digits": _digits, "segment": _segment,
}  # fmt: skip
