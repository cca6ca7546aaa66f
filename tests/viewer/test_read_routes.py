"""What the page is shown, checked against the table itself."""

from __future__ import annotations

import io
import itertools
import re
import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from support.masks import make_undecided, write_scenes
from support.training import segment_train
from support.viewer_constants import DATED, HOSTILE_NAME, HOSTILE_TEXT
from unpool import Workspace
from unpool.images.masks.pixel_classes import PixelClasses, classes_by_value
from unpool.networks.segmentation.scales import learn_scales
from unpool.networks.segmentation.segmenter import Segmenter
from unpool.store.fields.values import write_field
from unpool.store.reading import record
from unpool.store.table import ImageTable
from unpool.training.model_file import describe_model, save_model
from unpool.viewer.session import Session


@pytest.fixture
def table(viewed: Path) -> pd.DataFrame:
    frame = ImageTable(viewed / "w.unpool").frame(where="status = 'ok'")
    return frame.reset_index(drop=True)


def rows_of(content: bytes) -> list[int]:
    return np.frombuffer(content, "<u4").tolist()


def test_the_collection_counts_what_the_table_holds(client: Any, table: pd.DataFrame) -> None:
    result = client.get("/api/collection").json()
    assert (result["images"], result["skipped"], result["name"]) == (37, 1, "images")
    assert {group["group"]: group["count"] for group in result["groups"]} == table[
        "group"
    ].value_counts().to_dict()
    assert result["folders"] == [{"name": "", "count": 1}, *({"name": name, "count": 12}
                                                          for name in ("cross", "disc", "stripes"))]  # fmt: skip
    assert result["has"] == {"map": True, "model": True, "mirror": True, "segmenter": False}
    assert result["checked"] is False
    assert result["undo"] is None


def test_points_are_the_maps_places_with_one_scale(client: Any, table: pd.DataFrame) -> None:
    content = client.get("/api/points", params={"revision": 1}).content
    (count,) = struct.unpack("<I", content[:4])
    assert count == len(table)
    assert len(content) == 4 + 24 * count
    x, y = (np.frombuffer(content, "<f4", count, 4 + 4 * count * i) for i in range(2))
    group, label = (np.frombuffer(content, "<i4", count, 4 + 4 * count * i) for i in (2, 3))
    priority = np.frombuffer(content, "<u4", count, 4 + 16 * count)
    leaf = np.frombuffer(content, "<i4", count, 4 + 20 * count)
    assert max(np.ptp(x), np.ptp(y)) == pytest.approx(2)
    slope, _ = np.polyfit(table["x"], x, 1)
    assert np.polyfit(table["y"], y, 1)[0] == pytest.approx(slope, rel=1e-4)
    assert np.corrcoef(table["x"], x)[0, 1] == pytest.approx(1)
    assert group.tolist() == table["group"].tolist()
    tree = client.get("/api/collection").json()["tree"]
    on_level = next(level["numbers"] for level in tree["levels"] if level["groups"] == tree["level"] == 3)
    assert [on_level[one] for one in leaf] == group.tolist()
    assert set(label.tolist()) == {-1}
    assert sorted(priority.tolist()) == list(range(count))


def test_thumbnails_come_in_the_order_asked_for(client: Any, post: Any, table: pd.DataFrame) -> None:
    rows = [5, 0, 36, 5]
    content = post("thumbnails", rows=rows)
    count = struct.unpack("<I", content[:4])[0]
    sizes = np.frombuffer(content, "<u4", count, 4)
    starts = 4 + 4 * count + np.cumsum([0, *sizes.tolist()])
    got = [content[start:end] for start, end in itertools.pairwise(starts)]
    assert got == [table["thumbnail"][row] for row in rows]
    assert post("thumbnails", rows=[99], expect=422)["detail"].startswith("there is no row 99")


@pytest.mark.parametrize(
    ("wish", "condition"),
    [
        ({"group": 1}, lambda t: t["group"] == 1),
        ({"folder": ""}, lambda t: ~t["path"].str.contains("/")),
        ({"folder": "disc"}, lambda t: t["path"].str.startswith("disc/")),
        ({"text": "DISC/00"}, lambda t: t["path"].str.contains("disc/00")),
        ({"label": ""}, lambda t: t["path"] != ""),
        ({"label": "no such"}, lambda t: t["path"] == ""),
        ({"rows": [3, 1, 99999]}, lambda t: t.index.isin([1, 3])),
        ({"from": 1e12}, lambda t: t["path"] == ""),
        ({"to": DATED}, lambda t: t["path"].str.startswith("disc/")),
        ({"from": DATED + 1}, lambda t: ~t["path"].str.startswith("disc/")),
        ({"from": DATED, "to": DATED, "text": "00"}, lambda t: t["path"].str.startswith("disc/00")),
        ({"folder": "dis"}, lambda t: t["path"] == ""),
        ({"problem": "wrong"}, lambda t: t["path"] == ""),
    ],
)
def test_filters_find_what_pandas_finds(post: Any, table: pd.DataFrame, wish: Any, condition: Any) -> None:
    assert rows_of(post("select", **wish)) == table.index[condition(table)].tolist()


@pytest.mark.parametrize("descending", [False, True])
def test_sorting_puts_images_without_a_value_last(post: Any, table: pd.DataFrame, descending: bool) -> None:
    got = rows_of(post("select", sort="outlier_score", descending=descending))
    wanted = table["outlier_score"].sort_values(ascending=not descending, kind="stable")
    assert table["outlier_score"][got].tolist() == wanted.tolist()
    assert rows_of(post("select", sort="reconstruction_error")) == list(range(37))  # none has one yet


def test_facts_of_an_image_are_text_whatever_they_say(client: Any, table: pd.DataFrame) -> None:
    row = table.index[table["path"] == HOSTILE_NAME][0]
    result = client.get(f"/api/images/{row}", params={"revision": 1}).json()
    assert (result["path"], result["width"], result["height"]) == (HOSTILE_NAME, 40, 30)
    assert ["ImageDescription", HOSTILE_TEXT] in result["metadata"]
    assert result["group"] == table["group"][row]
    assert result["probability"] == pytest.approx(table["probability"][row])
    assert result["bytes"] == table["bytes"][row]


def test_nearest_are_those_of_the_search_command(client: Any, viewed: Path, table: pd.DataFrame) -> None:
    result = client.get("/api/images/7", params={"revision": 1}).json()["nearest"]
    found = Workspace(viewed / "w.unpool").search(table["path"][7], k=13)
    wanted = found[found["path"] != table["path"][7]].head(12)
    assert [near["distance"] for near in result] == pytest.approx(wanted["distance"].tolist(), abs=1e-5)
    assert {table["path"][near["row"]] for near in result[:5]} == set(wanted["path"][:5])


def test_the_original_is_shown_upright(client: Any, table: pd.DataFrame, viewed: Path) -> None:
    answer = client.get("/api/images/3/original", params={"revision": 1})
    assert answer.headers["content-type"] == "image/png"
    shown = np.asarray(Image.open(io.BytesIO(answer.content)).convert("L"))
    assert np.array_equal(shown, np.asarray(Image.open(viewed / "images" / table["path"][3])))


def test_a_mirror_shows_what_it_makes_and_where_it_errs(client: Any, table: pd.DataFrame) -> None:
    result = client.get("/api/images/3/reconstruction", params={"revision": 1}).json()
    parts = {}
    for part in ("input", "output", "error"):
        answer = client.get(f"/api/images/3/reconstruction/{part}", params={"revision": 1})
        parts[part] = np.asarray(Image.open(io.BytesIO(answer.content)), np.float64)
    mse = np.mean((parts["input"] / 255 - parts["output"] / 255) ** 2)
    assert result["mse"] == pytest.approx(mse, rel=0.02)
    assert result["psnr"] == pytest.approx(-10 * np.log10(mse), abs=0.1)
    assert parts["error"].shape[2] == 3


def test_search_by_a_file_finds_that_image_first(client: Any, viewed: Path, table: pd.DataFrame) -> None:
    path = table["path"][20]
    content = (viewed / "images" / path).read_bytes()
    near = client.post("/api/search/file", params={"revision": 1, "k": 5}, content=content).json()
    assert len(near) == 5
    assert near[0]["row"] == 20
    assert near[0]["distance"] == pytest.approx(0, abs=1e-4)
    for wrong in (b"", b"no image at all"):
        answer = client.post("/api/search/file", params={"revision": 1}, content=wrong)
        assert answer.status_code == 422
        assert answer.json()["detail"]


def test_a_region_that_is_all_of_an_image_finds_it(post: Any) -> None:
    assert post("search/region", row=9, box=[0, 0, 1, 1], k=3)[0]["row"] == 9
    assert "larger" in post("search/region", row=9, box=[0.5, 0.5, 0.5, 1], expect=422)["detail"]


def test_what_could_not_be_read_is_listed_with_its_reason(client: Any) -> None:
    (result,) = client.get("/api/unreadable").json()
    assert result["path"] == "broken.png"
    assert result["problem"]


def test_assumptions_are_listed_and_counted(client: Any, viewed: Path) -> None:
    record(viewed / "w.unpool", "range", "White is 4095.", high=4095)
    assert client.get("/api/reading").json()["assumed"] == ["White is 4095."]
    assert client.get("/api/collection").json()["problems"]["reading"] >= 1


def test_an_older_revision_is_refused(client: Any) -> None:
    assert client.get("/api/points", params={"revision": 0}).status_code == 409


def test_quality_has_figures_and_pictures_that_open(client: Any) -> None:
    result = client.get("/api/quality").json()
    assert {"silhouette", "purity"} <= {figure["name"] for figure in result["figures"]}
    assert result["pictures"]
    for picture in result["pictures"]:
        assert client.get("/" + picture["url"]).content[:4] == b"\x89PNG"


def test_a_segmenter_in_the_workspace_lays_its_classes_over_an_image(client: Any, viewed: Path) -> None:
    assert client.get("/api/images/3/overlay", params={"revision": 1}).status_code == 422
    images, masks = write_scenes(viewed / "scenes", 4)
    model = viewed / "w.unpool" / "segmenter"
    segment_train(images, masks, out=model, backbone="conv", steps=2, batch=2, size=32, enlarge=1.0, val=0)
    assert client.get("/api/collection").json()["has"]["segmenter"] is True
    answer = client.get("/api/images/0/overlay", params={"revision": 1})
    laid = np.asarray(Image.open(io.BytesIO(answer.content)))
    assert laid.shape == (30, 40, 4)
    ground, *known = PixelClasses.from_dict(describe_model(model)["masks"]).colours
    assert ground == (0, 0, 0)
    # The ground is black and stays as it is, the other classes are opaque: the page says how much of them is seen.
    assert {tuple(pixel) for pixel in laid.reshape(-1, 4).tolist()} <= {
        (*ground, 0),
        *((*one, 255) for one in known),
    }


def test_an_image_of_a_size_not_learnt_is_named_and_resized_on_request(client: Any, viewed: Path) -> None:
    network = Segmenter("fcn4s", num_classes=2, backbone="conv", seed=0)
    make_undecided(network)
    classes = classes_by_value(["ground", "disc"])
    for side, outside in ((35, False), (9, True)):
        network.learnt = learn_scales([(side, side)])
        save_model(viewed / "w.unpool" / "segmenter", network, masks=classes.to_dict())
        client.get("/api/collection")
        note = client.get("/api/images/0", params={"revision": 1}).json()["scale_note"]
        assert (note is not None) == outside
    assert "40×30 pixels are 3.8 times the 9×9 that the model was trained on" in note
    ways = [{}, {"scaled": True}]
    answers = [client.get("/api/images/0/overlay", params={"revision": 1, **way}).content for way in ways]
    assert answers[0] != answers[1]
    assert Image.open(io.BytesIO(answers[1])).size == (40, 30)


def test_a_collection_is_reported_of_whose_images_are_not_there(client: Any, viewed: Path) -> None:
    shutil.rmtree(viewed / "images")
    result = client.get("/api/collection").json()
    assert result["images"] == 37
    assert client.get("/api/images/3/original", params={"revision": 1}).status_code == 422


def test_images_are_found_from_any_folder(
    client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, viewed: Path
) -> None:
    state = viewed / "w.unpool" / "unpool.yaml"
    state.write_text(re.sub(r"(?m)^place: .*$", "place: images", state.read_text()))
    monkeypatch.chdir(tmp_path)
    assert client.get("/api/images/3/original", params={"revision": 1}).status_code == 200


def test_nearest_leaves_out_what_the_page_has_not_seen(viewed: Path) -> None:
    session = Session(viewed / "w.unpool")
    (vector_D,) = session.table.vectors_of([session.snapshot(1).path(7)])[1]
    table = ImageTable(viewed / "w.unpool")
    table.upsert([{"path": "0-new.png", "status": "ok", "vector": vector_D.tolist()}])
    session.table = ImageTable(viewed / "w.unpool")  # newer than what is seen
    near = session.nearest(vector_D, 3)
    assert [entry["row"] for entry in near][:1] == [7]
    assert len(near) == 2


def test_fields_are_counted_and_colour_the_map(client: Any, post: Any, viewed: Path) -> None:
    work = viewed / "w.unpool"
    paths = ImageTable(work).frame(["path"], where="status = 'ok'")["path"].tolist()
    write_field(work, "species", {paths[0]: "cat", paths[2]: "dog", paths[3]: "dog"})
    write_field(work, "weight", {paths[1]: 1.5})
    revision = client.get("/api/collection").json()["revision"]
    answer = client.get("/api/fields", params={"revision": revision}).json()
    facets = {facet["name"]: facet for facet in answer["fields"]}
    assert [(value["name"], value["count"]) for value in facets["species"]["values"]] == [
        ("dog", 2),
        ("cat", 1),
    ]
    assert (facets["weight"]["images"], answer["saved"]) == (1, [])
    codes = client.get("/api/fields/codes", params={"revision": revision, "name": "species"}).content
    assert np.frombuffer(codes, "<i4")[:4].tolist() == [1, -1, 0, 0]
    assert len(codes) == 4 * len(paths)
    assert client.get("/api/fields/codes", params={"revision": revision, "name": "x"}).status_code == 404
    assert client.get("/api/fields", params={"revision": revision + 1}).status_code == 409
    assert rows_of(post("select", fields=[{"name": "species", "any": ["dog"]}])) == [2, 3]
    assert client.get("/api/images/2", params={"revision": revision}).json()["fields"] == [["species", "dog"]]
    post("select", fields=[{"name": "species", "no": 1}], expect=422)
