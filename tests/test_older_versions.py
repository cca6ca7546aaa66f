"""What version 0.1.0 left on disk still opens, and can be worked with."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from unpool import load_model
from unpool.cli.main import main
from unpool.store.table import ImageTable
from unpool.training.model_file import describe_model

STORED = Path(__file__).parent / "fixtures" / "v0.1.0"
Command = Callable[..., Any]


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A copy of the stored files whose workspace knows where its images are now."""
    root = tmp_path / "stored"
    shutil.copytree(STORED, root)
    state = root / "workspace" / "unpool.yaml"
    state.write_text(state.read_text("utf-8").replace("/home/somebody", str(root)), "utf-8")
    return root


@pytest.fixture
def unpool(stored: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command beside the stored files; its JSON."""
    monkeypatch.chdir(stored)

    def command(line: str) -> Any:
        with pytest.raises(SystemExit) as left:
            main([*line.split(), "--json"])
        out, err = capsys.readouterr()
        assert left.value.code == 0, err
        return json.loads(out)

    return command


def table(root: Path) -> Any:
    return ImageTable(root / "workspace").frame().set_index("path")


def test_the_table_is_as_it_was(stored: Path) -> None:
    frame = table(stored)
    usable = frame[frame["status"] == "ok"]
    assert (len(frame), len(usable)) == (13, 12)
    assert frame["label"].dropna().to_dict() == {"disc/000.png": "round", "disc/001.png": "round"}
    assert sorted(usable["group"].value_counts()) == [4, 8]
    assert np.stack(usable["vector"].to_list()).shape == (12, 16)
    assert usable[["x", "y", "probability", "thumbnail", "sharpness"]].notna().all(axis=None)
    assert frame.loc["broken.png", "problem"]


def test_nothing_is_wrong_with_it(stored: Path, unpool: Command) -> None:
    assert unpool("doctor --work workspace")["problems"] == []
    unpool("group --work workspace --groups 3 --method kmeans")
    assert unpool("doctor --work workspace")["problems"] == []


def test_edits_are_taken_back_one_by_one(stored: Path, unpool: Command) -> None:
    assert unpool("undo --work workspace")["changed"] == 1
    assert table(stored)["label"].notna().sum() == 2
    assert unpool("undo --work workspace")["changed"] == 2
    assert table(stored)["label"].isna().all()


def test_it_gets_fields_and_loses_them_again(stored: Path, unpool: Command) -> None:
    lines = ["path,weight,marks", "disc/000.png,1.5,x|y", "disc/001.png,2,x", "gone.png,3,y"]
    (stored / "given.csv").write_text("\n".join(lines), "utf-8")
    result = unpool("label --work workspace --from given.csv")
    assert [result[name] for name in ("matched", "unmatched", "extra", "changed")] == [2, 10, 1, 2]
    before = table(stored)
    assert before["field:number:weight"].dropna().to_dict() == {"disc/000.png": 1.5, "disc/001.png": 2.0}
    assert unpool("doctor --work workspace")["problems"] == []
    unpool("undo --work workspace")
    after = table(stored)
    assert after["field:number:weight"].isna().all()
    assert after["label"].equals(before["label"])


def test_it_is_grouped_mapped_checked_and_searched_anew(stored: Path, unpool: Command) -> None:
    assert unpool("group --work workspace --groups 3 --method kmeans")["groups"] == 3
    assert unpool("map --work workspace --method pca")["images"] == 12
    found = unpool("check --work workspace")
    assert (found["images"], found["unreadable"]) == (12, 1)
    first = unpool("search disc/000.png --work workspace")["results"][0]
    assert first["path"] == "disc/000.png"
    assert unpool("evaluate --work workspace --labels folders")["accuracy"] > 0.9


def test_new_images_are_embedded_by_the_model_that_is_there(stored: Path, unpool: Command) -> None:
    shutil.copyfile(stored / "images/disc/000.png", stored / "images/disc/copy.png")
    before = table(stored)
    result = unpool("embed images --work workspace --model workspace/model")
    assert (result["images"], result["skipped"]) == (13, 1)
    after = table(stored)
    assert after["model"].dropna().unique().tolist() == before["model"].dropna().unique().tolist()
    np.testing.assert_allclose(
        after.loc["disc/copy.png", "vector"], before.loc["disc/000.png", "vector"], atol=1e-4
    )
    assert after["label"].dropna().to_dict() == before["label"].dropna().to_dict()


def test_the_classifier_names_the_classes_it_learnt(stored: Path) -> None:
    network = load_model(stored / "classifier").eval()
    pixels_HW = np.asarray(Image.open(stored / "images/stripes/000.png").resize((8, 8)), np.float32)
    with torch.no_grad():
        score_BK = network(torch.from_numpy(pixels_HW)[None, None] / 127.5 - 1)
    assert score_BK.shape == (1, 3)
    assert describe_model(stored / "classifier")["classes"][int(score_BK.argmax())] == "stripes"


def test_figures_are_what_they_were(unpool: Command, stored: Path) -> None:
    figures = json.loads((stored / "figures.json").read_text("utf-8"))
    now = unpool("reconstruct images/disc images/cross --model ./model --out out.png")["images"]
    then = figures["reconstruct"]["images"]
    assert [row["path"] for row in now] == [row["path"] for row in then]
    assert [row["mse"] for row in now] == pytest.approx([row["mse"] for row in then], rel=1e-3)
    now, then = unpool("evaluate --work workspace --labels folders"), figures["evaluate"]
    for name in ("accuracy", "nmi", "ari", "knn_accuracy", "silhouette", "coverage"):
        assert now[name] == pytest.approx(then[name], abs=1e-4), name
    now = unpool("segment evaluate scenes/images scenes/masks --model ./segmenter")
    assert now["mean_iou"] == pytest.approx(figures["segment evaluate"]["mean_iou"], abs=1e-4)


def test_pixels_are_labelled(unpool: Command, stored: Path) -> None:
    result = unpool("segment predict images/disc --model ./segmenter --out labels")
    assert result["images"] == 4
    label = np.asarray(Image.open(stored / "labels" / "000.png"))
    assert label.shape == (12, 12)
    assert set(np.unique(label)) <= {0, 1}
