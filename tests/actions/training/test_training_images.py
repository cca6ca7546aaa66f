"""The images of a training: listed, labelled and split."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unpool.actions.training.training_images import find_images, read_labels, split_images
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.images.source import open_source


def write(folder: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4), number).save(file)
    return folder


def test_two_sources_are_trained_and_validated_on(tmp_path: Path) -> None:
    first = write(tmp_path / "a", "x/1.png", "y/2.png", "y/3.png")
    second = write(tmp_path / "b", "y/4.png")
    found = find_images([open_source(str(first)), open_source(str(second))], Progress())
    assert found.source_number == [0, 0, 0, 1]
    labels = read_labels(found)
    assert labels.classes == ["x", "y"]
    assert labels.class_of_image.tolist() == [0, 1, 1, 1]
    train, held = split_images(found, labels, 0.0, seed=0)
    assert (train.tolist(), held.tolist()) == ([0, 1, 2], [3])


def test_one_source_is_split_by_class(tmp_path: Path) -> None:
    folder = write(tmp_path, *(f"{name}/{number}.png" for name in "xy" for number in range(5)))
    found = find_images([open_source(str(folder))], Progress())
    labels = read_labels(found)
    train, held = split_images(found, labels, 0.2, seed=0)
    assert np.sort(labels.class_of_image[held]).tolist() == [0, 1]
    assert sorted([*train, *held]) == list(range(10))


def test_the_fingerprint_changes_with_a_file(tmp_path: Path) -> None:
    folder = write(tmp_path, "1.png", "2.png")
    before = find_images([open_source(str(folder))], Progress()).fingerprint
    assert find_images([open_source(str(folder))], Progress()).fingerprint == before
    (folder / "2.png").write_bytes((folder / "2.png").read_bytes() + b" ")
    assert find_images([open_source(str(folder))], Progress()).fingerprint != before


def test_a_folder_without_images_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnpoolError, match="has no image that can be used"):
        find_images([open_source(str(tmp_path))], Progress())
