"""What `unpool segment train` makes of folders of masks, before anything is trained."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.training import segment_train
from unpool.actions.segmentation import train as module
from unpool.actions.segmentation.data import (
    ClassChoice,
    Learnt,
    count_masks,
    find_labelled,
    learn_classes,
    list_unmatched,
)
from unpool.actions.segmentation.task import LabelledImages
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError
from unpool.images.annotations.class_names import plan_folder
from unpool.images.masks.folder_reading import plan_reading
from unpool.images.masks.label_maps import read_label_map
from unpool.images.masks.pairs import Pairs


class Messages(Progress):
    def __init__(self) -> None:
        self.said: list[str] = []

    def message(self, text: str) -> None:
        self.said.append(text)


def write(folder: Path, **masks: list[int]) -> tuple[Path, Path]:
    """The folders images and masks of one row of pixels each."""
    for name, values in masks.items():
        for part, mode in (("images", "RGB"), ("masks", "L")):
            (folder / part).mkdir(parents=True, exist_ok=True)
            pixels = Image.fromarray(np.array([values], np.uint8)).convert(mode)
            pixels.save(folder / part / f"{name}.png")
    return folder / "images", folder / "masks"


def labelled(folder: Path, progress: Progress, **masks: list[int]) -> Pairs:
    return find_labelled(*write(folder, **masks), split="train", progress=progress)


def learn(folders: list[Pairs], choice: ClassChoice = ClassChoice()) -> Learnt:  # noqa: B008 - frozen
    return learn_classes(folders, [count_masks(folder, Progress()) for folder in folders], choice)


def test_a_class_that_only_masks_to_validate_on_hold_is_a_class(tmp_path: Path) -> None:
    progress = Messages()
    train = labelled(tmp_path / "a", progress, x=[0, 1, 1, 0])
    val = labelled(tmp_path / "b", progress, y=[0, 1, 2, 2])
    assert len(learn([train]).classes) == 2
    learnt = learn([train, val])
    assert len(learnt.classes) == 3
    assert learnt.remarks[-1] == "masks are understood as the numbers 0 to 2 as classes"


def test_training_counts_the_masks_of_both_and_passes_on_what_is_unknown(tmp_path: Path, monkeypatch) -> None:
    images, masks = write(tmp_path / "a", x=[0, 1, 1, 0], z=[0, 1, 77, 77])
    val_images, val_masks = write(tmp_path / "b", y=[0, 1, 2, 2])
    seen: list[LabelledImages] = []

    class SeenError(Exception):
        pass

    def task(settings: object, labelled: LabelledImages, *_: object, **__: object) -> None:
        seen.append(labelled)
        raise SeenError

    monkeypatch.setattr(module, "SegmentationTask", task)
    result = {"out": tmp_path / "m", "val_images": val_images, "val_masks": val_masks, "device": "cpu"}
    with pytest.raises(
        UnpoolError, match=r"the mask z.png holds the value 77 \(2 pixels\), which is no class"
    ):
        segment_train(images, masks, **result)
    assert not (tmp_path / "m").exists()
    with pytest.raises(SeenError):
        segment_train(images, masks, unknown="ignore", **result)
    labelled_images = seen[0]
    assert labelled_images.classes.names == ("0", "1", "2")
    assert labelled_images.store.labels(1).tolist() == [[0, 1, 255, 255]]
    assert labelled_images.held is not None
    assert labelled_images.held.labels(0).tolist() == [[0, 1, 2, 2]]


def test_names_alone_are_enough_for_masks_of_0_and_255(tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("ground\nfigure\n")
    progress = Messages()
    found = labelled(tmp_path, progress, x=[0, 255], y=[0, 0])

    def labels(ignore: int | None = None) -> tuple[list[list[int]], list[str]]:
        values = count_masks(found, progress)
        classes = learn([found], ClassChoice(tmp_path / "classes.txt", ignore)).classes
        reading = plan_reading(classes, values)
        return read_label_map(found.pairs[0], reading).label_HW.tolist(), list(reading.remarks)

    assert labels() == ([[0, 1]], ["masks hold 255 beside 0: that is the class 'figure'"])
    assert labels(255) == ([[0, 255]], [])
    found = labelled(tmp_path, progress, x=[0, 255], y=[0, 1])
    assert labels()[0] == [[0, 1]]
    found = labelled(tmp_path, progress, x=[0, 255], y=[0, 1, 255])
    assert labels()[0] == [[0, 255]]


def test_numbers_of_objects_are_asked_about(tmp_path: Path) -> None:
    masks = {
        f"m{count}": [0, *(value for n in range(1, count + 1) for value in (n, 0))] for count in (3, 5, 6)
    }
    found = labelled(tmp_path, Messages(), **masks)
    with pytest.raises(UnpoolError, match=r"number objects, not classes: .* from 3 to 6 .*--numbers objects"):
        learn([found])
    assert learn([found], ClassChoice(numbers="objects")).classes.names == ("background", "object")
    assert len(learn([found], ClassChoice(numbers="classes")).classes) == 7
    (tmp_path / "classes.txt").write_text("a\nb\n")
    with pytest.raises(UsageError, match="--numbers objects"):
        learn([found], ClassChoice(tmp_path / "classes.txt", numbers="objects"))


def test_soft_edges_are_refused_with_what_to_do(tmp_path: Path) -> None:
    edge = [0] * 60 + [120] + [255] * 60
    found = labelled(tmp_path, Messages(), x=edge, y=edge)
    with pytest.raises(
        UnpoolError, match=r"the value 120 \(1 pixels in x.png\): soft edges.*--unknown nearest"
    ):
        learn([found])
    assert len(learn([found], ClassChoice(unknown="nearest")).classes) == 2


def test_a_class_file_beside_the_masks_is_named(tmp_path: Path) -> None:
    found = labelled(tmp_path, Messages(), x=[0, 1])
    (tmp_path / "labelmap.txt").write_text("a\nb\n")
    assert any("labelmap.txt lies beside them" in remark for remark in learn([found]).remarks)


def write_annotations(file: Path, categories: list[str], squares: dict[str, int]) -> Path:
    """COCO's JSON with one pixel of a category in each image of a row of pixels."""
    ids = {name: number + 5 for number, name in enumerate(categories)}
    held = {
        "categories": [{"id": ids[name], "name": name} for name in categories],
        "images": [{"id": name, "file_name": f"{name}.png", "width": 4, "height": 1} for name in squares],
        "annotations": [
            {"image_id": name, "category_id": category + 5, "segmentation": [[1, 0, 2, 0, 2, 1, 1, 1]]}
            for name, category in squares.items()
        ],
    }  # fmt: skip
    file.write_text(json.dumps(held))
    return file


def test_annotations_bring_their_classes(tmp_path: Path) -> None:
    images, _ = write(tmp_path, a=[0, 1, 0, 0], b=[0, 0, 0, 0])
    one = find_labelled(
        images, write_annotations(tmp_path / "one.json", ["car", "tree"], {"a": 0, "b": 1}), split="train",
        progress=Messages(),
    )  # fmt: skip
    other = find_labelled(
        images,
        write_annotations(tmp_path / "other.json", ["hat", "tree"], {"a": 1}),
        split="val",
        progress=Messages(),
    )
    learnt = learn([one, other])
    assert learnt.classes.names == ("background", "car", "tree", "hat")
    for found, expected in ((one, [0, 1, 0, 0]), (other, [0, 2, 0, 0])):
        reading = plan_folder(found, learnt.classes, count_masks(found, Progress()))
        assert read_label_map(found.pairs[0], reading).label_HW.tolist() == [expected]
    assert len(learn([one], ClassChoice(ignore=0)).classes) == 2
    masked = labelled(tmp_path / "more", Messages(), x=[0, 1])
    with pytest.raises(UnpoolError, match=r"one\.json names its classes, but the masks of the other folder"):
        learn([one, masked])
    with pytest.raises(UsageError, match="--numbers objects is about numbers in masks"):
        learn([one], ClassChoice(numbers="objects"))


def test_the_class_file_of_cvat_is_read(tmp_path: Path) -> None:
    images, masks = write(tmp_path, x=[0, 90, 90, 0])
    masks.rename(tmp_path / "SegmentationClass")
    (tmp_path / "labelmap.txt").write_text("background:0,0,0::\ncar:90,90,90::\n")
    found = find_labelled(images, tmp_path, split="train", progress=Messages())
    learnt = learn([found])
    assert learnt.classes.names == ("background", "car")
    assert learnt.remarks == [f"the classes are those of {tmp_path / 'labelmap.txt'}"]
    reading = plan_folder(found, learnt.classes, count_masks(found, Progress()))
    assert read_label_map(found.pairs[0], reading).label_HW.tolist() == [[0, 1, 1, 0]]


def test_what_has_no_counterpart_is_reported(tmp_path: Path) -> None:
    images, masks = write(tmp_path, a=[0, 1], b=[0, 1], c=[0, 1], d=[0, 1])
    (masks / "a.png").unlink()
    (images / "b.png").unlink()
    (masks / "deep").mkdir()
    progress = Messages()
    found = find_labelled(images, masks, split="train", progress=progress)
    assert list_unmatched(found) == {
        "unmatched": 1, "unmatched_images": ["a.png"], "extra": 1, "extra_masks": ["b.png"],
    }  # fmt: skip
    assert progress.said == [
        "1 of 3 images have no mask and are left out (the first is a.png)",
        "1 of 3 masks belong to no image and are left out (the first is b.png)",
    ]
    for name in ("a.png", "c.png", "d.png"):
        (images / "x").mkdir(exist_ok=True)
        (images / name).rename(images / "x" / name)
    Image.new("L", (2, 1)).save(masks / "deep" / "c.png")
    progress = Messages()
    find_labelled(images, masks, split="train", progress=progress)
    result = (
        "1 of 3 images have masks of their name in several folders, none in the image's own, and are left out"
    )
    assert progress.said[1] == f"{result} (the first is x/c.png)"
