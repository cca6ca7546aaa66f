"""Pictures after each epoch, and a page with the classes."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from support.segmentation import build_task as task
from support.segmentation import load_scenes
from unpool.actions.segmentation.report import SegmentLog, draw_examples, pictures_in, write_report
from unpool.actions.segmentation.task import LabelledImages


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> LabelledImages:
    return load_scenes(tmp_path_factory.mktemp("scenes"))


def test_every_epoch_leaves_a_picture_and_a_new_run_removes_those_before(
    labelled: LabelledImages, tmp_path: Path
) -> None:
    job = task(labelled)
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
    job = task(labelled, val=val)
    with Image.open(io.BytesIO(draw_examples(job.network, job.data, job.classes))) as picture:
        assert picture.format == "JPEG"
        assert picture.width > 3 * 64


def test_the_page_has_the_share_and_quality_of_each_class(labelled: LabelledImages, tmp_path: Path) -> None:
    job = task(labelled)
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
