"""Images that come later take their places, and no other moves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from support.edits import GROUPS, PATHS, groups_csv, make_grouped_workspace
from unpool.actions.grouping.group import _read_complete_map, map_images
from unpool.actions.grouping.growth import VALUES, Grown, grow, refresh_group_files
from unpool.actions.grouping.settings import MapSettings
from unpool.actions.sharing.levels import Levels, write_levels
from unpool.store.state import read_state, write_state
from unpool.store.table import ImageTable

OTHERS = [*PATHS, "broken.png"]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Twelve images with groups and places; the place tells the angle of the vector."""
    work = make_grouped_workspace(tmp_path / "w.unpool")
    table = ImageTable(work)
    _, vectors_ND = table.vectors()
    angle_N = np.degrees(np.arctan2(vectors_ND[:, 1], vectors_ND[:, 0]))
    table.update(PATHS, {"x": angle_N, "y": -angle_N / 3, "outlier_score": [0.001] * 12})
    return work


def add(work: Path, path: str, degrees: float, digest: str = "") -> None:
    angle = np.radians(degrees)
    row = {"path": path, "status": "ok", "id": digest or f"id-{path}"}
    ImageTable(work).upsert([row | {"vector": [float(np.cos(angle)), float(np.sin(angle))]}])


def frame(work: Path) -> pd.DataFrame:
    return ImageTable(work).frame().set_index("path")


def row(work: Path, path: str) -> dict[str, Any]:
    return {name: value for name, value in frame(work).loc[path].items() if name in VALUES}


def test_new_images_join_by_their_neighbours_and_no_other_row_changes(work: Path) -> None:
    before = frame(work)
    version = ImageTable(work).version
    add(work, "a/new.png", 2)
    add(work, "zz/new.png", 91)
    assert grow(work, version) == Grown(2, 0)
    after = frame(work)
    pd.testing.assert_frame_equal(after.loc[OTHERS], before.loc[OTHERS], check_exact=True)
    assert after.loc[["a/new.png", "zz/new.png"], "group"].tolist() == [0, 3]
    assert abs(after.loc["a/new.png", "x"] - 2) < 3
    assert abs(after.loc["zz/new.png", "x"] - 91) < 6
    new = after.loc["a/new.png"]
    assert 0.2 < new["probability"] <= 1
    assert new["outlier_score"] == new["joined_distance"] > 0
    assert grow(work, version) == Grown(0, 0)


def test_a_copy_lies_where_the_original_does(work: Path) -> None:
    version = ImageTable(work).version
    add(work, "copy.png", 0, digest="id-00.png")  # whose bytes are known
    add(work, "twin.png", float(frame(work).loc["06.png", "x"]))  # whose vector is the same
    assert grow(work, version) == Grown(1, 1)
    copy, original = row(work, "copy.png"), row(work, "00.png")
    assert all(pd.isna(copy[name]) or copy[name] == original[name] for name in VALUES)
    assert row(work, "twin.png")["x"] == pytest.approx(row(work, "06.png")["x"], abs=1e-3)
    assert row(work, "twin.png")["group"] == 1


def test_an_image_that_comes_back_gets_place_and_group_back(work: Path) -> None:
    table = ImageTable(work)
    table.update(["01.png"], {"group": [3], "probability": [1.0]})  # moved there by hand
    version, before = table.version, row(work, "01.png")
    table.delete(["01.png"])
    add(work, "else/where.png", 0, digest="id-01.png")
    assert grow(work, version) == Grown(0, 1)
    after = row(work, "else/where.png")
    assert {name: after[name] for name in ("group", "x", "y")} == {
        name: before[name] for name in ("group", "x", "y")
    }


def test_only_what_is_missing_is_filled_in(work: Path) -> None:
    add(work, "new.png", 30)
    ImageTable(work).update(["new.png"], {"x": [77.0], "y": [88.0]})  # `unpool map` came between
    assert grow(work, None) == Grown(1, 0)
    assert {name: row(work, "new.png")[name] for name in ("x", "y", "group")} == {
        "x": 77,
        "y": 88,
        "group": 1,
    }


def test_what_is_in_no_group_has_a_place_and_no_vote(work: Path) -> None:
    ImageTable(work).update(PATHS[:5], {"group": [-1] * 5})
    add(work, "new.png", 1)
    grow(work, None)
    assert row(work, "new.png")["group"] == 1
    assert row(work, "new.png")["x"] < 5


def test_without_map_or_groups_there_is_nothing_to_join(tmp_path: Path, work: Path) -> None:
    assert grow(make_grouped_workspace(tmp_path / "unmapped.unpool"), None) is None
    ImageTable(work).update(PATHS, {"group": [-1] * 12})
    assert grow(work, None) is None
    ImageTable.create(tmp_path / "empty.unpool")
    assert grow(tmp_path / "empty.unpool", None) is None


def test_a_new_image_has_the_leaf_of_its_nearest_in_the_group(work: Path) -> None:
    leaves = [0, 0, 0, 3, 3, 1, 1, 1, 1, 2, 2, None]  # group 0 has two leaves, 3 the smaller one
    ImageTable(work).update(PATHS, {"leaf": leaves})
    write_levels(work, Levels([[0, 3], [1, 2], [4, 5]], [3, 4, 2, 2], [1.0] * 3, [0.0] * 3, 3, 3))
    x = frame(work)["x"]
    add(work, "small.png", float(x["04.png"]))
    add(work, "large.png", float(x["00.png"]))
    grow(work, None)
    assert [row(work, name)["leaf"] for name in ("small.png", "large.png")] == [3, 0]
    ImageTable(work).update(PATHS[:5], {"leaf": [None] * 5})  # a group made by hand has none
    add(work, "hand.png", 0.1)
    ImageTable(work).update(["small.png", "large.png"], {"leaf": [None] * 2, "group": [7, 7]})
    ImageTable(work).update(PATHS[:5], {"group": [7] * 5})
    grow(work, None)
    assert pd.isna(row(work, "hand.png")["leaf"])


def test_a_map_with_images_placed_on_it_is_no_map_to_find_groups_on(work: Path) -> None:
    ImageTable(work).update(["11.png"], {"group": [3]})
    write_state(work, map={"method": "tsne", "seed": 0})
    assert _read_complete_map(ImageTable(work), PATHS) is not None
    add(work, "new.png", 1)
    grow(work, None)
    assert _read_complete_map(ImageTable(work), [*PATHS, "new.png"]) is None
    assert read_state(work)["map"] == {"method": "tsne", "seed": 0, "placed": True}
    map_images(work, MapSettings(method="tsne"), refresh=False)
    assert _read_complete_map(ImageTable(work), [*PATHS, "new.png"]) is not None


def test_files_of_the_groups_follow_without_being_computed_anew(work: Path) -> None:
    entry = {"purity": 0.5, "typical": ["00.png", "gone.png", "05.png"], "odd": ["01.png"]}
    (work / "report").mkdir()
    file = work / "report" / "groups.json"
    described = [{"group": number, "images": 99, "confidence": 0, **entry} for number in (0, 1, 2)]
    file.write_text(json.dumps({"groups": described, "hierarchy": [[0, 1, 0.5, 2]]}))
    add(work, "new.png", 1)
    grow(work, None)
    assert refresh_group_files(work) == [6, 4, 2]
    stored = json.loads(file.read_text())
    assert stored["hierarchy"] == [[0, 1, 0.5, 2]]
    assert [(each["group"], each["images"], each["typical"]) for each in stored["groups"]] == [
        (0, 6, ["00.png"]), (1, 4, ["05.png"]),
    ]  # fmt: skip
    assert stored["groups"][1]["confidence"] == 0.5
    assert groups_csv(work)["new.png"] == "0"
    assert len(groups_csv(work)) == len(GROUPS) + 1
