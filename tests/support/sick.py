"""A finished workspace of eight images, made once a session, that tests damage."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support import states
from support.states import IMAGES, WORK
from unpool.actions.health.doctor import doctor

Kinds = list[tuple[str, bool]]


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The copy to start from, and where it belongs."""
    base = tmp_path_factory.mktemp("finished")
    place = base / "place"
    place.mkdir()
    states.make_base(place)
    (place / IMAGES / "broken.png").unlink()
    states.embedded(place)
    states.finished(place)
    return Path(shutil.copytree(place, base / "copy")), place


@pytest.fixture
def sick(finished: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The workspace, whole again at its place, in the current folder."""
    copy, place = finished
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(copy, place)
    monkeypatch.chdir(place)
    return place / WORK


def examine(work: Path) -> Kinds:
    """Kind of each problem, and whether it was repaired."""
    return [(each["kind"], each["repaired"]) for each in doctor(work)["problems"]]


def check_is_healed(work: Path, damage: Callable[[Path], object], kinds: set[str]) -> None:
    """What is damaged is found and repaired, and then nothing is wrong."""
    damage(work)
    found = examine(work)
    assert {kind for kind, _ in found} == kinds
    assert all(is_repaired for _, is_repaired in found), doctor(work)
    assert examine(work) == []
