"""The report as its reader meets it: files that open, a page that runs nothing but its own."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from support.report_tables import HOSTILE, make_table, thumbnail
from unpool.report import page as page_module
from unpool.report import write_report
from unpool.report.page import relative_url


class Tags(HTMLParser):
    """The elements of a page, and the content of its scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.content: dict[str, str] = {}
        self.current: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        kept = tag in {"script", "style", "title"}
        self.current = (dict(attributes).get("id") or tag) if kept else None

    def handle_endtag(self, tag: str) -> None:
        self.current = None

    def handle_data(self, data: str) -> None:
        if self.current:
            self.content[self.current] = self.content.get(self.current, "") + data


def page_of(index: Path) -> tuple[Tags, dict[str, Any], dict[str, str]]:
    tags = Tags(index.read_text(encoding="utf-8"))
    return tags, json.loads(tags.content["data"]), json.loads(tags.content["thumbnails"])


def test_writes_pictures_and_page(tmp_path: Path) -> None:
    pairs = np.zeros((3, 16, 16, 1), dtype=np.uint8), np.full((3, 16, 16, 1), 255, dtype=np.uint8)
    history = [{"epoch": 1, "train_loss": 0.5, "val_loss": 0.6}, {"epoch": 2, "train_loss": float("nan")}]
    facts = {"network": "conv", "silhouette": 0.25, "trustworthiness": None}
    index = write_report(
        tmp_path / "new", make_table(), title="Photos", facts=facts, history=history, reconstructions=pairs
    )
    assert index == tmp_path / "new" / "index.html"
    names = {path.name for path in index.parent.iterdir()}
    assert names == {"map.png", "groups.png", "loss.png", "reconstructions.png", "index.html"}
    with Image.open(index.parent / "map.png") as picture:
        assert picture.size == (2000, 1600)
    with Image.open(index.parent / "reconstructions.png") as picture:
        pixels = np.asarray(picture.convert("L"))
    assert (pixels[100] == 0).sum() == 192, "the first input is black, beside its white output"
    assert (pixels[:, 100] == 0).sum() == 3 * 192
    assert (pixels[:, 30 + 192 + 100] == 0).sum() == 0
    _, data, _ = page_of(index)
    assert data["facts"] == [["network", "conv"], ["silhouette", 0.25], ["trustworthiness", None]]
    assert [figure["title"] for figure in data["figures"]] == ["Training", "Reconstructions"]


def test_data_reach_the_page_unchanged(tmp_path: Path) -> None:
    table = make_table(7, 2, path=HOSTILE, label=[None, "cat", *[None] * 5])
    index = write_report(
        tmp_path, table, title="t", facts={}, problems=[("a\n</table>.jpg", "truncated", "<b>")]
    )
    _, data, thumbnails = page_of(index)
    assert data["path"] == HOSTILE
    assert data["label"] == [None, "cat", None, None, None, None, None]
    assert data["problems"] == [["a\n</table>.jpg", "truncated", "<b>"]]
    assert {int(k): base64.b64decode(v) for k, v in thumbnails.items()} == dict(enumerate(table["thumbnail"]))
    assert [(g["number"], g["count"], sorted(g["members"])) for g in data["groups"]] == [
        (0, 4, [0, 2, 4, 6]),
        (1, 3, [1, 3, 5]),
    ]


def test_hostile_names_add_no_markup(tmp_path: Path) -> None:
    plain = write_report(tmp_path / "plain", make_table(7), title="t", facts={"a": 1})
    hostile = write_report(
        tmp_path / "hostile",
        make_table(7, path=HOSTILE, label=HOSTILE),
        title=HOSTILE[0] + "{{data}}",
        facts={HOSTILE[0]: HOSTILE[1]},
        problems=[(name, name, name) for name in HOSTILE],
    )
    tags, data, _ = page_of(hostile)
    assert tags.elements == page_of(plain)[0].elements
    assert tags.content["title"] == HOSTILE[0] + "{{data}}"
    assert data["title"] == HOSTILE[0] + "{{data}}"


def test_page_loads_nothing_and_runs_only_its_own_script(tmp_path: Path) -> None:
    tags, _, _ = page_of(write_report(tmp_path, make_table(), title="t", facts={}))
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"https?://|@import|url\(|innerHTML|\beval\b", text)
    assert [a for _, a in tags.elements if a.get("src") or str(a.get("href", "#"))[0] not in "#d"] == []
    policy = next(a["content"] or "" for tag, a in tags.elements if tag == "meta" and "http-equiv" in a)
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for kind in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(tags.content[kind].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy


NAN = float("nan")
WIDE, TINY, BROKEN = thumbnail(400, 2), thumbnail(1, 1), b"no image"


@pytest.mark.parametrize(
    "table",
    [
        pytest.param(make_table(0), id="no image"),
        pytest.param(make_table(1, 1), id="one image"),
        pytest.param(make_table(2, 2), id="two images"),
        pytest.param(make_table(x=NAN, y=NAN), id="no map"),
        pytest.param(make_table(2)[["path", "thumbnail"]], id="only what must be there"),
        pytest.param(make_table(3, x=[1, None, 2], y=[1, 1, float("inf")]), id="partly mapped"),
        pytest.param(make_table(group=pd.array([None] * 40, dtype="Int64")), id="no groups"),
        pytest.param(make_table(group=-1), id="only noise"),
        pytest.param(make_table(4, thumbnail=[TINY, WIDE, BROKEN, None]), id="odd thumbnails"),
        pytest.param(make_table(x=3.0, y=-2.0), id="all at one place"),
        pytest.param(make_table(x=3.0), id="all on a line"),
        pytest.param(make_table(40, 1), id="one group"),
        pytest.param(make_table(400, 200), id="many groups"),
        pytest.param(make_table().iloc[10:20], id="an index of its own"),
        pytest.param(make_table(group=2_000_000_000), id="a large group number"),
    ],
)
def test_survives(table: pd.DataFrame, tmp_path: Path) -> None:
    index = write_report(tmp_path, table, title="t", facts={}, history=[{"epoch": 1}])
    _, data, _ = page_of(index)
    assert data["path"] == list(table["path"])
    assert sorted(image for g in data["groups"] for image in g["members"]) == list(range(len(table)))
    for name in ("map.png", "groups.png"):
        with Image.open(tmp_path / name) as picture:
            picture.load()


def test_only_whole_coordinates_are_places(tmp_path: Path) -> None:
    table = make_table(4, x=[1, None, 2, 3], y=[1, 1, float("inf"), 5])
    _, data, _ = page_of(write_report(tmp_path, table, title="t", facts={}))
    assert data["x"] == [0, None, None, 0.5]
    assert data["y"] == [1, None, None, 0], "the picture's y goes down"


def test_groups_show_the_most_typical_first(tmp_path: Path) -> None:
    table = make_table(6, 2, rank=[2, 0, 0, 1, 1, 2])
    _, data, _ = page_of(write_report(tmp_path, table, title="t", facts={}))
    assert [group["members"] for group in data["groups"]] == [[2, 4, 0], [1, 3, 5]]
    table = make_table(6, 2, probability=[0.1, 0.9, 0.9, 0.5, None, 0.6])
    _, data, _ = page_of(write_report(tmp_path, table, title="t", facts={}))
    assert [group["members"] for group in data["groups"]] == [[2, 0, 4], [1, 5, 3]]


def test_without_a_map_the_images_lie_in_rows_by_group(tmp_path: Path) -> None:
    table = make_table(12, 3, x=NAN, y=None)
    _, data, _ = page_of(write_report(tmp_path, table, title="t", facts={}))
    assert data["rowStep"] == pytest.approx(1 / 3)
    map_ordered = sorted(range(12), key=lambda image: (data["y"][image], data["x"][image]))
    assert map_ordered == [image for group in data["groups"] for image in group["members"]]
    _, data, _ = page_of(write_report(tmp_path, make_table(12, 3), title="t", facts={}))
    assert data["rowStep"] is None


def test_large_folders_keep_the_page_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "MAX_BYTES", 150_000)
    monkeypatch.setattr(page_module, "MAX_ITEMS", 300)
    index = write_report(tmp_path, make_table(500, 3), title="t", facts={})
    assert index.stat().st_size < 150_000 + 40_000, "the script and the style come on top"
    _, data, thumbnails = page_of(index)
    assert data["total"] == 500
    assert len(data["path"]) == 300
    assert 36 < len(thumbnails) < 300
    for group in data["groups"]:
        assert all(str(image) in thumbnails for image in group["members"][:12])


def test_way_to_the_originals(tmp_path: Path) -> None:
    assert relative_url(None, tmp_path) is None
    assert (
        relative_url(tmp_path / "my photos #1", tmp_path / "a.unpool" / "report")
        == "../../my%20photos%20%231"
    )


def test_a_failed_write_leaves_the_old_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = write_report(tmp_path, make_table(), title="old", facts={})
    before = index.read_bytes()

    def fail(self: Path, target: Path) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_report(tmp_path, make_table(), title="new", facts={})
    assert index.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["groups.png", "index.html", "map.png"]
