"""A segmenter reads images of more than 8 bits as those it was trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import unpool.actions.segmentation.predict_image as predict_module
import unpool.inference.segmenter_model as segmenter_model
from support.deep_files import write_png16
from support.masks import scene
from support.training import segment_evaluate, segment_predict, segment_train
from unpool.core.progress import Progress
from unpool.images.reading.decode import Picture, read_picture
from unpool.images.values.rules import ValueRules
from unpool.inference.segmenter import SegmenterRuntime
from unpool.training.model_file import load_model, rules_of_model

DIM, BRIGHT = 4, 40  # times 8 bits: dim frames alone would be read as 10 bits, with a bright one as 14


def write_frames(folder: Path, factors: list[int]) -> tuple[Path, Path]:
    images, masks = folder / "images", folder / "masks"
    for each in (images, masks):
        each.mkdir(parents=True)
    for number, factor in enumerate(factors):
        pixels, label = scene(number, 32, 32)
        write_png16(images / f"{number}.png", pixels[..., 0].astype(np.uint16) * factor)
        Image.fromarray(label).save(masks / f"{number}.png")
    return images, masks


def test_the_range_of_the_training_is_that_of_prediction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, masks = write_frames(tmp_path / "trained", [DIM, DIM, DIM, BRIGHT])
    segment_train(images, masks, out=tmp_path / "m", backbone="conv", steps=1, batch=2, size=32, enlarge=1.0)
    rules = ValueRules(assumed={"PNG uint16 grey": [(0, 16383)]})
    assert rules_of_model(tmp_path / "m") == rules

    def open_by_torch(folder: Path, device: str, progress: Progress, threads: int | None) -> SegmenterRuntime:
        return SegmenterRuntime(load_model(folder), "cpu")  # to export it takes seconds

    monkeypatch.setattr(segmenter_model, "_open", open_by_torch)
    seen: list[int] = []

    def read(file: Path, *, rules: ValueRules) -> Picture:
        picture = read_picture(file, rules=rules)
        seen.append(int(picture.pixels.max()))
        return picture

    monkeypatch.setattr(predict_module, "read_picture", read)
    others, other_masks = write_frames(tmp_path / "others", [DIM])
    segment_predict(others, model=tmp_path / "m", out=tmp_path / "out")
    assert len(seen) == 1
    assert seen[0] <= 255 * DIM * 255 / 16383 + 1
    assert segment_evaluate(others, other_masks, model=tmp_path / "m")["images"] == 1
