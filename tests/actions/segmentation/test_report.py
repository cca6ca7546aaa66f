"""Pictures after each epoch, and a page with the classes."""

from __future__ import annotations

import io
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from PIL import Image

from support.segmentation import build_task, load_scenes
from unpool.actions.segmentation import report as module
from unpool.actions.segmentation.report import SegmentLog, draw_examples, pictures_in, write_report
from unpool.actions.segmentation.task import LabelledImages
from unpool.report import segments

RECORD = {
    "network": "fcn4s", "images": 4, "steps": 1, "batch": 2, "val_miou": None, "best_epoch": 1,
    "train_loss": 0.5, "val_loss": None, "enlarge": 2.0, "iou": None, "frequencies": {"0": 0.75, "1": 0.25, "2": 0.0},
}  # fmt: skip


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> LabelledImages:
    return load_scenes(tmp_path_factory.mktemp("scenes"))


def test_every_epoch_leaves_a_picture_and_a_new_run_removes_those_before(
    labelled: LabelledImages, tmp_path: Path
) -> None:
    job = build_task(labelled)
    log = SegmentLog(tmp_path, job.network, job.data, job.classes)
    entry = {"epoch": 1, "step": 1, "train_loss": 0.5, "val_loss": None}
    log.epoch(entry)
    log.close()
    assert [path.name for path in pictures_in(tmp_path)] == ["epoch-0001.jpg"]
    SegmentLog(tmp_path, job.network, job.data, job.classes, first_step=1).close()
    assert len(pictures_in(tmp_path)) == 1
    SegmentLog(tmp_path, job.network, job.data, job.classes).close()
    assert pictures_in(tmp_path) == []


@pytest.mark.parametrize("val", [None, 0.25])
def test_examples_are_drawn_of_either_part(labelled: LabelledImages, val: float | None) -> None:
    job = build_task(labelled, val=val)
    with Image.open(io.BytesIO(draw_examples(job.network, job.data, job.classes))) as picture:
        assert picture.format == "JPEG"
        assert picture.width > 3 * 64


def test_the_page_has_the_share_and_quality_of_each_class(labelled: LabelledImages, tmp_path: Path) -> None:
    job = build_task(labelled)
    (tmp_path / "report").mkdir()
    Image.new("RGB", (4, 4)).save(tmp_path / "loss.png")
    record = {
        "network": "fcn4s", "images": 4, "steps": 1, "batch": 2, "val_miou": 0.125, "best_epoch": 1,
        "train_loss": 0.5, "val_loss": None, "enlarge": 2.0, "iou": {"0": 0.5, "1": None, "2": 0.25},
        "frequencies": {"0": 0.75, "1": 0.125, "2": 0.125},
    }  # fmt: skip
    write_report(tmp_path, job.network, job.data, job.classes, record)
    text = (tmp_path / "report" / "index.html").read_text("utf-8")
    assert "75.00 %" in text
    assert "0.1250" in text
    assert "0.250" in text


def test_examples_are_evenly_among_the_images_and_each_has_its_truth(
    labelled: LabelledImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[segments.Row] = []

    def draw_rows(rows: list[segments.Row], *_: object) -> Image.Image:
        drawn.extend(rows)
        return Image.new("RGB", (1, 1))

    monkeypatch.setattr(segments, "draw_rows", draw_rows)
    monkeypatch.setattr(module, "NUM_EXAMPLES", 2)
    task = build_task(labelled)
    task.network.train()
    draw_examples(task.network, task.data, task.classes)
    assert task.network.training  # as it was
    held = build_task(labelled, val=0.25, seed=1)  # one of four
    draw_examples(held.network, held.data, held.classes)
    numbers = (0, 3, held.data.windows[0][0])
    assert numbers[2] > 0
    for (pixels_HW3, predicted_HW, true_HW), number in zip(drawn, numbers, strict=True):
        assert np.array_equal(pixels_HW3, labelled.store.pixels(number))
        assert np.array_equal(true_HW, labelled.store.labels(number))
        assert (predicted_HW.shape, predicted_HW.dtype) == (true_HW.shape, np.uint8)


def test_steps_and_epochs_reach_tensorboard(
    labelled: LabelledImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "draw_examples", lambda *_: _jpeg())
    task = build_task(labelled)
    log = SegmentLog(tmp_path, task.network, task.data, task.classes)
    inner = log.inner
    log.inner = mock.create_autospec(inner, instance=True)
    entry = {"epoch": 2, "step": 4, "train_loss": 0.5, "val_loss": None}
    log.step(3, 0.5, 0.25)
    log.epoch(entry)
    log.close()
    inner.close()
    assert log.inner.mock_calls == [mock.call.step(3, 0.5, 0.25), mock.call.epoch(entry), mock.call.close()]
    assert (tmp_path / "report" / "epoch-0002.jpg").read_bytes() == _jpeg()


def test_the_page_shows_the_best_the_losses_and_some_epochs(
    labelled: LabelledImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "draw_examples", lambda *_: _jpeg())
    monkeypatch.setattr(module, "NUM_EPOCHS", 2)
    (tmp_path / "report").mkdir()
    Image.new("RGB", (4, 4)).save(tmp_path / "loss.png")
    for epoch in (1, 2, 3):
        (tmp_path / "report" / f"epoch-{epoch:04d}.jpg").write_bytes(_jpeg())
    task = build_task(labelled)
    write_report(tmp_path, task.network, task.data, task.classes, RECORD)
    text = (tmp_path / "report" / "index.html").read_text("utf-8")
    captions = [part.partition("<")[0] for part in text.split("<figcaption>")[1:]]
    assert captions == ["the best network", "losses", "after epoch 1", "after epoch 3"]
    assert f"fcn4s, {tmp_path.name}" in text
    assert text.count("<td>–</td>") == 3  # no class was measured
    assert (tmp_path / "report" / "examples.jpg").read_bytes() == _jpeg()


def _jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, "JPEG")
    return buffer.getvalue()
