"""A workspace of pictures that a learnt inspector has seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.judged import copy_judged, make_judged


@pytest.fixture(scope="session")
def judged_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight good pictures, three striped ones and two stained ones, checked with `model`."""
    return make_judged(tmp_path_factory.mktemp("judged"))


@pytest.fixture
def work(judged_run: Path, tmp_path: Path) -> Path:
    """A copy of it at a place of its own."""
    return copy_judged(judged_run, tmp_path / "copy")
