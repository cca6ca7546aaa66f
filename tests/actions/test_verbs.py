"""The table of verbs: every entry can be called as the terminal, the page and Python call it."""

from __future__ import annotations

import inspect

import pytest

from unpool.actions.verbs import VERBS
from unpool.core.settings import options_of


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_takes_its_settings_and_shows_progress(name: str) -> None:
    verb = VERBS[name]
    parameters = inspect.signature(verb.load()).parameters
    settings = parameters["settings"].annotation
    assert settings in (verb.load_settings(), verb.load_settings().__name__)
    assert "progress" in parameters
    assert options_of(verb.load_settings())


@pytest.mark.parametrize("name", VERBS)
def test_verbs_that_start_from_a_folder_take_a_workspace_and_data(name: str) -> None:
    parameters = inspect.signature(VERBS[name].load()).parameters
    assert ({"work", "data"} <= set(parameters)) == VERBS[name].takes_folder
