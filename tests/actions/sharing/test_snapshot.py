"""A snapshot holds what the table holds of usable images, and derives groups, folders and labels from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unpool.actions.grouping.drift import read_drift
from unpool.actions.sharing.snapshot import Snapshot
from unpool.errors import UnpoolError
from unpool.report.items import UNGROUPED
from unpool.store.state import write_state
from unpool.store.table import ImageTable


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Eight usable images in two groups, noise and none, and a skipped one."""
    table = ImageTable.create(tmp_path / "w.unpool")
    groups = [0, 0, 0, 1, 1, -1, None, 0]
    table.upsert([
        {
            "path": f"{'in/' if i < 4 else ''}{i}.png", "status": "ok", "width": 10 * i + 10, "group": group,
            "probability": None if group is None else 0.9 - i / 10, "x": float(i), "y": 0.0, "modified": 0.0,
            "label": "owl" if i in (0, 1) else None, "wrong": True if i == 5 else None,
            "duplicate_of": "in/0.png" if i == 4 else None, "outlier_score": 1 / 3 if i == 2 else None,
        }
        for i, group in enumerate(groups)
    ])  # fmt: skip
    table.upsert([{"path": "broken.png", "status": "skipped"}])
    write_state(table.work, images="/photos/birds")
    return table.work


def test_arrays_are_those_of_the_table(work: Path) -> None:
    seen = Snapshot(work)
    assert seen.some_paths(range(len(seen))) == [
        "4.png", "5.png", "6.png", "7.png", "in/0.png", "in/1.png", "in/2.png", "in/3.png",
    ]  # fmt: skip
    assert seen.group_N.tolist() == [1, -1, UNGROUPED, 0, 0, 0, 0, 1]
    assert seen.measures["width"].tolist() == [50, 60, 70, 80, 10, 20, 30, 40]
    assert np.isnan(seen.measures["outlier_score"]).sum() == 7
    assert seen.names["label"][0] == ["owl"]
    assert [seen.name_of("label", row) for row in (3, 4)] == [None, "owl"]
    assert seen.original_N.tolist() == [4, -1, -1, -1, -1, -1, -1, -1]
    assert (seen.skipped, seen.name) == (1, "birds")


def test_a_group_has_the_label_of_most_of_its_images(work: Path) -> None:
    groups = {group["group"]: group for group in Snapshot(work).groups()}
    assert list(groups) == [0, 1, -1]
    assert groups[0]["name"] != "owl"  # two of four are not most
    ImageTable(work).update(["in/2.png"], {"label": ["owl"]})
    groups = {group["group"]: group for group in Snapshot(work).groups()}
    assert (groups[0]["name"], groups[0]["count"]) == ("owl", 4)
    assert groups[-1]["middle"] is None
    assert groups[0]["middle"] in (4, 5, 6)


def test_labels_have_colours_that_no_group_has(work: Path) -> None:
    seen = Snapshot(work)
    labels, groups = seen.labels(), seen.groups()
    assert [(label["name"], label["count"]) for label in labels] == [("owl", 2)]
    assert not {label["colour"] for label in labels} & {group["colour"] for group in groups}


def test_folders_are_counted_with_what_is_inside(work: Path) -> None:
    assert Snapshot(work).count_folders() == [{"name": "", "count": 4}, {"name": "in", "count": 4}]
    assert Snapshot(work).count_folders(limit=0) == []


def test_columns_without_a_value_are_not_known(work: Path) -> None:
    known = Snapshot(work).known_columns()
    assert {"path", "group", "probability", "label", "width", "outlier_score"} <= set(known)
    assert not {"modified", "suggestion", "suggestion_confidence", "sharpness"} & set(
        known
    )  # a date of 0 is none


def test_problems_are_rows_by_kind(work: Path) -> None:
    rows, is_checked = Snapshot(work).find_problems()
    assert not is_checked
    assert rows["wrong"].tolist() == [1]
    assert rows["suggested"].tolist() == rows["dark"].tolist() == []


def test_a_suggestion_for_a_labelled_image_waits_for_nothing(work: Path) -> None:
    ImageTable(work).update(["4.png", "in/0.png"], {"suggestion": ["owl", "crow"]})  # the second is labelled
    assert Snapshot(work).find_problems()[0]["suggested"].tolist() == [0]


def test_shared_values_are_those_of_shared_columns(work: Path) -> None:
    values = Snapshot(work).shared_values()
    assert set(values) == {"path", "width", "height", "probability", "outlier_score", "label"}
    assert values["width"][:2] == [50, 60]
    assert values["outlier_score"] == [None] * 6 + [0.3333, None]
    assert values["label"][4:6] == ["owl", "owl"]


def test_some_images_only(work: Path) -> None:
    seen = Snapshot(work, ["in/3.png", "5.png", "none.png"])
    assert seen.some_paths([0, 1]) == ["5.png", "in/3.png"]
    assert len(seen) == 2


def test_its_drift_is_that_of_the_table(work: Path) -> None:
    assert Snapshot(work).drift == read_drift(work) == (7, 0, 0, 0.0)
    ImageTable(work).update(["in/0.png", "7.png", "6.png"], {"joined_distance": [0.5, 0.2, 0.9]})
    assert Snapshot(work).drift == read_drift(work) == (7, 2, 1, 0.2857), "6.png is in no group"


def test_the_first_images_stand_for_their_groups(work: Path) -> None:
    priority_N = Snapshot(work).priority_N
    assert sorted(priority_N.tolist()) == list(range(8))
    assert set(np.argsort(priority_N)[:2]) <= {4, 7, 0, 3}
    assert set(np.argsort(priority_N)[-2:]) == {1, 2}  # noise, and no group


def test_points_are_within_one_square(work: Path) -> None:
    places_N2 = Snapshot(work).places_N2
    assert (places_N2.min(), places_N2.max()) == (-1, 1)
    assert (places_N2[:, 1] == 0).all()


def test_no_workspace(tmp_path: Path) -> None:
    with pytest.raises(UnpoolError, match="no workspace at"):
        Snapshot(tmp_path / "none")
