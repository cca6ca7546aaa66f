"""What is written of groups: typical and unusual images, the tree, figures and the table of classes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from support.report_tables import thumbnail
from unpool.actions.grouping.group_files import describe_groups, quality_figures, write_quality
from unpool.actions.sharing.figures import QUALITY, read_figures
from unpool.actions.sharing.quality import CONFUSION, DENDROGRAM, GROUPS
from unpool.store.state import REPORT
from unpool.store.table import ImageTable

PATHS = [f"{row:02}.png" for row in range(12)]
GROUP_N = np.array([0] * 5 + [1] * 4 + [2] * 2 + [-1])
ANGLE_N = np.radians([0, 1, 2, 3, 25, 40, 41, 42, 43, 100, 101, 200])
VECTORS_ND = np.stack([np.cos(ANGLE_N), np.sin(ANGLE_N)], axis=1).astype(np.float32)


@pytest.fixture
def table(tmp_path: Path) -> ImageTable:
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([{"path": path, "status": "ok", "thumbnail": thumbnail(8, 8)} for path in PATHS])
    (table.work / REPORT).mkdir()
    return table


def describe(table: ImageTable, group_N: np.ndarray = GROUP_N) -> None:
    describe_groups(table.work, table, PATHS, VECTORS_ND, group_N, np.linspace(0, 1, 12))


def test_typical_images_are_in_the_middle_and_unusual_ones_at_the_border(table: ImageTable) -> None:
    describe(table)
    found = json.loads((table.work / REPORT / GROUPS).read_text("utf-8"))
    first = found["groups"][0]
    assert (first["group"], first["images"]) == (0, 5)
    assert first["odd"][0] == "04.png"
    assert first["typical"][-1] == "04.png"
    assert first["confidence"] == pytest.approx(np.linspace(0, 1, 12)[:5].mean(), abs=1e-4)
    assert len(found["hierarchy"]) == 2
    assert found["hierarchy"][0][:2] == [0, 1], "the nearest groups are joined first"


def test_the_tree_goes_where_there_is_one_group_only(table: ImageTable) -> None:
    describe(table)
    assert (table.work / REPORT / DENDROGRAM).read_bytes().startswith(b"\x89PNG")
    describe(table, np.zeros(12, int))
    assert not (table.work / REPORT / DENDROGRAM).exists()


def test_figures_of_former_groups_go(table: ImageTable) -> None:
    write_quality(table.work, {"purity": 0.5}, GROUP_N, ["a"] * 6 + ["b"] * 6)
    assert read_figures(table.work) == {"purity": 0.5}
    assert (table.work / REPORT / CONFUSION).is_file()
    describe(table)
    assert not (table.work / REPORT / CONFUSION).exists()
    assert not (table.work / REPORT / QUALITY).exists()


@pytest.mark.parametrize("classes", [None, [None] * 12])
def test_without_classes_there_is_no_table_of_them(table: ImageTable, classes: list | None) -> None:
    write_quality(table.work, {}, GROUP_N, classes)
    assert not (table.work / REPORT / CONFUSION).exists()


def test_figures_of_a_missing_map_are_null(table: ImageTable) -> None:
    figures = quality_figures(table, PATHS, VECTORS_ND, GROUP_N)
    assert figures["map_silhouette"] is figures["trustworthiness"] is None
    assert 0 < figures["purity"] <= 1
    table.update(PATHS, {"x": VECTORS_ND[:, 0], "y": VECTORS_ND[:, 1]})
    figures = quality_figures(table, PATHS, VECTORS_ND, GROUP_N)
    assert figures["map_silhouette"] > 0
    assert figures["trustworthiness"] > 0.9, "the map is the vectors themselves"
    assert quality_figures(table, PATHS, VECTORS_ND, GROUP_N, 0.5)["trustworthiness"] == 0.5
