"""Answers have every column, and the page's types are current."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from unpool.store.columns import COLUMNS, Column, measures, names
from unpool.viewer.messages import answers

GENERATOR = Path(__file__).parents[3] / "web" / "generate_types.py"


def generator() -> Any:
    spec = importlib.util.spec_from_file_location("generate_types", GENERATOR)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(not GENERATOR.exists(), reason="the page's source is not here")
def test_the_types_of_the_page_are_current() -> None:
    module = generator()
    assert module.TARGET.read_text("utf-8") == module.generate(), "run python web/generate_types.py"


@pytest.mark.skipif(not GENERATOR.exists(), reason="the page's source is not here")
@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "integer"}, "number"),
        ({"anyOf": [{"type": "number"}, {"type": "integer"}, {"type": "null"}]}, "number | null"),
        ({"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "null"}]}}, "(string | null)[]"),
        ({"type": "array", "prefixItems": [{"type": "string"}, {"type": "number"}]}, "[string, number]"),
        ({"enum": ["a", "b"]}, '"a" | "b"'),
        ({"const": "a"}, '"a"'),
        ({"type": "object", "additionalProperties": {"$ref": "#/x/Job"}}, "Record<string, Job>"),
        ({}, "unknown"),
    ],
)
def test_types_of_schemas(schema: dict[str, Any], expected: str) -> None:
    assert generator().type_of(schema) == expected


def test_facts_have_every_column_that_the_page_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {*measures(), *names(), "row", "path"} <= set(answers.row_facts_model().model_fields)
    monkeypatch.setitem(
        COLUMNS, "novelty", Column("novelty", "float", "vector", "how new", "Novelty", "figure")
    )
    assert "novelty" in answers.image_facts_model().model_fields
