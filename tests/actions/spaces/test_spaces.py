"""Spaces are listed with what they take, and one goes without a trace while all else stays."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from PIL import Image

import unpool.actions.spaces.spaces as spaces_module
from unpool import Workspace
from unpool.actions.spaces.spaces import list_spaces, remove_space
from unpool.errors import UnpoolError, UsageError
from unpool.networks.encoders.functions import allow_copy
from unpool.store.lance_rows import open_whole
from unpool.store.lock import WorkingError, working
from unpool.store.spaces.paths import spaces_of
from unpool.viewer.server import create_app


def mean_colour(images: list[np.ndarray]) -> np.ndarray:
    return np.stack([image.mean((0, 1)) for image in images]).astype(np.float32)


def spread_of_colour(images: list[np.ndarray]) -> np.ndarray:
    return np.stack([[*image.std((0, 1)), image.mean()] for image in images]).astype(np.float32)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve images with own vectors, and the spaces `look` (with groups) and `third`; copied before use."""
    root = tmp_path_factory.mktemp("spaces")
    folder, work = root / "images", root / "w.unpool"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(12):
        pixels_HWC = rng.integers(0, 60 + 15 * number, (16, 16, 3)).astype(np.uint8)
        Image.fromarray(pixels_HWC).save(folder / f"{number:02}.png")
    Workspace(work, folder).embed(model=mean_colour)
    for space in ("look", "third"):
        Workspace(work, folder, space=space).embed(model=spread_of_colour)
    Workspace(work).group(groups=3, method="kmeans")
    Workspace(work, space="look").group(groups=2, method="kmeans")
    return root


@pytest.fixture
def work(made: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    for state in (tmp_path / "w.unpool").rglob("unpool.yaml"):
        state.write_text(state.read_text("utf-8").replace(str(made), str(tmp_path)), "utf-8")
    for model in (made / "w.unpool").rglob("model.json"):
        allow_copy(model.parent, tmp_path / model.parent.relative_to(made))
    return tmp_path / "w.unpool"


def columns_of(work: Path, space: str) -> list[str]:
    return [name for name in open_whole(work).schema.names if name.startswith(f"{space}@")]


def test_each_is_listed_with_what_it_takes(work: Path) -> None:
    found = list_spaces(work)["spaces"]
    assert [each["name"] for each in found] == [None, "look", "third"]
    assert [each["dimension"] for each in found] == [3, 4, 4]
    assert [(each["images"], each["missing"]) for each in found] == [(12, 0)] * 3
    look, third = found[1:]
    assert (
        look["bytes"]
        > third["bytes"]
        > sum(file.stat().st_size for file in (work / "spaces" / "third").rglob("*") if file.is_file())
    )
    frame = Workspace(work, space="look").spaces()
    assert frame["name"].tolist() == [None, "look", "third"]
    assert frame["bytes"].tolist() == [each["bytes"] for each in found]


def test_all_else_stays(work: Path) -> None:
    workspace, third = Workspace(work), Workspace(work, space="third")
    workspace.label(["00.png", "01.png"], "dark")
    before = [each.table() for each in (workspace, third)]
    freed = workspace.remove_space("look")
    assert freed > 0
    assert (spaces_of(work), columns_of(work, "look")) == (["third"], [])
    for each, table in zip((workspace, third), before, strict=True):
        pd.testing.assert_frame_equal(each.table(), table)
    assert workspace.search("03.png", k=2)["path"][0] == "03.png"
    assert third.search("03.png", k=2)["path"][0] == "03.png"
    assert workspace.doctor().empty
    with pytest.raises(UsageError, match="there are third"):
        Workspace(work, space="look").search("03.png")
    workspace.remove_space("third")
    assert not (work / "spaces").exists()


def test_edits_by_hand_can_still_be_undone_and_nothing_brings_the_space_back(work: Path) -> None:
    workspace, look = Workspace(work), Workspace(work, space="look")
    workspace.label("00.png", "dark")
    look.move("01.png", 1 - int(look.table().set_index("path")["group"]["01.png"]))
    workspace.label("02.png", "light")
    workspace.undo()
    workspace.remove_space("look")
    with pytest.raises(UnpoolError, match="nothing"):
        workspace.redo()
    assert "dark" in workspace.undo()
    assert workspace.table(["label"])["label"].isna().all()
    with pytest.raises(UnpoolError, match="nothing"):
        workspace.undo()
    assert columns_of(work, "look") == []


def test_a_space_of_the_same_name_begins_anew(work: Path) -> None:
    remove_space(work, "look")
    look = Workspace(work, work.parent / "images", space="look")
    look.embed(model=mean_colour)
    assert look.table(["group"])["group"].isna().all()
    assert list_spaces(work)["spaces"][1]["dimension"] == 3


@pytest.mark.parametrize("name", ["lok", "", "a b"])
def test_what_is_no_space_is_not_removed(work: Path, name: str) -> None:
    before = open_whole(work).version
    with pytest.raises(UsageError):
        remove_space(work, name)
    assert (open_whole(work).version, spaces_of(work)) == (before, ["look", "third"])


def test_what_was_removed_in_part_can_be_removed_again(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(folder: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(spaces_module, "drop_space", die)
    with pytest.raises(KeyboardInterrupt):
        remove_space(work, "look")
    monkeypatch.undo()
    assert list_spaces(work)["spaces"][1]["images"] == 12
    monkeypatch.setattr(spaces_module.shutil, "rmtree", die)
    with pytest.raises(KeyboardInterrupt):
        remove_space(work, "look")
    monkeypatch.undo()
    assert (spaces_of(work), columns_of(work, "look")) == (["third"], [])
    Workspace(work, work.parent / "images").embed()
    assert [path.name for path in (work / "spaces").iterdir()] == ["third"]


def test_nobody_else_works_there(work: Path) -> None:
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with working(work, "unpool group", "results"):
            held.set()
            done.wait(20)

    other = threading.Thread(target=hold)
    other.start()
    held.wait(20)
    try:
        with pytest.raises(WorkingError, match="unpool group"):
            remove_space(work, "look")
    finally:
        done.set()
        other.join()
    assert spaces_of(work) == ["look", "third"]


def test_the_page_that_shows_it_says_so_and_goes_on_with_another(work: Path) -> None:
    with TestClient(
        create_app(work, token="t"), base_url="http://127.0.0.1", headers={"x-unpool-token": "t"},
        raise_server_exceptions=False,
    ) as client:  # fmt: skip
        assert client.post("/api/space", json={"space": "look"}).json()["space"] == "look"
        remove_space(work, "look")
        gone = client.get("/api/collection")
        assert (gone.status_code, "no space 'look'" in gone.text) == (422, True)
        shown = client.post("/api/space", json={"space": None}).json()
        assert (shown["space"], shown["spaces"], len(shown["groups"])) == (None, ["third"], 3)
