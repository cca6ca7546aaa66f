"""Groups as strips, and the training curve with its phases."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
from matplotlib.axes import Axes
from PIL import Image

from support.report_tables import make_table
from unpool.report.items import read_items
from unpool.report.pictures import CELL, EDGE, GAP, HEADING, MAX_GROUPS, draw_groups, draw_loss, phases


def test_a_strip_for_each_group_and_the_rest_is_counted() -> None:
    table = make_table(MAX_GROUPS + 5)
    table["group"] = np.arange(len(table))
    height = MAX_GROUPS * (HEADING + CELL + 2 * GAP) + 2 * EDGE
    assert draw_groups(read_items(table)).height == height + HEADING
    assert draw_groups(read_items(table.head(MAX_GROUPS))).height == height


def test_a_group_without_thumbnails_is_drawn_empty() -> None:
    table = make_table(3)
    table["group"], table["thumbnail"] = 0, None
    assert isinstance(draw_groups(read_items(table)), Image.Image)


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[float], list[float], str]]:
    drawn: list[tuple[list[float], list[float], str]] = []
    plot = Axes.plot

    def record(self: Axes, x: list[float], y: list[float], **more: str) -> object:
        drawn.append((list(x), list(y), more["label"]))
        return plot(self, x, y, **more)

    monkeypatch.setattr(Axes, "plot", record)
    return drawn


def test_phases_follow_each_other_and_broken_points_are_left_out(
    lines: list[tuple[list[float], list[float], str]],
) -> None:
    history = [
        {"phase": "contrast", "epoch": 1, "train_loss": 3.0, "val_loss": math.nan},
        {"phase": "contrast", "epoch": 2, "train_loss": 2.0, "val_loss": 2.5},
        {"phase": "groups-0", "epoch": 1, "train_loss": 9.0, "val_loss": None},
    ]
    assert Image.open(io.BytesIO(draw_loss(history))).format == "PNG"
    assert lines == [
        ([1, 2], [3.0, 2.0], "training"),
        ([2], [2.5], "validation"),
        ([3], [9.0], "_training"),
    ]
    assert [(name, before) for name, before, _ in phases(history)] == [("contrast", 0), ("groups-0", 2)]


def test_an_empty_history_is_drawn(lines: list[tuple[list[float], list[float], str]]) -> None:
    assert draw_loss([]).startswith(b"\x89PNG")
    assert lines == []
