"""From a folder to groups, through the command line as its user types it."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from support.hostile_files import make_hostile_folder, save_turned
from support.inspector import write_inspector
from support.pictures import make_photograph, make_shapes
from unpool import Workspace
from unpool.cli.main import main
from unpool.inference.encoder import export_encoder
from unpool.inference.model import save_pretrained
from unpool.store.table import ImageTable
from unpool.training.model_file import load_model

RUN_KEYS = {
    "work",
    "images",
    "skipped",
    "embedded",
    "network",
    "dimension",
    "groups",
    "silhouette",
    "seconds",
}
SHORT = ["--steps", "40", "--groups", "3", "--no-open"]


def unpool(capsys: pytest.CaptureFixture[str], *words: object, code: int = 0) -> Any:
    """Run a command in this process; its JSON where it succeeds, else its one line of error."""
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words] + ([] if code else ["--json"]))
    out, err = capsys.readouterr()
    assert left.value.code == code, err
    assert "Traceback" not in err
    return err.strip().splitlines()[-1] if code else json.loads(out)


@pytest.fixture(scope="session")
def shapes_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of small shapes, run once; tests that change it copy it first."""
    root = tmp_path_factory.mktemp("shapes")
    make_shapes(root / "images")
    with pytest.raises(SystemExit):
        main(["run", str(root / "images"), "--work", str(root / "w.unpool"), *SHORT])
    return root


@pytest.fixture
def shapes(shapes_run: Path, tmp_path: Path) -> Path:
    """A copy of the run with its images, at a place of its own."""
    shutil.copytree(shapes_run, tmp_path / "copy")
    root = tmp_path / "copy"
    state = root / "w.unpool" / "unpool.yaml"
    state.write_text(state.read_text().replace(str(shapes_run), str(root)))
    return root


@pytest.mark.parametrize("name", ["model", "report"])
def test_folders_of_the_users_are_not_replaced(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_shapes(tmp_path / "images", each=2)
    make_shapes(tmp_path / name, each=1)
    words = ("run", tmp_path / "images", "--work", tmp_path, "--steps", 2, *SHORT[2:])
    assert "is no workspace and holds images; name a new or empty folder" in unpool(capsys, *words, code=2)
    assert {path.name for path in tmp_path.iterdir()} == {"images", name}
    assert len(list((tmp_path / name).rglob("*.png"))) == 3
    words = ("run", tmp_path / "images", "--work", tmp_path / "images", *words[4:])
    assert "is the folder of the images itself" in unpool(capsys, *words, code=2)
    assert not list((tmp_path / "images").glob("*.*"))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["images", name])


@pytest.mark.parametrize("name", ["w.unpool", pytest.param("w", marks=pytest.mark.slow)])
def test_a_workspace_inside_the_folder_is_not_counted(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_shapes(tmp_path / "images", each=8)
    words = ("run", tmp_path / "images", "--work", tmp_path / "images" / name, "--steps", 2, *SHORT[2:])
    first = unpool(capsys, *words)
    again = unpool(capsys, *words)
    assert (tmp_path / "images" / name / "report" / "map.png").is_file()
    assert (first["images"], again["images"], again["skipped"], again["embedded"]) == (24, 24, 0, 0)


@pytest.fixture(scope="session")
def photo_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """EfficientNet-lite0 as a model folder, exported once for all tests."""
    folder = tmp_path_factory.mktemp("photo-model")
    save_pretrained("efficientnet-lite0", folder)
    export_encoder(load_model(folder), folder / "encoder.onnx")
    return folder


def table(root: Path) -> pd.DataFrame:
    return ImageTable(root / "w.unpool").frame().set_index("path")


def rerun(capsys: pytest.CaptureFixture[str], root: Path) -> Any:
    return unpool(capsys, "run", root / "images", "--work", root / "w.unpool", *SHORT)


def test_run_leaves_a_whole_workspace(shapes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = rerun(capsys, shapes)
    work = shapes / "w.unpool"
    assert set(result) >= RUN_KEYS
    assert set(result["seconds"]) == {"scan", "train", "embed", "group", "map"}
    assert (result["images"], result["skipped"], result["network"], result["groups"]) == (36, 0, "conv", 3)
    for name in ("report/index.html", "report/map.png", "report/groups.png", "report/loss.png",
                 "report/reconstructions.png", "groups.csv", "problems.csv", "model/encoder.onnx"):  # fmt: skip
        assert (work / name).stat().st_size > 0, name
    assert not [path for path in work.rglob("*") if path.name.startswith(".partial")]
    rows = list(csv.DictReader((work / "groups.csv").open()))
    assert [row["path"] for row in rows] == sorted(row["path"] for row in rows)
    frame = table(shapes)
    assert len(rows) == len(frame) == 36
    assert frame["group"].value_counts().sort_index().is_monotonic_decreasing
    assert frame[["x", "y", "probability", "outlier_score", "sharpness", "thumbnail"]].notna().all(axis=None)


def test_shapes_are_reported_apart(shapes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = unpool(capsys, "evaluate", "--work", shapes / "w.unpool", "--labels", "folders")
    assert result["accuracy"] > 0.9
    assert result["nmi"] > 0.7
    without = unpool(capsys, "evaluate", "--work", shapes / "w.unpool")
    assert without["accuracy"] is None
    assert without["knn_accuracy"] is None
    assert without["silhouette"] is not None


def test_second_run_embeds_only_what_is_new_or_changed(
    shapes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = table(shapes)
    assert rerun(capsys, shapes)["embedded"] == 0
    images = shapes / "images"
    shutil.copy(images / "disc/000.png", images / "disc/new.png")
    Image.fromarray(np.full((12, 12), 99, np.uint8)).save(images / "cross/001.png")
    (images / "stripes/002.png").unlink()
    result = rerun(capsys, shapes)
    after = table(shapes)
    assert (result["images"], result["embedded"]) == (36, 2)
    assert set(after.index) == (set(before.index) | {"disc/new.png"}) - {"stripes/002.png"}
    assert after.loc["disc/new.png", "id"] == after.loc["disc/000.png", "id"]
    same = [path for path in before.index if path in after.index and path != "cross/001.png"]
    assert all(
        np.array_equal(a, b)
        for a, b in zip(before.loc[same, "vector"], after.loc[same, "vector"], strict=True)
    )
    assert after["group"].notna().all()


def test_labels_survive_changes_and_renames(shapes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = ImageTable(shapes / "w.unpool")
    store.update(["disc/000.png", "disc/001.png", "disc/002.png"], {"label": ["moved", "kept", "gone"]})
    images = shapes / "images"
    (images / "disc/000.png").rename(images / "cross/renamed.png")
    (images / "disc/002.png").unlink()
    result = rerun(capsys, shapes)
    frame = table(shapes)
    assert frame.loc["cross/renamed.png", "label"] == "moved"
    assert "disc/000.png" not in frame.index
    assert frame.loc["disc/001.png", "label"] == "kept"
    assert tuple(frame.loc["disc/002.png", ["label", "status", "problem"]]) == ("gone", "skipped", "missing")
    assert (result["images"], result["skipped"]) == (35, 1)


def test_same_seed_same_groups_bit_for_bit(
    shapes_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unpool(capsys, "run", shapes_run / "images", "--work", tmp_path / "again.unpool", *SHORT)
    first, again = table(shapes_run), ImageTable(tmp_path / "again.unpool").frame().set_index("path")
    for column in ("group", "x", "y", "probability", "model"):
        pd.testing.assert_series_equal(first[column], again[column], check_exact=True)


@pytest.mark.slow
def test_another_seed_trains_anew_and_the_same_does_not(
    shapes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["run", shapes / "images", "--work", shapes / "w.unpool", "--groups", 3, "--no-open"]
    assert unpool(capsys, *words)["embedded"] == 0
    assert unpool(capsys, *words, "--steps", 40, "--seed", 1)["embedded"] == 36
    assert unpool(capsys, *words, "--steps", 40, "--seed", 1)["embedded"] == 0


def test_hostile_folder(tmp_path: Path, photo_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = make_hostile_folder(tmp_path / "images")
    if importlib.util.find_spec("pi_heif"):
        good |= {path for path, problem in bad.items() if problem == "needs-heic"}
        bad = {path: problem for path, problem in bad.items() if problem != "needs-heic"}
    result = unpool(
        capsys, "run", tmp_path / "images", "--work", tmp_path / "w.unpool",
        "--network", photo_model, "--groups", 3, "--no-open",
    )  # fmt: skip
    frame = table(tmp_path)
    assert set(frame.index[frame["status"] == "ok"]) == good
    rows = {row["path"]: row for row in csv.DictReader((tmp_path / "w.unpool/problems.csv").open(newline=""))}
    assert {path: row["problem"] for path, row in rows.items()} == bad
    assert all(row["detail"] for row in rows.values())
    assert (result["images"], result["skipped"]) == (len(good), len(bad))
    assert frame.loc[list(good), "vector"].map(np.isfinite).map(np.all).all()


def test_no_usable_image_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "images").mkdir()
    line = unpool(capsys, "run", tmp_path / "images", "--work", tmp_path / "w.unpool", code=1)
    assert line.startswith("unpool: there is no image in")
    assert not (tmp_path / "w.unpool").exists()
    (tmp_path / "images/a.jpg").write_bytes(b"")
    line = unpool(capsys, "run", tmp_path / "images", "--work", tmp_path / "w.unpool", code=1)
    assert "can be used: 1 skipped" in line
    assert "empty" in (tmp_path / "w.unpool/problems.csv").read_text()
    assert "nowhere" in unpool(capsys, "run", tmp_path / "nowhere", code=1)


def test_a_single_image(tmp_path: Path, photo_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "images").mkdir()
    make_photograph().save(tmp_path / "images/one.jpg")
    result = unpool(
        capsys,
        "run",
        tmp_path / "images",
        "--work",
        tmp_path / "w.unpool",
        "--network",
        photo_model,
        "--no-open",
    )
    assert (result["images"], result["groups"], result["silhouette"]) == (1, 1, None)


def test_orientations_give_one_vector_and_upright_thumbnails(
    tmp_path: Path, photo_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Of a camera's size: at a few hundred pixels the JPEG's own noise, not the same when turned, is seen too.
    upright = make_photograph(seed=4, width=1600, height=1200)
    (tmp_path / "images").mkdir()
    for value in range(1, 9):
        save_turned(np.asarray(upright), tmp_path / f"images/{value}.jpg", value, quality=95)
    words = ["--model", photo_model, "--work", tmp_path / "w.unpool"]
    assert unpool(capsys, "embed", tmp_path / "images", *words)["images"] == 8
    vectors = ImageTable(tmp_path / "w.unpool").vectors()[1]
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert (unit @ unit.T).min() >= 0.999
    frame = table(tmp_path)
    assert set(zip(frame["width"], frame["height"], strict=True)) == {upright.size}
    small = [np.asarray(Image.open(io.BytesIO(data)).convert("L"), float) for data in frame["thumbnail"]]
    wanted = np.asarray(upright.resize(small[0].shape[::-1]).convert("L"), float)
    assert max(np.abs(image - wanted).mean() for image in small) < 6


def test_search_finds_the_image_itself(shapes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for query in (shapes / "images/cross/003.png", "cross/003.png"):
        result = unpool(capsys, "search", query, "--work", shapes / "w.unpool", "-k", 5)
        assert [set(row) for row in result["results"]] == [{"path", "distance", "group", "label"}] * 5
        assert result["results"][0]["path"] == "cross/003.png"
        assert result["results"][0]["distance"] < 1e-5
        distances = [row["distance"] for row in result["results"]]
        assert distances == sorted(distances)
    line = unpool(capsys, "search", "nothing.png", "--work", shapes / "w.unpool", code=1)
    assert "there is no file nothing.png" in line


@pytest.mark.parametrize("method", ["kmeans", "gmm", "hdbscan", "auto"])
def test_group_by_every_method(shapes: Path, method: str, capsys: pytest.CaptureFixture[str]) -> None:
    result = unpool(capsys, "group", "--work", shapes / "w.unpool", "--method", method)
    assert set(result) >= {"method", "groups", "sizes", "silhouette", "noise"}
    assert result["method"] == method
    assert sum(result["sizes"]) + result["noise"] == 36
    assert len(result["sizes"]) == result["groups"]


def test_map_by_every_method(shapes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for method in ("pca", "tsne"):
        result = unpool(capsys, "map", "--work", shapes / "w.unpool", "--method", method)
        assert (result["method"], result["images"]) == (method, 36)
        assert 0.5 < result["trustworthiness"] <= 1


def test_export_to_everything(shapes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work = shapes / "w.unpool"
    ImageTable(work).update(["disc/000.png"], {"label": ["../up/ä"]})

    def export(to: str, out: Path) -> Path:
        assert unpool(capsys, "export", "--work", work, "--to", to, "--out", out) == {
            "path": str(out), "images": 36,
        }  # fmt: skip
        return out

    frame = pd.read_csv(export("csv", tmp_path / "a.csv"))
    assert len(frame) == 36
    assert "vector" not in frame
    assert pd.read_parquet(export("parquet", tmp_path / "a.parquet"))["vector"].notna().all()
    folders = export("folders", tmp_path / "folders")
    copies = [path for path in folders.rglob("*") if path.is_file()]
    assert len(copies) == 36
    labelled = folders / ".._up_ä".strip(". ") / "000.png"
    assert labelled.read_bytes() == (shapes / "images/disc/000.png").read_bytes()
    assert {path.parent.parent for path in copies} == {folders}
    assert export("html", tmp_path / "page.html").read_text().startswith("<!doctype html>")
    line = unpool(capsys, "export", "--work", work, "--to", "folders", "--out", folders, code=1)
    assert "is there already" in line


def test_config_file_and_what_is_typed(shapes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = shapes / "c.yaml"
    config.write_text("method: kmeans\ngroups: 4\n")
    words = ["group", "--work", shapes / "w.unpool", "--config", config]
    assert unpool(capsys, *words)["groups"] == 4
    assert unpool(capsys, *words, "--groups", 2)["groups"] == 2
    config.write_text("grups: 4\n")
    assert "grups" in unpool(capsys, *words, code=2)


@pytest.mark.slow
def test_python_way_is_the_same(shapes: Path, tmp_path: Path) -> None:
    w = Workspace(tmp_path / "p.unpool", shapes / "images")
    frame = w.run(groups=3, steps=40)
    assert frame.set_index("path")["group"].equals(table(shapes)["group"])
    assert len(w.group(method="kmeans", groups=2)["group"].unique()) == 2
    found = w.search(shapes / "images/disc/000.png", k=3)
    assert found["path"][0] == "disc/000.png"
    again = Workspace(tmp_path / "p.unpool").embed()
    assert again["model"].equals(frame["model"])
    assert w.evaluate("folders")["accuracy"] > 0.5


def test_another_folder_is_refused(shapes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_shapes(tmp_path / "other", each=2)
    line = unpool(capsys, "run", tmp_path / "other", "--work", shapes / "w.unpool", code=1)
    assert "holds the images of" in line
    assert len(table(shapes)) == 36


def test_errors_say_what_and_where(shapes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work = shapes / "w.unpool"
    assert "did you mean 'conv-small'" in unpool(
        capsys, "run", shapes / "images", "--work", shapes / "x.unpool", "--network", "conv-smal", code=2
    )
    assert "no workspace at" in unpool(capsys, "group", "--work", shapes / "none.unpool", code=1)
    assert "must be a number from 2" in unpool(capsys, "group", "--work", work, "--groups", 1, code=2)
    assert "only 36 images" in unpool(capsys, "group", "--work", work, "--groups", 99, code=1)
    assert "give it the heading path,label" in unpool(
        capsys, "evaluate", "--work", work, "--labels", work / "problems.csv", code=1
    )
    assert "give one of them" in unpool(
        capsys, "run", shapes / "images", "--work", work, "--steps", 1, "--minutes", 1, code=2
    )


def test_networks_tells_catalogue_and_layers(capsys: pytest.CaptureFixture[str]) -> None:
    result = unpool(capsys, "networks")
    assert {"conv", "conv-small", "vgg16-bn", "efficientnet-lite0"} <= {
        row["network"] for row in result["networks"]
    }
    result = unpool(capsys, "networks", "conv-small")
    assert result["parameters"] == 50161
    assert {"network", "input", "output", "trainable", "input_mb", "activations_mb", "parameters_mb"} <= set(
        result
    )
    assert "did you mean 'dense'" in unpool(capsys, "networks", "dens", code=2)


def test_a_labelled_file_that_is_missing_is_news_only_once(
    shapes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work, words = shapes / "w.unpool", ("run", shapes / "images", "--work", shapes / "w.unpool", *SHORT)
    Workspace(work).label("disc/003.png", "round")
    (shapes / "images" / "disc" / "003.png").unlink()
    unpool(capsys, *words)
    Workspace(work).move("disc/004.png", 2)
    group = Workspace(work).table().set_index("path")["group"]
    unpool(capsys, *words[:4], "--steps", 40, "--no-open")
    again = Workspace(work).table().set_index("path")
    assert again["group"].equals(group)  # what was moved by hand stays where it is
    assert again["label"].dropna().to_dict() == {"disc/003.png": "round"}


def test_labels_follow_renumbered_files_through_a_run(
    shapes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work, folder = shapes / "w.unpool", shapes / "images" / "disc"
    Workspace(work).label("disc/002.png", "two")
    Workspace(work).label("disc/003.png", "three")
    (folder / "001.png").unlink()
    for number in (2, 3):
        (folder / f"{number:03}.png").rename(folder / f"{number - 1:03}.png")
    unpool(capsys, "run", shapes / "images", "--work", work, *SHORT)
    labels = Workspace(work).table().set_index("path")["label"].dropna().to_dict()
    assert labels == {"disc/001.png": "two", "disc/002.png": "three"}


def test_images_that_are_gone_are_no_images_where_only_broken_ones_are_left(
    shapes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in (shapes / "images").rglob("*.png"):
        file.unlink()
    (shapes / "images" / "broken.png").touch()
    work = shapes / "w.unpool"
    away = unpool(capsys, "run", shapes / "images", "--work", work, *SHORT)
    assert (away["images"], away["embedded"], away["skipped"]) == (36, 0, 1), (
        "the folders are empty: a disk is away"
    )
    result = unpool(capsys, "run", shapes / "images", "--work", work, *SHORT, "--forget", code=1)
    assert "no image" in result
    assert len(ImageTable(work)) == 1


def test_groups_made_in_between_are_not_taken_for_those_of_the_run(
    shapes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = shapes / "w.unpool"
    page = work / "report/index.html"
    before = page.read_text()
    assert unpool(capsys, "group", "--work", work, "--groups", 5, "--method", "kmeans")["groups"] == 5
    assert page.read_text() != before, "the report shows the groups there are"
    assert rerun(capsys, shapes)["groups"] == 3
    assert set(table(shapes)["group"]) == {0, 1, 2}
    assert unpool(capsys, "group", "--work", work, "--merge", 2)["groups"] == 2
    line = unpool(capsys, "group", "--work", work, "--merge", 2, "--method", "gmm", code=2)
    assert "--merge and --split change the present groups; leave --method and --groups out" in line


def test_edits_by_hand_stay_and_are_counted(shapes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Workspace(shapes / "w.unpool").merge([0, 1])
    result = unpool(
        capsys, "run", shapes / "images", "--work", shapes / "w.unpool", "--steps", 40, "--no-open"
    )
    assert result["groups"] == 2
    assert sum(result["sizes"]) == result["images"]
    assert rerun(capsys, shapes)["groups"] == 3, "--groups makes them anew"


def test_groups_made_by_hand_stay_when_images_come_and_a_run_is_undone(
    shapes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = Workspace(shapes / "w.unpool")
    work.merge([0, 1])
    work.label("disc/000.png", "round")
    before = table(shapes)[["group", "label"]]
    for number in range(3):
        mirrored = Image.open(shapes / f"images/disc/{number:03}.png").transpose(Image.Transpose.ROTATE_90)
        mirrored.save(shapes / f"images/disc/new{number}.png")
    words = ("run", shapes / "images", "--work", shapes / "w.unpool", "--steps", 40)
    result = unpool(capsys, *words, "--no-open")
    after = table(shapes)[["group", "label"]]
    assert (result["embedded"], result["groups"]) == (3, 2)
    pd.testing.assert_frame_equal(after.loc[before.index], before)
    assert after["group"].notna().all()
    anew = unpool(capsys, *words, "--groups", 4, "--no-open")
    assert anew["groups"] == 4
    assert unpool(capsys, "undo", "--work", shapes / "w.unpool")["undone"].startswith("undone: run")
    pd.testing.assert_frame_equal(table(shapes)[["group", "label"]], after)
    unpool(capsys, "undo", "--work", shapes / "w.unpool")
    pd.testing.assert_frame_equal(table(shapes)[["group", "label"]], before)
    assert unpool(capsys, "redo", "--work", shapes / "w.unpool")["redone"].startswith("redone: run")
    pd.testing.assert_frame_equal(table(shapes)[["group", "label"]], after)


def test_what_labels_say_reaches_the_report(shapes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = shapes / "w.unpool/report/index.html"
    assert "Groups and classes" not in page.read_text()
    assert "Nearest-neighbour accuracy" not in page.read_text()
    unpool(capsys, "evaluate", "--work", shapes / "w.unpool", "--labels", "folders")
    text = page.read_text()
    assert "Groups and classes" in text
    assert "Nearest-neighbour accuracy" in text
    assert "most typical" in text


def test_more_groups_than_a_part_has_images(shapes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = unpool(
        capsys, "run", shapes / "images", "--work", shapes / "w.unpool", "--groups", 34, "--no-open"
    )
    assert result["groups"] > 20


def test_a_changed_file_has_no_place_until_it_is_mapped_and_grouped(
    shapes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = shapes / "w.unpool"
    make_photograph().save(shapes / "images/cross/003.png")
    unpool(capsys, "embed", shapes / "images", "--work", work, "--model", work / "model")
    row = table(shapes).loc["cross/003.png"]
    assert row[["x", "y", "group", "probability"]].isna().all()
    assert "in no group; run `unpool group --work" in unpool(capsys, "evaluate", "--work", work, code=1)
    unpool(capsys, "group", "--work", work, "--method", "gmm", "--groups", 3)
    assert table(shapes)["group"].notna().all()


def test_an_inspector_that_is_named_once_scores_new_images_too(
    shapes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = write_inspector(tmp_path / "model")
    work = ["run", shapes / "images", "--work", shapes / "w.unpool", "--no-open"]
    assert unpool(capsys, *work)["not_good"] is None
    found = unpool(capsys, *work, "--inspector", model)
    rows = Workspace(shapes / "w.unpool").table()
    assert found["not_good"] == int((rows["inspection_score"] > 0.5).sum()) > 0
    assert rows["inspection_score"].notna().all()
    assert found["embedded"] == 0
    page = (shapes / "w.unpool" / "report" / "index.html").read_text()
    assert f"{found['not_good']} images not good" in page
    Image.new("RGB", (32, 32), (250, 250, 250)).save(shapes / "images" / "light.png")
    assert unpool(capsys, *work)["not_good"] == found["not_good"]
    assert Workspace(shapes / "w.unpool").table().set_index("path")["inspection_score"]["light.png"] < 0.1
    assert unpool(capsys, *work, "--inspector", "none")["not_good"] is None
