"""The report: pictures, and the viewer's page in one file, of a stored workspace with a trained network."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from unpool.actions.sharing.quality import PICTURES
from unpool.actions.sharing.report import PAGE, columns_of_pictures, refresh_report, write_report
from unpool.core.progress import Progress
from unpool.report.items import Items
from unpool.store.state import REPORT, write_state
from unpool.store.table import ImageTable

STORED = Path(__file__).parents[2] / "fixtures" / "v0.1.0"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A workspace of twelve shapes and a broken file, embedded by a trained network, mapped, grouped, checked."""
    shutil.copytree(STORED / "images", tmp_path / "images")
    work = Path(shutil.copytree(STORED / "workspace", tmp_path / "w.unpool"))
    write_state(work, images=str(tmp_path / "images"), place=str(tmp_path / "images"))
    return work


def read_page(index: Path) -> dict[str, Any]:
    text = index.read_text("utf-8")
    data = text.split('<script type="application/json" id="unpool-static">')[1].split("</script>")[0]
    found: dict[str, Any] = json.loads(data)
    return found


def test_it_writes_pictures_and_the_page(work: Path) -> None:
    index = write_report(work)
    assert index == work / REPORT / PAGE
    data = read_page(index)
    assert data["collection"]["images"] == ImageTable(work).count("ok")
    assert data["originals"] == "../../images"
    assert [entry["path"] for entry in data["unreadable"]] == ["broken.png"]
    titles = [picture["title"] for picture in data["quality"]["pictures"]]
    for name in ("map.png", "groups.png", "loss.png", "reconstructions.png"):
        assert PICTURES[name].title in titles, name
    assert {"purity", "silhouette"} <= {figure["name"] for figure in data["quality"]["figures"]}
    with Image.open(work / REPORT / "map.png") as picture:
        assert picture.size == (2000, 1600)
    with Image.open(work / REPORT / "reconstructions.png") as picture:
        assert np.asarray(picture).std() > 10


def test_another_folder_gets_its_own_pictures_beside_those_of_the_workspace(
    work: Path, tmp_path: Path
) -> None:
    (work / REPORT / "confusion.png").write_bytes(b"of evaluate")
    index = write_report(work, out=tmp_path / "out")
    assert not (work / REPORT / PAGE).exists()
    assert {"map.png", "groups.png", PAGE} <= {path.name for path in (tmp_path / "out").iterdir()}
    titles = [picture["title"] for picture in read_page(index)["quality"]["pictures"]]
    assert {PICTURES["map.png"].title, PICTURES["confusion.png"].title} <= set(titles)


def test_typical_images_are_those_of_the_vectors(work: Path) -> None:
    """The first of a row is the medoid of its group, whatever the probabilities say."""
    from unpool.actions.sharing.report import _ranks

    group_N = np.array([0, 0, 0, 1, -1])
    angle_N = np.radians([0, 10, 30, 90, 180])
    vectors_ND = np.stack([np.cos(angle_N), np.sin(angle_N)], axis=1)
    assert _ranks(vectors_ND, group_N).tolist() == [1, 0, 2, 0, 5]


def test_only_a_report_that_is_there_is_refreshed(work: Path) -> None:
    refresh_report(work, Progress())
    assert not (work / REPORT / PAGE).exists()
    index = write_report(work)
    table = ImageTable(work)
    table.update(table.frame(["path"], where="status = 'ok'")["path"].tolist()[:1], {"label": ["renamed"]})
    refresh_report(work, Progress())
    assert [label["name"] for label in read_page(index)["collection"]["labels"]].count("renamed") == 1


def test_it_can_be_written_where_the_images_are_gone_and_nothing_was_trained(
    work: Path, tmp_path: Path
) -> None:
    described = json.loads((work / "model" / "model.json").read_text("utf-8"))
    (work / "model" / "model.json").write_text(json.dumps(described | {"training": None}))
    shutil.rmtree(tmp_path / "images")
    index = write_report(work)
    assert index.is_file()
    assert not (work / REPORT / "loss.png").exists()


def test_thumbnails_of_a_large_table_are_read_where_they_are_shown(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same pictures, without the column of all thumbnails."""
    write_report(work)
    before = {name: (work / REPORT / name).read_bytes() for name in ("map.png", "groups.png")}
    monkeypatch.setattr("unpool.actions.sharing.report.MAX_LOADED", 0)
    assert "thumbnail" not in columns_of_pictures(ImageTable(work))
    write_report(work)
    assert {name: (work / REPORT / name).read_bytes() for name in before} == before


def test_pictures_name_groups_in_letters_that_they_have(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = ImageTable(work)
    rows = table.arrow(["path", "group"], where="`group` >= 0")
    names = {0: "苹果", 1: "无此名词"}
    given = [names.get(number, f"kind {number}") for number in rows["group"].to_pylist()]
    table.update(rows["path"].to_pylist(), {"group_name": given})
    drawn: list[dict[int, str]] = []

    def draw(items: Items, level_N: np.ndarray, names: dict[int, str]) -> Image.Image:
        drawn.append(names)
        return Image.new("RGB", (2, 2))

    monkeypatch.setattr("unpool.report.map_picture.draw_map", draw)
    write_report(work, of_model=False)
    numbers = set(rows["group"].to_pylist())
    assert drawn == [{0: "apple"} | {number: f"kind {number}" for number in numbers - {0, 1}}]
