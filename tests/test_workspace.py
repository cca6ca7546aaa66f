"""`Workspace`: the verbs with full signatures, and a table whose columns are described."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from unpool import UnpoolError, Workspace
from unpool.actions.embedding.settings import RunSettings
from unpool.actions.verbs import VERBS
from unpool.core.settings import options_of
from unpool.store.columns import COLUMNS

VERBS_OF_WORKSPACE = ["run", "group", "map", "check", "search", "evaluate", "spread", "export", "embed"]


@pytest.mark.parametrize("name", VERBS_OF_WORKSPACE)
def test_a_verb_shows_all_options_of_its_command(name: str) -> None:
    parameters = inspect.signature(getattr(Workspace, name)).parameters
    assert set(options_of(VERBS[name].load_settings())) <= set(parameters)
    assert not [each for each in parameters.values() if each.kind is each.VAR_KEYWORD]


def test_an_unknown_keyword_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnpoolError, match="did you mean minutes"):
        Workspace(tmp_path / "w").run(minute=3)  # type: ignore[call-overload]


def test_a_workspace_without_images_says_how_to_give_them(tmp_path: Path) -> None:
    with pytest.raises(UnpoolError, match=r"Workspace\(work, images\)"):
        Workspace(tmp_path / "w.unpool").run(RunSettings())


def test_the_table_is_described_column_by_column() -> None:
    text = Workspace.table.__doc__ or ""
    assert all(f"{column.name}: {column.description}" in text for column in COLUMNS.values())
    assert "vector: " in text


def test_the_repr_can_be_typed(tmp_path: Path) -> None:
    assert repr(Workspace("a.unpool")) == "Workspace('a.unpool')"
