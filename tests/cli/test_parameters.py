"""Settings dataclasses become flags: types, defaults, help and checks from one declaration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
from cyclopts import App

from support.object_store import use_folders
from unpool.cli.parameters import Common, Work, flatten_settings, print_result, report_progress
from unpool.core.settings import Option
from unpool.errors import UsageError
from unpool.options import OPTIONS


@dataclass(frozen=True)
class Settings:
    """What the command is called with; a new flag is one field."""

    groups: Annotated[int | str, OPTIONS["groups"]] = "auto"
    brand_new: Annotated[float | None, Option("a new flag", unit="mm", low=0, high=2)] = None
    link: Annotated[bool, OPTIONS["link"]] = False
    val: Annotated[float | str | None, OPTIONS["val"]] = None
    from_: Annotated[str | None, OPTIONS["from"]] = None
    hidden: str = "no flag"


COMMON = Common()
calls: list[tuple[object, ...]] = []


@flatten_settings
def act(name: str = "x", /, *, work: Work, settings: Settings, common: Common = COMMON) -> None:
    """Act."""
    calls.append((name, str(work), settings, common.json))


@pytest.fixture
def app() -> App:
    calls.clear()
    app = App(name="test", result_action="return_value", help_format="plaintext")
    app.command(act)
    return app


def test_every_field_with_an_option_is_a_flag(app: App) -> None:
    argv = [
        "act",
        "a",
        "--work",
        "w",
        "--groups",
        "3",
        "--brand-new",
        "1.5",
        "--link",
        "--from",
        "m",
        "--json",
    ]
    app(argv, exit_on_error=False)
    assert calls == [("a", "w", Settings(3, 1.5, True, None, "m"), True)]


def test_defaults_are_those_of_the_settings(app: App) -> None:
    app(["act", "--work", "w"], exit_on_error=False)
    assert calls == [("x", "w", Settings(), False)]


def test_a_share_is_a_number_and_a_folder_text(app: App) -> None:
    for text in ("0.2", "held-out"):
        app(["act", "--work", "w", "--val", text], exit_on_error=False)
    assert [call[2].val for call in calls] == [0.2, "held-out"]  # type: ignore[attr-defined]


def test_help_shows_unit_and_range(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    app(["act", "--help"])
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "--brand-new FLOAT a new flag [mm; 0 to 2]" in shown
    assert "--hidden" not in shown
    assert "--no-link" not in shown


def test_values_are_checked_before_the_command_runs(app: App) -> None:
    with pytest.raises(UsageError, match=r"--brand-new is 3\.0, but must be a number from 0 to 2"):
        app(["act", "--work", "w", "--brand-new", "3"], exit_on_error=False, print_error=False)
    assert calls == []


def test_a_result_is_json_or_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_result({"a": "{ü}"}, Common(json=True), "text")
    print_result({"a": 1}, Common(), "text {}")
    assert capsys.readouterr().out == '{"a": "{\\u00fc}"}\ntext {}\n'


def test_a_workspace_may_lie_on_a_store(
    app: App, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    use_folders(monkeypatch, tmp_path)
    app(["act", "--work", "s3://bucket/w.unpool"], result_action="return_value")
    work = str(calls.pop()[1])
    assert Path(work).is_dir()
    for is_json in (True, False):
        print_result({"work": work}, Common(json=is_json), f"written to {work}")
    assert capsys.readouterr().out == '{"work": "s3://bucket/w.unpool"}\nwritten to s3://bucket/w.unpool\n'
    report_progress().message(f"see {work}/problems.csv")
    assert capsys.readouterr().err == "see s3://bucket/w.unpool/problems.csv\n"
    app(["act", "--work", tmp_path.as_uri()], result_action="return_value")
    assert calls.pop()[1] == str(tmp_path)
