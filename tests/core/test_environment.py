"""Accounts without a name, without a home folder, or with one that cannot be written to."""

from __future__ import annotations

import getpass
import os
from pathlib import Path

import pytest

from unpool.core import environment
from unpool.core.environment import (
    COMPUTED,
    FETCHED,
    NAME_VARIABLES,
    can_write_below,
    check_current_folder,
    prepare_account,
    user_folder,
    variables_of_another_python,
)
from unpool.errors import UnpoolError

VARIABLES = (*COMPUTED, *FETCHED)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An account whose folders are all below `tmp_path`; changes of the environment end with the test."""
    monkeypatch.setattr(os, "environ", {**os.environ})
    for name in (*VARIABLES, "XDG_CONFIG_HOME"):
        os.environ.pop(name, None)
    os.environ["UNPOOL_CACHE"] = str(tmp_path / "cache")
    return tmp_path / "cache" / "libraries"


def set_home(monkeypatch: pytest.MonkeyPatch, home: Path | None) -> None:
    def find() -> Path:
        if home is None:
            raise RuntimeError("Could not determine home directory.")
        return home

    monkeypatch.setattr(Path, "home", find)


def test_a_usable_home_changes_nothing(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_home(monkeypatch, tmp_path)
    before = dict(os.environ)
    prepare_account()
    assert os.environ == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("home", [None, Path("~"), Path("/dev/null/home")])
def test_without_a_home_libraries_get_folders(
    home: Path | None, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_home(monkeypatch, home)
    os.environ["NUMBA_CACHE_DIR"] = ""
    prepare_account()
    assert {os.environ[name] for name in COMPUTED} == {str(cache / folder) for folder in COMPUTED.values()}
    assert os.environ["HF_HOME"] == str(cache / "huggingface")
    assert os.environ["XDG_CACHE_HOME"] == str(cache)
    assert all(Path(os.environ[name]).is_dir() for name in VARIABLES)


def test_weights_in_a_home_that_cannot_be_written_to_are_still_found(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home" / ".cache" / "torch").mkdir(parents=True)
    set_home(monkeypatch, tmp_path / "home")
    real = can_write_below
    monkeypatch.setattr(environment, "can_write_below", lambda path: "home" not in path.parts and real(path))
    prepare_account()
    assert os.environ["MPLCONFIGDIR"] == str(cache / "matplotlib")
    assert "TORCH_HOME" not in os.environ
    assert "XDG_CACHE_HOME" not in os.environ
    assert os.environ["HF_HOME"] == str(cache / "huggingface")


def test_what_the_user_set_stays_where_it_can_be_used(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_home(monkeypatch, None)
    os.environ |= {
        "MPLCONFIGDIR": "/dev/null/mpl",
        "NUMBA_CACHE_DIR": str(tmp_path),
        "HF_HOME": "/dev/null/hf",
    }
    prepare_account()
    assert os.environ["MPLCONFIGDIR"] == str(cache / "matplotlib")
    assert os.environ["NUMBA_CACHE_DIR"] == str(tmp_path)
    assert os.environ["HF_HOME"] == "/dev/null/hf"  # it may hold weights, though nothing can be added


def test_an_account_without_a_name_gets_one(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAME_VARIABLES:
        os.environ.pop(name, None)

    def fail() -> str:
        raise KeyError("getpwuid(): uid not found: 54321")

    monkeypatch.setattr(getpass, "getuser", fail)
    prepare_account()
    assert os.environ["USER"].startswith("user-")


def test_no_room_anywhere_is_no_error(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> Path:
        raise FileNotFoundError("no usable temporary directory")

    set_home(monkeypatch, None)
    monkeypatch.setattr(environment, "cache_folder", fail)
    prepare_account()
    assert "MPLCONFIGDIR" not in os.environ
    assert user_folder() is None


def test_a_folder_is_asked_about_but_not_made(tmp_path: Path) -> None:
    assert can_write_below(tmp_path / "a" / "b")
    (tmp_path / "file").touch()
    assert not can_write_below(tmp_path / "file" / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_current_folder_that_was_removed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_current_folder()
    monkeypatch.setattr(Path, "cwd", lambda: tmp_path / "removed")
    with pytest.raises(UnpoolError, match="the current folder has been removed; change to another"):
        check_current_folder()


def test_another_python_finds_unpool_as_this_one_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    place = tmp_path / "src" / "unpool" / "core" / "environment.py"
    monkeypatch.setattr(environment, "__file__", str(place))
    found = variables_of_another_python()["PYTHONPATH"].split(os.pathsep)
    assert found == [str(tmp_path.resolve() / "src"), "/elsewhere"]
    installed = tmp_path / "site-packages" / "unpool" / "core" / "environment.py"
    monkeypatch.setattr(environment, "__file__", str(installed))
    assert variables_of_another_python()["PYTHONPATH"] == "/elsewhere"
