"""What `unpool segment train` makes of folders of masks, before anything is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from support.training import segment_train
from unpool.actions.segmentation import train as module
from unpool.actions.segmentation.data import find_labelled, learn_classes
from unpool.actions.segmentation.task import LabelledImages
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.images.masks.label_maps import read_labels
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


def test_a_class_that_only_masks_to_validate_on_hold_is_a_class(tmp_path: Path) -> None:
    progress = Messages()
    train = labelled(tmp_path / "a", progress, x=[0, 1, 1, 0])
    val = labelled(tmp_path / "b", progress, y=[0, 1, 2, 2])
    result: dict[str, Any] = {"unknown": "refuse", "progress": progress}
    assert len(learn_classes([train], None, None, **result)) == 2
    assert len(learn_classes([train, val], None, None, **result)) == 3
    assert progress.said[-1] == "masks are understood as the numbers 0 to 2 as classes"


def test_training_counts_the_masks_of_both_and_passes_on_what_is_unknown(tmp_path: Path, monkeypatch) -> None:
    images, masks = write(tmp_path / "a", x=[0, 1, 1, 0], z=[0, 1, 77, 77])
    val_images, val_masks = write(tmp_path / "b", y=[0, 1, 2, 2])
    seen: list[LabelledImages] = []

    class SeenError(Exception):
        pass

    def task(settings: object, labelled: LabelledImages, *_: object) -> None:
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
    result: dict[str, Any] = {"unknown": "refuse", "progress": progress}
    classes = learn_classes([found], tmp_path / "classes.txt", None, **result)
    assert read_labels(found.pairs[0], classes).tolist() == [[0, 1]]
    assert "masks hold 0 and 255 alone: those are the two classes" in progress.said
    classes = learn_classes([found], tmp_path / "classes.txt", 255, **result)
    assert read_labels(found.pairs[0], classes).tolist() == [[0, 255]]
    found = labelled(tmp_path, progress, x=[0, 255], y=[0, 1])
    classes = learn_classes([found], tmp_path / "classes.txt", None, **result)
    assert read_labels(found.pairs[0], classes).tolist() == [[0, 255]]


def test_what_has_no_counterpart_is_reported(tmp_path: Path) -> None:
    images, masks = write(tmp_path, a=[0, 1], b=[0, 1], c=[0, 1], d=[0, 1])
    (masks / "a.png").unlink()
    (images / "b.png").unlink()
    (masks / "deep").mkdir()
    progress = Messages()
    find_labelled(images, masks, split="train", progress=progress)
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
