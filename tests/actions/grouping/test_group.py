"""Grouping and mapping write what they find, and the report follows every change of the groups."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from unpool.actions.curation import edit
from unpool.actions.grouping import group as group_module
from unpool.actions.grouping import group_files
from unpool.actions.grouping.group import evaluate, group, map_images
from unpool.actions.grouping.group_files import rewrite_group_files
from unpool.actions.grouping.settings import EvaluateSettings, GroupSettings, MapSettings
from unpool.actions.sharing.quality import quality
from unpool.errors import UnpoolError, UsageError
from unpool.store.state import read_state
from unpool.store.table import ImageTable

PATHS = [f"{kind}/{i:02}.png" for kind in "abc" for i in range(8)]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([{"path": path, "status": "ok"} for path in PATHS])
    table.reset_vectors(3)
    rng = np.random.default_rng(0)
    vectors = np.repeat(np.eye(3), 8, axis=0) + rng.normal(0, 0.05, (24, 3))
    table.update(PATHS, {"vector": vectors.astype(np.float32)})
    return table.work


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    written: list[Path] = []
    for module in (group_module, group_files):
        monkeypatch.setattr(module, "refresh_report", lambda work, progress: written.append(work))
    return written


def test_groups_are_found_and_the_report_follows(work: Path, reports: list[Path]) -> None:
    result = group(work, GroupSettings("kmeans", 3))
    assert (result["groups"], result["sizes"], result["noise"]) == (3, [8, 8, 8], 0)
    found = ImageTable(work).frame().set_index("path").loc[PATHS, "group"].to_numpy()
    assert len(set(found[:8])) == len(set(found[8:16])) == len(set(found[16:])) == 1
    assert read_state(work)["group"] == {"method": "kmeans", "groups": 3, "seed": 0, "source": "requested"}
    assert reports == [work]
    group(work, GroupSettings("kmeans", 3), refresh=False)
    assert reports == [work]


def test_groups_are_merged_and_split(work: Path, reports: list[Path]) -> None:
    group(work, GroupSettings("kmeans", 3))
    assert group(work, GroupSettings(merge=2))["sizes"] == [16, 8]
    assert group(work, GroupSettings(split=0))["groups"] == 3
    assert len(reports) == 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (GroupSettings(merge=2, groups=3), "leave --method and --groups out"),
        (GroupSettings(merge=2, split=0), "give one at a time"),
        (GroupSettings(method="kmean"), "did you mean 'kmeans'"),
        (GroupSettings(seed=-1), "--seed is -1"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(
    work: Path, settings: GroupSettings, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        group(work, settings)


def test_a_map_places_every_image(work: Path, reports: list[Path]) -> None:
    result = map_images(work, MapSettings("pca"))
    assert (result["method"], result["images"]) == ("pca", 24)
    assert 0.5 < result["trustworthiness"] <= 1
    assert ImageTable(work).frame()[["x", "y"]].notna().all(axis=None)
    assert reports == [work]


def test_groups_are_measured_against_folders(work: Path, reports: list[Path]) -> None:
    with pytest.raises(UnpoolError, match=r"24 images of .* are in no group; run `unpool group"):
        evaluate(work)
    group(work, GroupSettings("kmeans", 3), refresh=False)
    figures = evaluate(work, EvaluateSettings("folders"))
    assert figures["accuracy"] == figures["nmi"] == 1
    assert json.loads((work / "report" / "quality.json").read_text())["accuracy"] == 1
    assert reports == [work]
    assert (figures["labelled"], figures["unlabelled"], figures["labels"]["classes"]) == (24, 0, 3)
    facts = quality(work, lambda name: None)["facts"]
    assert {"name": "Images with a class", "value": "24 of 24"} in facts
    without = evaluate(work)
    assert (without["accuracy"], without["labelled"]) == (None, None)
    assert map_images(work, MapSettings("pca", "folders:1"))["labelled"] == 24


def test_edits_by_hand_rewrite_the_files_of_the_groups(work: Path, reports: list[Path]) -> None:
    group(work, GroupSettings("kmeans", 3), refresh=False)
    evaluate(work, refresh=False)
    rewrite_group_files(work)
    assert reports == []  # there is no report to rewrite
    (work / "report" / "index.html").write_text("old")
    edit.merge(work, [0, 2])
    assert reports == [work]
    groups = json.loads((work / "report" / "groups.json").read_text())["groups"]
    assert {row["group"]: row["images"] for row in groups} == {0: 16, 1: 8}
    assert not (work / "report" / "quality.json").exists()
    edit.undo(work)
    assert len(json.loads((work / "report" / "groups.json").read_text())["groups"]) == 3
    edit.label(work, PATHS[:2], "x")
    edit.move(work, PATHS[:1], 1, refresh=False)
    assert len(reports) == 2
