"""The confusion picture counts what is right and shows shares of the row."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.axes import Axes
from PIL import Image

from unpool.report.confusion import MAX_NUMBERED, draw_confusion


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts in cells and the title, as they are drawn."""
    texts: list[str] = []
    cell, title = Axes.text, Axes.set_title

    def record_cell(self: Axes, x: float, y: float, text: str, **more: object) -> object:
        texts.append(text)
        return cell(self, x, y, text, **more)

    def record_title(self: Axes, text: str) -> object:
        texts.append(text)
        return title(self, text)

    monkeypatch.setattr(Axes, "text", record_cell)
    monkeypatch.setattr(Axes, "set_title", record_title)
    return texts


def test_counts_and_the_share_that_is_right(written: list[str]) -> None:
    content = draw_confusion(np.array([[3, 1], [0, 4]]), ["cat", "dog"])
    assert Image.open(io.BytesIO(content)).format == "PNG"
    assert written == ["3", "1", "4", "7 of 8 right (87.5 %)"]


def test_pixels_are_shown_as_shares_of_the_row(written: list[str]) -> None:
    draw_confusion(np.array([[300, 100], [1, 999]]), ["cat", "dog"], numbered=False)
    assert written[:4] == ["75", "25", "", "100"]


def test_large_tables_have_no_numbers_and_other_columns_are_named(written: list[str]) -> None:
    count = MAX_NUMBERED + 1
    draw_confusion(np.ones((2, count), np.int64), ["a", "b"], [str(n) for n in range(count)], across="group")
    assert len(written) == 1


def test_an_empty_table_is_drawn(written: list[str]) -> None:
    draw_confusion(np.zeros((1, 1), np.int64), ["a"])
    assert written == ["0 of 1 right (0.0 %)"]


def test_any_name_is_drawn_as_text_without_a_warning(recwarn: pytest.WarningsRecorder) -> None:
    for names in (["$x^$", "b"], ["日本", "x" * 180]):
        assert draw_confusion(np.eye(2, dtype=np.int64), names)
    assert not recwarn.list
