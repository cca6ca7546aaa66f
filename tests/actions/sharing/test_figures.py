"""Each figure is declared once, with words that a new user understands, for every number that evaluating writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unpool.actions.sharing.figures import FIGURES, QUALITY, read_figures
from unpool.analysis.metrics.supervised import evaluate
from unpool.store.state import REPORT


def test_names_and_titles_are_unique() -> None:
    assert (
        len({figure.name for figure in FIGURES}) == len({figure.title for figure in FIGURES}) == len(FIGURES)
    )


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_each_says_what_it_measures_and_what_is_good(figure) -> None:
    assert figure.meaning.endswith(".")
    assert figure.good.endswith(".")
    assert figure.low is None or figure.high is None or figure.low < figure.high


def test_the_figures_of_evaluate_are_declared() -> None:
    rng = np.random.default_rng(0)
    figures = evaluate(rng.normal(size=(12, 4)), np.arange(12) % 3, [str(row % 2) for row in range(12)])
    declared = {figure.name: figure for figure in FIGURES}
    assert set(figures) - set(declared) == {"images"}
    for name, value in figures.items():
        if name != "images" and declared[name].high is not None:
            assert declared[name].low <= value <= declared[name].high, name


def test_those_that_need_classes_are_null_without() -> None:
    figures = evaluate(np.random.default_rng(0).normal(size=(12, 4)), np.arange(12) % 3, None)
    missing = {name for name, value in figures.items() if value is None}
    assert missing == {figure.name for figure in FIGURES if figure.needs_classes}


@pytest.mark.parametrize("text", ["", "[1]", "{"])
def test_a_file_that_is_missing_or_damaged_has_none(text: str, tmp_path: Path) -> None:
    assert read_figures(tmp_path) == {}
    (tmp_path / REPORT).mkdir()
    (tmp_path / REPORT / QUALITY).write_text(text)
    assert read_figures(tmp_path) == {}
