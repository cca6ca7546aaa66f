"""The sheet shows the worst of both halves, the table has every image."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.inspector import write_inspector, write_parts
from unpool.actions.inspection import evaluation_files
from unpool.actions.inspection.evaluation_files import write_evaluation
from unpool.actions.inspection.labelled_images import find_labelled_images
from unpool.actions.inspection.measurement import Measured, inspect_all
from unpool.core.progress import Progress
from unpool.images.values.rules import NO_RULES
from unpool.inference.inspection.inspector import Inspector, load_inspector
from unpool.report.misses import Section


@pytest.fixture(scope="module")
def inspector(tmp_path_factory: pytest.TempPathFactory) -> Inspector:
    return load_inspector(write_inspector(tmp_path_factory.mktemp("model") / "model", threshold=0.7))


def measure(folder: Path, inspector: Inspector, **parts: Any) -> Measured:
    return inspect_all(
        find_labelled_images(write_parts(folder, **parts), None), inspector, NO_RULES, Progress()
    )


def test_the_sheet_has_the_lowest_bad_and_the_highest_good_scores(
    inspector: Inspector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheets: list[tuple[list[Section], dict[str, Any]]] = []
    draw = evaluation_files.draw_misses

    def keep(sections: Any, **more: Any) -> Any:
        sheets.append((list(sections), more))
        return draw(sheets[-1][0], **more)

    monkeypatch.setattr(evaluation_files, "draw_misses", keep)
    monkeypatch.setattr(evaluation_files, "NUM_SHOWN", 4)
    measured = measure(tmp_path / "parts", inspector, good=6)
    write_evaluation(tmp_path / "out", measured, {}, inspector, NO_RULES)
    ((bad, good), more), truth = (
        sheets[0],
        dict(zip([i.file.path for i in measured.images], measured.scores, strict=True)),
    )
    assert more["heat_threshold"] == inspector.record.heat_threshold
    assert [image.score for image in bad.images] == sorted(s for p, s in truth.items() if "good" not in p)[:4]
    assert [image.score for image in good.images] == sorted(s for p, s in truth.items() if "good" in p)[:1:-1]
    assert [image.is_wrong for image in bad.images] == [True, True, False, False]
    assert not any(image.is_wrong for image in good.images)
    assert bad.heading == "Not good, with the lowest scores: 2 of 6 are missed"
    assert good.heading == "Good, with the highest scores: 0 of 6 are false alarms"
    assert all(image.mask_hw is not None and image.mask_hw.sum() == 256 for image in bad.images)
    assert all(image.mask_hw is None for image in good.images)
    assert all(image.heat_hw.max() == np.float32(image.score) for image in (*bad.images, *good.images))


def test_the_table_has_score_probability_and_verdict(inspector: Inspector, tmp_path: Path) -> None:
    measured = measure(tmp_path / "parts", inspector, good=2)
    write_evaluation(tmp_path, measured, {}, inspector, NO_RULES)
    with (tmp_path / "evaluation.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["path"] for row in rows] == sorted(image.file.path for image in measured.images)
    scores = dict(zip([image.file.path for image in measured.images], measured.scores, strict=True))
    for row in rows:
        assert np.float32(row["score"]) == np.float32(scores[row["path"]])
        assert row["kind"] == row["path"].split("/")[0]
        assert row["verdict"] == ("not good" if scores[row["path"]] > 0.7 else "good")
        higher = sum(score >= scores[row["path"]] for score in inspector.record.good_scores)
        assert float(row["probability"]) == pytest.approx((1 + higher) / 21, abs=1e-6)


def test_without_bad_images_there_is_no_roc(inspector: Inspector, tmp_path: Path) -> None:
    measured = measure(tmp_path / "parts", inspector, good=2, bad=0)
    written = write_evaluation(tmp_path, measured, {}, inspector, NO_RULES)
    assert [Path(file).name for file in written] == ["misses.png", "evaluation.csv"]
    assert not (tmp_path / "roc.png").exists()


def test_an_image_that_has_gone_is_left_out_of_the_sheet(inspector: Inspector, tmp_path: Path) -> None:
    measured = measure(tmp_path / "parts", inspector)
    for image in measured.images:
        image.file.file.unlink()
    assert len(write_evaluation(tmp_path / "out", measured, {}, inspector, NO_RULES)) == 3
