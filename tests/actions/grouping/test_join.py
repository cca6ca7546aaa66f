"""Groups that somebody requested or made stay; new images join them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from support.edits import GROUPS, PATHS, groups_csv, make_grouped_workspace
from support.messages import Messages
from unpool.actions.curation import edit
from unpool.actions.grouping import join
from unpool.actions.grouping.join import groups_to_keep, join_groups
from unpool.actions.sharing.levels import Levels, read_levels, write_levels
from unpool.store.state import write_state
from unpool.store.table import ImageTable


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(join, "describe_groups", lambda *_: None)
    return make_grouped_workspace(tmp_path / "w.unpool")


def add(work: Path, path: str, degrees: float, digest: str = "") -> None:
    angle = np.radians(degrees)
    row = {"path": path, "status": "ok", "id": digest or f"id-{path}"}
    ImageTable(work).upsert([row | {"vector": [float(np.cos(angle)), float(np.sin(angle))]}])


def test_new_images_join_by_their_neighbours_and_others_stay(work: Path) -> None:
    write_state(work, group={"method": "kmeans", "source": "requested"})
    kept = groups_to_keep(work)
    assert kept is not None
    add(work, "new/a.png", 2)
    add(work, "new/b.png", 92)
    messages = Messages()
    result = join_groups(work, kept, messages)
    assert result is not None
    assert (result["groups"], result["method"], result["noise"]) == (3, "kmeans", 1)
    assert sum(result["sizes"]) == 13
    frame = ImageTable(work).frame(["path", "group", "probability"]).set_index("path")
    assert frame.loc[PATHS, "group"].tolist() == GROUPS
    assert frame.loc[["new/a.png", "new/b.png"], "group"].tolist() == [0, 3]
    assert 0.2 < frame.loc["new/b.png", "probability"] <= 1
    assert groups_csv(work)["new/b.png"] == "3"
    assert messages.texts == [
        "2 images joined the 3 groups that there are; --groups auto, or a number, groups all anew"
    ]


def test_an_image_gets_its_group_back_under_another_name_too(work: Path) -> None:
    write_state(work, group={"source": "hand"})
    kept = groups_to_keep(work)
    assert kept is not None
    table = ImageTable(work)
    table.update(["00.png"], {"group": [None]})
    table.delete(["01.png"])
    add(work, "moved.png", 180, digest="id-01.png")  # whatever its vector says
    join_groups(work, kept, Messages())
    frame = ImageTable(work).frame(["path", "group", "probability"]).set_index("path")
    assert frame.loc[["00.png", "moved.png"], "group"].tolist() == [0, 0]
    assert frame.loc["moved.png", "probability"] == pytest.approx(0.5)


def test_groups_that_a_run_found_itself_are_not_kept_until_somebody_changes_them(work: Path) -> None:
    write_state(work, group={"method": "kmeans", "source": "found"})
    assert groups_to_keep(work) is None
    edit.move(work, PATHS[:1], 1)
    assert groups_to_keep(work) is not None


def test_a_workspace_of_an_older_version_says_by_its_last_run(work: Path) -> None:
    assert groups_to_keep(work) is None
    write_state(work, group={"method": "kmeans"}, finished={"asked": {"groups": "auto"}})
    assert groups_to_keep(work) is None
    write_state(work, finished={"asked": {"groups": 4}})
    assert groups_to_keep(work) is not None
    write_state(work, finished=None)  # `unpool group` came after the run
    assert groups_to_keep(work) is not None


def test_without_any_grouped_image_groups_are_found_anew(work: Path) -> None:
    write_state(work, group={"source": "hand"})
    kept = groups_to_keep(work)
    assert kept is not None
    table = ImageTable(work)
    table.update(PATHS, {"group": [None] * 12, "id": [f"other-{path}" for path in PATHS]})
    assert join_groups(work, kept, Messages()) is None
    assert groups_to_keep(work) is None
    assert groups_to_keep(work / "missing") is None


def test_new_images_get_a_leaf_of_their_group_and_move_along_the_tree(work: Path) -> None:
    """Groups 0, 1 and 3 have the leaves 0, 1 and 2; what is in none has no leaf."""
    leaves = [{0: 0, 1: 1, 3: 2}.get(group) for group in GROUPS]
    ImageTable(work).update(
        PATHS, {"leaf": leaves, "group": [-1 if leaf is None else leaf for leaf in leaves]}
    )
    write_state(work, group={"method": "kmeans", "source": "requested"})
    write_levels(work, Levels([[1, 2], [0, 3]], [5, 4, 2], [1.0, 1.0], [0.0, 0.0], 3, 3))
    kept = groups_to_keep(work)
    assert kept is not None
    add(work, "new/a.png", 2)
    add(work, "new/b.png", 92)
    join_groups(work, kept, Messages())
    frame = ImageTable(work).frame(["path", "group", "leaf"]).set_index("path")
    assert frame.loc[["new/a.png", "new/b.png"], "leaf"].tolist() == [0, 2]
    assert frame.loc[PATHS[-1], "group"] == -1
    assert frame["leaf"].isna().sum() == 2, "the image in no group, and the skipped one"
    edit.move_along(work, 2, refresh=False)
    frame = ImageTable(work).frame(["path", "group"]).set_index("path")
    assert frame.loc[["new/a.png", "new/b.png"], "group"].tolist() == [1, 0]


def test_where_no_leaf_is_left_the_tree_is_forgotten(work: Path) -> None:
    write_state(work, group={"method": "kmeans", "source": "requested"})
    write_levels(work, Levels([[0, 1]], [5, 4], [1.0], [0.0], 2, 2))
    kept = groups_to_keep(work)
    assert kept is not None
    join_groups(work, kept, Messages())
    assert read_levels(work) is None
