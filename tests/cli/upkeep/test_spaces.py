"""`unpool spaces` lists and removes, and says what is gone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from support.commands import run
from unpool.store.spaces.paths import space_folder
from unpool.store.table import ImageTable


@pytest.fixture
def work(tmp_path: Path) -> Path:
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([{"path": f"{number}.png", "status": "ok", "id": str(number)} for number in range(4)])
    (space_folder(table.work, "look")).mkdir(parents=True)
    space = ImageTable(space_folder(table.work, "look"))
    space.reset_vectors(2)
    space.update(["0.png", "1.png", "2.png"], {"vector": np.ones((3, 2), np.float32)})
    return table.work


def test_spaces_are_listed_one_a_line(work: Path) -> None:
    lines = run(["spaces", "--work", str(work)])["out"].splitlines()
    assert [line.split("MB")[1].strip() for line in lines] == [
        "(own vectors): no vectors", "look: 3 images by 2 numbers, 1 without",
    ]  # fmt: skip
    listed = json.loads(run(["spaces", "--work", str(work), "--json"])["out"])["spaces"]
    assert [each["name"] for each in listed] == [None, "look"]
    assert set(listed[1]) == {"name", "network", "dimension", "images", "missing", "bytes"}


def test_a_space_is_removed_and_that_is_said(work: Path) -> None:
    done = run(["spaces", "--work", str(work), "--remove", "look"])
    assert (done["code"], "the space look is removed" in done["out"]) == (0, True)
    assert not (work / "spaces").exists()
    done = run(["spaces", "--work", str(work), "--remove", "look", "--json"])
    assert (done["code"], "there are none yet" in done["err"]) == (2, True)


def test_no_workspace_is_one_line(tmp_path: Path) -> None:
    done = run(["spaces", "--work", str(tmp_path / "none")])
    assert done["code"] == 1
    assert len(done["err"].strip().splitlines()) == 1
    assert not (tmp_path / "none").exists()
