"""Every benchmark still finds what it imports from unpool, and says how it is called."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"
SHARED = {"segmenting", "viewer_page"}
SCRIPTS = sorted(FOLDER.glob("*.py"))
PACKAGES = sorted(FOLDER.glob("*/**/*.py"))  # run by `python -m`, or in environments of other programs


def missing_names(text: str) -> list[str]:
    """Names that a file imports from unpool and that are not there."""
    missing = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "unpool":
            try:
                module = importlib.import_module(node.module or "")
            except ImportError:
                missing.append(str(node.module))
                continue
            missing += [
                f"{node.module}.{alias.name}" for alias in node.names if not hasattr(module, alias.name)
            ]
    return missing


@pytest.mark.parametrize("script", [*SCRIPTS, *PACKAGES], ids=lambda script: script.stem)
def test_imports_exist(script: Path) -> None:
    assert missing_names(script.read_text("utf-8")) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_usage_stands_in_the_docstring(script: Path) -> None:
    docstring = ast.get_docstring(ast.parse(script.read_text("utf-8"))) or ""
    assert script.stem in SHARED or f"python benchmarks/{script.name}" in docstring


def test_a_missing_name_is_seen() -> None:
    assert missing_names("from unpool.errors import UnpoolError, NoSuchName") == ["unpool.errors.NoSuchName"]
    assert missing_names("from unpool.no_such_module import x") == ["unpool.no_such_module"]
