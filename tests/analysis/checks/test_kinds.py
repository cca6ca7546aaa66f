"""Problem kinds: declared once, and found by a function whose parameters name its measurements."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from unpool.analysis.checks import thresholds
from unpool.analysis.checks.kinds import PROBLEM_KINDS, ProblemKind, annotated_kinds, checked_kinds, detect
from unpool.store.columns import COLUMNS

MEASUREMENTS = {
    name: np.linspace(0.1, 0.9, 40)
    for name in ("distance_N", "error_N", "contrast_N", "width_N", "high_N", "low_N")
}


def test_json_keys_and_their_order_stay() -> None:
    assert [kind.name for kind in checked_kinds()] == [
        "duplicates", "near_duplicates", "turned", "bursts", "outliers", "blurred", "dark", "bright",
        "mislabelled", "leaked", "not_good",
    ]  # fmt: skip
    assert [kind.word for kind in checked_kinds()] == [
        "duplicate", "near duplicate", "turned copy", "burst", "outlier", "blurred", "too dark", "too bright",
        "mislabelled", "leaked", "not good",
    ]  # fmt: skip
    assert [kind.name for kind in annotated_kinds()] == ["wrong", "suggested"]


@pytest.mark.parametrize("kind", PROBLEM_KINDS.values(), ids=lambda kind: kind.name)
def test_a_kind_names_functions_and_columns_that_exist(kind: ProblemKind) -> None:
    if kind.detect:
        assert detect(kind, MEASUREMENTS).limits
    assert not kind.measure or COLUMNS[kind.measure].is_sortable
    assert not kind.column or kind.column in COLUMNS
    assert kind.meaning.endswith(".")


def test_measurements_go_to_the_parameters_of_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    def brightest(low_N: np.ndarray, high_N: np.ndarray) -> thresholds.Flagged:
        rows = [int(np.argmax(high_N - low_N))]
        return thresholds.Flagged(rows, [0.5], ["bright"], {"limit": 1.0})

    monkeypatch.setattr(thresholds, "brightest", brightest, raising=False)
    kind = ProblemKind("b", "b", "B", "B.", detect="unpool.analysis.checks.thresholds:brightest")
    low_N, high_N = np.array([0.0, 0.5, 0.5]), np.array([0.1, 0.9, 0.6])
    assert detect(kind, {"low_N": low_N, "high_N": high_N, "other_N": low_N}).rows == [1]
    assert list(inspect.signature(thresholds.dark).parameters) == ["high_N"]
