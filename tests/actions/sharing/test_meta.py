"""What the page reads from registries is what they declare."""

from __future__ import annotations

import pytest

from unpool.actions.sharing.formats import EXPORT_FORMATS
from unpool.actions.sharing.meta import page_meta
from unpool.analysis.checks.kinds import PROBLEM_KINDS, ProblemKind
from unpool.store.columns import COLUMNS


def test_columns_with_their_order_and_alignment() -> None:
    columns = {column["name"]: column for column in page_meta()["columns"]}
    assert set(columns) == {column.name for column in COLUMNS.values() if column.title}
    assert columns["outlier_score"]["sort"] == "outlier_score"
    assert columns["suggestion"]["sort"] == "suggestion_confidence"
    assert columns["label"]["sort"] is None
    assert columns["width"]["is_number"]
    assert not columns["path"]["is_number"]


def test_problems_formats_and_methods() -> None:
    meta = page_meta()
    assert [problem["name"] for problem in meta["problems"]] == list(PROBLEM_KINDS)
    assert [problem["name"] for problem in meta["problems"] if not problem["needs_check"]] == [
        "wrong",
        "suggested",
    ]
    assert [one["name"] for one in meta["formats"]] == list(EXPORT_FORMATS)
    assert meta["sorts"][0] == {"key": "path", "title": "path"}
    assert "graph" in meta["methods"]
    assert "umap" in meta["maps"]


def test_a_kind_that_is_registered_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PROBLEM_KINDS, "small", ProblemKind("small", "small", "Small", "Small images."))
    assert page_meta()["problems"][-1]["title"] == "Small"
