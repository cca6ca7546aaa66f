"""`--config FILE` adds options to a command line; what is typed wins."""

from __future__ import annotations

from pathlib import Path

import pytest

from unpool.cli.config_file import with_config
from unpool.errors import UsageError


def write(folder: Path, text: str) -> list[str]:
    (folder / "a.yaml").write_text(text)
    return ["run", "photos", "--config", str(folder / "a.yaml")]


def test_options_of_the_file_come_after_the_command_line(tmp_path: Path) -> None:
    argv = write(tmp_path, "groups: 3\nno_open: true\nresume: false\nwork: null\nlr: 0.1\n")
    assert with_config(argv) == [*argv, "--groups=3", "--no-open", "--lr=0.1"]


def test_what_is_typed_wins(tmp_path: Path) -> None:
    argv = write(tmp_path, "groups: 3\nk: 5\n")
    assert with_config([*argv, "--groups=4", "-k", "7"]) == [*argv, "--groups=4", "-k", "7"]


def test_an_equals_sign_names_the_file_too(tmp_path: Path) -> None:
    write(tmp_path, "seed: 3")
    assert with_config(["demo", f"--config={tmp_path / 'a.yaml'}"])[-1] == "--seed=3"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("groups: [1, 2]", "groups is .1, 2., but must be one value"),
        ("- 3", "must hold `option: value` lines"),
        ("1: 3", "must hold `option: value` lines"),
        ("a: !!python/object/apply:os.system [ls]", "cannot be read as YAML"),
    ],
)
def test_anything_but_plain_options_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        with_config(write(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.yaml: there is no such file"):
        with_config(["demo", "--config", str(tmp_path / "none.yaml")])
