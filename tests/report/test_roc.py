"""The ROC is drawn through its points, with the threshold where it lies."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from unpool.analysis.metrics.detection import apply_threshold, count_scores
from unpool.report.roc import draw_roc

SCORES, IS_BAD = [0.1, 0.4, 0.35, 0.8, 0.6, 0.7], [False, False, False, True, True, True]


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    drawn: list[Figure] = []

    class Kept(Figure):
        def __init__(self, *args: Any, **keywords: Any) -> None:
            super().__init__(*args, **keywords)
            drawn.append(self)

    monkeypatch.setattr("matplotlib.figure.Figure", Kept)
    return drawn


def test_curve_and_threshold(figures: list[Figure]) -> None:
    curve, verdicts = count_scores(SCORES, IS_BAD), apply_threshold(SCORES, IS_BAD, 0.38)
    content = draw_roc(curve, {"a$1": curve, "b": curve}, verdicts, 0.38)
    assert Image.open(io.BytesIO(content)).format == "PNG"
    lines = {str(line.get_label()): line for line in figures[0].axes[0].lines}
    for name in ("a$1  1.000", "b  1.000", "all images  1.000"):
        np.testing.assert_allclose(np.transpose(lines[name].get_xydata()), curve.points())
    (point,) = (line for name, line in lines.items() if name.startswith("threshold 0.38"))
    assert point.get_label() == "threshold 0.38:\n100.0 % found, 33.3 % false alarms"
    np.testing.assert_allclose(point.get_xydata(), [[1 / 3, 1]])
    assert figures[0].axes[0].get_title() == "ROC of 3 good images and 3 that are not"


def test_one_kind_needs_no_line_and_many_kinds_have_eight(figures: list[Figure]) -> None:
    verdicts = apply_threshold(SCORES, IS_BAD, 0.5)
    large, small = count_scores(SCORES, IS_BAD), count_scores([0.1, 0.9], [False, True])
    draw_roc(large, {"only": large}, verdicts, 0.5)
    draw_roc(
        large, {f"small {n}": small for n in range(3)} | {f"k{n}": large for n in range(8)}, verdicts, 0.5
    )
    for figure, expected in zip(figures, ([], [f"k{n}" for n in range(8)]), strict=True):
        labels = [str(line.get_label()) for line in figure.axes[0].lines]
        kinds = [label.split("  ")[0] for label in labels if label.startswith(("k", "small", "only"))]
        assert kinds == expected
