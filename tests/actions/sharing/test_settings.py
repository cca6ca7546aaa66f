"""The options of export: every registered format and no other, and what is left out."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from unpool.actions.sharing.formats import EXPORT_FORMATS
from unpool.actions.sharing.settings import ExportSettings
from unpool.core.settings import check_settings, options_of, settings_from
from unpool.errors import UsageError
from unpool.options import OPTIONS


@pytest.mark.parametrize("name", EXPORT_FORMATS)
def test_every_registered_format_is_allowed(name: str) -> None:
    check_settings(ExportSettings(name, Path("out")))


def test_an_unknown_format_is_answered_by_all_known_ones() -> None:
    with pytest.raises(UsageError, match=r"unknown --to 'cvs'; did you mean 'csv'\?") as caught:
        check_settings(ExportSettings("cvs", "out"))
    assert all(name in str(caught.value) for name in EXPORT_FORMATS)


def test_a_format_that_is_registered_later_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXPORT_FORMATS, "list", EXPORT_FORMATS["csv"])
    check_settings(ExportSettings("list", "out"))


def test_the_option_of_all_commands_stays_without_choices() -> None:
    assert not OPTIONS["to"].choices
    assert options_of(ExportSettings)["to"].help == OPTIONS["to"].help


@pytest.mark.parametrize(("values", "missing"), [({}, "to"), ({"to": "csv"}, "out")])
def test_format_and_place_have_to_be_named(values: dict[str, str], missing: str) -> None:
    with pytest.raises(UsageError, match=f"{missing} is missing"):
        settings_from(ExportSettings, values)


def test_all_images_are_copied_where_nothing_else_is_said() -> None:
    settings = settings_from(ExportSettings, {"to": "folders", "out": "out"})
    assert (settings.link, settings.paths) == (False, None)


def test_paths_are_no_flag() -> None:
    assert list(options_of(ExportSettings)) == ["to", "out", "link"]
    assert settings_from(ExportSettings, {"to": "csv", "out": "a", "paths": ["b.png"]}).paths == ["b.png"]


def test_settings_do_not_change_during_a_command() -> None:
    with pytest.raises(FrozenInstanceError):
        ExportSettings("csv", "out").link = True  # type: ignore[misc]
