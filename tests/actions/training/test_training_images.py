"""The images of a training: listed, labelled and split."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from support.messages import Messages
from unpool.actions.training import training_images
from unpool.actions.training.image_task import Labels
from unpool.actions.training.network_request import InputShape, NetworkRequest
from unpool.actions.training.training_images import (
    DecodedSize,
    FoundImages,
    assign_classes,
    build_pixel_set,
    decide_size,
    decode_images,
    find_images,
    read_labels,
    report_unvalidated,
    split_images,
)
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError
from unpool.images.augment.augmentation import read_augmentation
from unpool.images.datasets import NamedSet
from unpool.images.source import NamedSource, open_source
from unpool.networks.preprocessing import Preprocessing


def write(folder: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4), number).save(file)
    return folder


def find(*folders: Path) -> FoundImages:
    return find_images([open_source(str(folder)) for folder in folders], Progress())


def number(found: FoundImages, labels: str | None = None, progress: Progress | None = None) -> Labels:
    assign_classes(found, labels, progress or Progress())
    return read_labels(found)


def decode(
    found: FoundImages, size: DecodedSize, cache: Path, progress: Progress | None = None
) -> np.ndarray:
    return decode_images(found, size, cache, None, progress or Progress())


def test_two_sources_are_trained_and_validated_on(tmp_path: Path) -> None:
    first = write(tmp_path / "a", "x/1.png", "y/2.png", "y/3.png")
    second = write(tmp_path / "b", "y/4.png")
    found = find_images([open_source(str(first)), open_source(str(second))], Progress())
    assert found.source_number == [0, 0, 0, 1]
    labels = number(found)
    assert labels.classes == ["x", "y"]
    assert labels.class_of_image.tolist() == [0, 1, 1, 1]
    train, held = split_images(found, labels, 0.0, seed=0)
    assert (train.tolist(), held.tolist()) == ([0, 1, 2], [3])


def test_one_source_is_split_by_class(tmp_path: Path) -> None:
    folder = write(tmp_path, *(f"{name}/{number}.png" for name in "xy" for number in range(5)))
    found = find_images([open_source(str(folder))], Progress())
    labels = number(found)
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


def test_a_file_that_cannot_be_read_is_left_out_and_reported(tmp_path: Path) -> None:
    folder = write(tmp_path / "a", "x/1.png", "x/2.png", "y/3.png")
    (folder / "x" / "2.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    found, progress = find(folder, write(tmp_path / "b", "y/4.png")), Messages()
    pixels_NSSC = decode(found, DecodedSize(InputShape(4, None), 4), tmp_path / "cache", progress)
    assert pixels_NSSC.shape == (3, 4, 4, 1), "grey images have one channel"
    assert pixels_NSSC[:, 0, 0, 0].tolist() == [0, 2, 0]
    assert [file.path for file in found.files] == ["x/1.png", "y/3.png", "y/4.png"]
    assert found.source_number == [0, 0, 1]
    assert progress.texts == [f"1 files skipped, the first: x/2.png ({found.problems[0].detail})"]


def test_images_are_decoded_at_the_stored_side_with_the_channels_of_the_network(tmp_path: Path) -> None:
    found = find(write(tmp_path / "a", "1.png", "2.png"))
    assert decode(found, DecodedSize(InputShape(4, 3), 6), tmp_path / "cache").shape == (2, 6, 6, 3)


def test_images_of_which_none_can_be_read_are_an_error(tmp_path: Path) -> None:
    folder = write(tmp_path / "a", "1.png", "2.png")
    for file in folder.iterdir():
        file.write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(UnpoolError, match=r"none of the 2 images of .* can be read"):
        decode(find(folder), DecodedSize(InputShape(4, None), 4), tmp_path / "cache")


def test_a_named_set_of_its_own_size_is_not_decoded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pixels_NHWC = np.arange(2 * 4 * 4, dtype=np.uint8).reshape(2, 4, 4, 1)
    source = NamedSource(NamedSet("tiny", pixels_NHWC, np.array([1, 0]), ["a", "b"], ["b/1.png", "a/0.png"]))
    calls: list[Any] = []

    def load(*_: object, **options: Any) -> tuple[np.ndarray, list[int]]:
        calls.append(options["channels"])
        return np.zeros((2, 4, 4, 3), np.uint8), [0, 1]

    monkeypatch.setattr(training_images, "load_pixels", load)
    found = find_images([source], Progress())
    whole = decode(found, DecodedSize(InputShape(4, None), 4), tmp_path)
    assert (whole == pixels_NHWC[[1, 0]]).all(), "in the order of the paths"
    assert calls == []
    decode(found, DecodedSize(InputShape(4, 3), 4), tmp_path)  # the network takes colours: no such pixels yet
    decode(found, DecodedSize(InputShape(5, None), 5), tmp_path)
    assert calls == [3, None]


def test_the_side_is_that_of_the_augmentation_where_it_crops(tmp_path: Path) -> None:
    found = find(write(tmp_path / "a", "1.png"))
    request = NetworkRequest("conv", False, 0, options={"size": 8})
    assert decide_size(found, request, None, None) == DecodedSize(InputShape(8, None), 8)
    (tmp_path / "crop.yaml").write_text("train: [{random-crop: 8}]\nevaluate: [{centre-crop: 8}]\nsize: 12\n")
    crop = read_augmentation(str(tmp_path / "crop.yaml"))
    assert decide_size(found, request, "crop", crop).stored == 12
    with pytest.raises(UsageError, match="but the network takes 3×6×6"):
        decide_size(found, NetworkRequest("conv", False, 0, options={"size": 6}), "crop", crop)


def test_the_side_of_the_default_network_follows_the_images(tmp_path: Path) -> None:
    folder = tmp_path / "large"
    folder.mkdir()
    Image.new("L", (30, 30)).save(folder / "1.png")
    sides = [
        decide_size(find(each), NetworkRequest("conv", False, 0), None, None).stored
        for each in (folder, write(tmp_path / "small", "1.png"))
    ]
    assert sides[0] > sides[1]


def test_pixels_are_normalised_for_the_network_and_fit_its_augmentation(tmp_path: Path) -> None:
    prep = Preprocessing(4, 1, (0.25,), (0.5,))
    pixels_NSSC = np.full((2, 4, 4, 1), 255, np.uint8)
    images = build_pixel_set(pixels_NSSC, prep, torch.device("cpu"), None, None)
    assert images.batch(np.array([0])).flatten().tolist() == pytest.approx([1.5] * 16)
    (tmp_path / "small.yaml").write_text("[{resize: 3}]")
    small = read_augmentation(str(tmp_path / "small.yaml"))
    with pytest.raises(UsageError):
        build_pixel_set(pixels_NSSC, prep, torch.device("cpu"), "small", small)


def test_a_source_of_which_nothing_was_decoded_is_an_error(tmp_path: Path) -> None:
    found = find(write(tmp_path / "a", "1.png"), write(tmp_path / "b", "2.png"))
    found.files, found.source_number = found.files[:1], found.source_number[:1]
    with pytest.raises(UnpoolError, match="none of the images to train on, or to validate on, can be read"):
        split_images(found, None, 0.1, seed=0)


def test_classes_that_only_one_source_has_or_that_are_empty_are_errors(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a", "x/1.png", "y/2.png"), write(tmp_path / "b", "z/3.png")
    with pytest.raises(UnpoolError, match="has the class 'z', which is none of x, y"):
        number(find(first, second))
    (first / "empty").mkdir()
    with pytest.raises(UnpoolError, match="empty has no usable image"):
        number(find(first))


def test_train_and_test_are_not_one_training_set(tmp_path: Path) -> None:
    folder = write(tmp_path / "a", "train/x/1.png", "train/y/2.png", "test/x/3.png")
    message = r"a holds test \(1 images\) and train \(2 images\): all would be trained on; give .*train --val .*test"
    with pytest.raises(UnpoolError, match=message):
        number(find(folder))
    progress = Messages()
    found = find(folder)
    assert number(found, "folders:-1", progress).class_of_image.tolist() == [0, 0, 1]
    assert number(find(folder), "folders:1").classes == ["test", "train"]
    assert number(find(folder / "train", folder / "test")).class_of_image.tolist() == [0, 1, 0]


def test_a_label_file_gives_the_classes_and_leaves_out_what_it_does_not_name(tmp_path: Path) -> None:
    folder = write(tmp_path / "a", "1.png", "2.png", "3.png", "4.png")
    (tmp_path / "labels.csv").write_text("path,label\na/1.png,x\na/4.png,y\na/gone.png,y\n")
    progress, found = Messages(), find(folder)
    labels = number(found, str(tmp_path / "labels.csv"), progress)
    assert [file.path for file in found.files] == ["1.png", "4.png"]
    assert labels.class_of_image.tolist() == [0, 1]
    assert (labels.facts["labelled"], labels.facts["unlabelled"]) == (2, 2)
    assert progress.texts[:2] == [
        "labels.csv: 2 of 4 images have a label, 2 have none (lines matched: 2 relative to the label file)",
        "labels.csv: 1 line matched no image: a/gone.png (line 4)",
    ]


def test_classes_that_nothing_validates_are_named() -> None:
    labels, progress = Labels(np.array([0, 0, 1, 2, 2]), ["a", "b", "c"]), Messages()
    parts = np.array([0, 2, 3]), np.array([1, 4])
    assert report_unvalidated(labels, parts, progress).not_validated == ("b",)
    assert progress.texts == ["classes without an image to validate on: b (1 to train on)"]
    assert report_unvalidated(labels, (np.arange(5), np.array([], int)), progress).not_validated == ()


def test_the_location_of_an_empty_source_is_named(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    with pytest.raises(UnpoolError, match=r"b has no image that can be used"):
        find(write(tmp_path / "a", "1.png"), tmp_path / "b")
