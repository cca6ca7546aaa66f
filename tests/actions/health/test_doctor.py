"""`unpool doctor` from end to end."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from support.sick import examine
from support.states import IMAGES, MODEL
from unpool import Workspace
from unpool.actions.embedding.embed import embed
from unpool.actions.embedding.settings import EmbedSettings
from unpool.actions.health.doctor import doctor
from unpool.errors import UnpoolError
from unpool.store.lock import working
from unpool.store.table import ImageTable


def test_nothing_is_wrong_with_a_workspace_that_commands_made(sick: Path) -> None:
    files = {path: path.read_bytes() for path in sick.rglob("*") if path.is_file()}
    assert doctor(sick) == {"work": str(sick), "problems": [], "repaired": 0, "left": 0, "damaged": None}
    assert {path: path.read_bytes() for path in sick.rglob("*") if path.is_file()} == files


def test_a_table_that_lost_its_newest_file_is_whole_again_and_a_run_completes_it(sick: Path) -> None:
    before = ImageTable(sick).frame()
    data = sick / "images.lance" / "data"
    known = set(data.iterdir())
    (sick.parent / IMAGES / "a" / "new.png").write_bytes((sick.parent / IMAGES / "a" / "0.png").read_bytes())
    settings = EmbedSettings(model=str(sick.parent / MODEL))
    embed(str(sick.parent / IMAGES), settings, work=sick)
    for file in set(data.iterdir()) - known:
        file.unlink()
    with pytest.raises(UnpoolError, match=r"its file data/.* is missing; `unpool doctor --work"):
        ImageTable(sick)
    found = doctor(sick)
    assert found["left"] == 0
    assert any("a/new.png" in each["remedy"] for each in found["problems"])
    after = ImageTable(sick).frame()
    assert after["path"].tolist() == before["path"].tolist()
    assert after["label"].tolist() == before["label"].tolist()
    embed(str(sick.parent / IMAGES), settings, work=sick)
    assert len(ImageTable(sick)) == len(before) + 1
    assert examine(sick) == []


def test_a_workspace_of_a_newer_version_is_not_touched(sick: Path) -> None:
    file = sick / "unpool.yaml"
    file.write_text(file.read_text("utf-8").replace("format: 1", "format: 2"), "utf-8")
    (sick / "groups.csv").unlink()
    assert examine(sick) == [("version", False)]
    assert not (sick / "groups.csv").exists()


def test_a_folder_that_is_no_workspace_and_one_that_is_in_use(sick: Path, tmp_path: Path) -> None:
    with pytest.raises(UnpoolError, match="no workspace at"):
        doctor(tmp_path)
    shutil.copy(sick / "unpool.yaml", tmp_path)
    with working(sick, "unpool run"):
        assert examine(sick) == [], "the same thread may enter again"
    assert json.dumps(doctor(sick))


def test_python_gets_the_same(sick: Path) -> None:
    assert Workspace(sick).doctor().empty
    (sick / "groups.csv").unlink()
    found = Workspace(sick).doctor()
    assert found[["kind", "where", "repaired"]].to_numpy().tolist() == [["list", "groups.csv", True]]
