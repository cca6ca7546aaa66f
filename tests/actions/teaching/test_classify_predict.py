"""Names for new files and for those of a workspace are the same, also after an interruption."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from support.messages import Messages
from support.pictures import make_shapes
from support.teaching import save_small_model
from unpool import Workspace
from unpool.actions.embedding.embed import embed
from unpool.actions.embedding.settings import EmbedSettings
from unpool.actions.teaching import classify_predict as module
from unpool.actions.teaching.classify_predict import classify_predict, scratch_of
from unpool.actions.teaching.classify_settings import ClassifyPredictSettings, ClassifyTrainSettings
from unpool.actions.teaching.classify_train import classify_train
from unpool.core.atomic_files import write_text
from unpool.errors import UnpoolError, UsageError
from unpool.inference.classifier import load_classifier
from unpool.store.state import read_state, write_state
from unpool.store.table import ImageTable


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shapes in `images`, their workspace with labels, and a classifier that names half of them."""
    place = tmp_path_factory.mktemp("place")
    paths = make_shapes(place / "images", each=20)
    (place / "images" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 40)
    save_small_model(place / "network", size=12)
    embed(str(place / "images"), EmbedSettings(model=str(place / "network")), work=place / "w.unpool")
    labelled = paths[::2]
    ImageTable(place / "w.unpool").update(labelled, {"label": [path.split("/")[0] for path in labelled]})
    settings = ClassifyTrainSettings(head="linear", error=0.3)
    classify_train(place / "w.unpool", settings, out=place / "model")
    return place


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_new_files_are_named_as_those_of_the_workspace(place: Path, tmp_path: Path) -> None:
    messages = Messages()
    new = classify_predict(
        str(place / "images"), model=place / "model", out=tmp_path / "new.csv", progress=messages
    )
    own = classify_predict(None, model=place / "model", out=tmp_path / "own.csv", work=place / "w.unpool")
    assert (tmp_path / "new.csv").read_bytes() == (tmp_path / "own.csv").read_bytes()
    found = rows(tmp_path / "new.csv")
    assert list(found[0]) == ["path", "label", "probability", "abstained"]
    assert [row["path"] for row in found] == sorted(row["path"] for row in found)
    assert np.mean([row["label"] == row["path"].split("/")[0] for row in found]) > 0.8
    abstained = [row["abstained"] == "true" for row in found]
    threshold = classifier_threshold(place)
    assert abstained == [float(row["probability"]) < threshold for row in found]
    for result in (new, own):
        assert (result["images"], result["skipped"], result["abstained"]) == (60, 1, sum(abstained))
    assert [text for text in messages.texts if "skipped" in text] == ["1 skipped: broken.png (truncated)"]
    assert [path.name for path in tmp_path.iterdir() if path.name != "own.csv"] == ["new.csv"]


def rows_of(place: Path, folder: Path) -> list[dict[str, str]]:
    classify_predict(None, model=place / "model", out=folder / "all.csv", work=place / "w.unpool")
    return rows(folder / "all.csv")


def classifier_threshold(place: Path) -> float:
    return load_classifier(place / "model").abstain_below


def test_python_names_new_files_and_those_of_the_workspace(place: Path, tmp_path: Path) -> None:
    workspace = Workspace(place / "w.unpool")
    own = workspace.classify_predict(place / "model")
    pd.testing.assert_frame_equal(workspace.classify_predict(place / "model", place / "images"), own)
    classify_predict(None, model=place / "model", out=tmp_path / "a.csv", work=place / "w.unpool")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "a.csv"), own)
    assert workspace.classify_train(tmp_path / "m", head="knn")["head"] == "knn"


def test_stopped_command_goes_on(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "a.csv"

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(module, "write_csv", stop)
        with pytest.raises(KeyboardInterrupt):
            classify_predict(str(place / "images"), model=place / "model", out=out)
    assert not out.exists()
    assert scratch_of(out).is_dir()
    result = classify_predict(str(place / "images"), model=place / "model", out=out)
    assert (result["images"], result["embedded"]) == (60, 0)
    assert not scratch_of(out).exists()


def test_what_another_command_left_is_not_used(place: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.csv"
    shutil.copytree(place / "w.unpool", scratch_of(out))
    write_state(scratch_of(out), images=str(tmp_path / "elsewhere"))
    assert classify_predict(str(place / "images"), model=place / "model", out=out)["embedded"] == 60


def test_folder_without_images_leaves_nothing(place: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnpoolError, match="there is no image in"):
        classify_predict(str(tmp_path / "empty"), model=place / "model", out=tmp_path / "a.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_images_are_copied_into_folders_of_their_classes(place: Path, tmp_path: Path) -> None:
    classify_predict(None, model=place / "model", out=tmp_path / "sorted", work=place / "w.unpool")
    table = rows(tmp_path / "sorted" / "predictions.csv")
    for row in table:
        folder = "abstained" if row["abstained"] == "true" else row["label"]
        names = {path.name for path in (tmp_path / "sorted" / folder).iterdir()}
        assert any(name.endswith(Path(row["path"]).name) for name in names)
    copies = list((tmp_path / "sorted").glob("*/*.png"))
    assert len(copies) == 60
    labels = ImageTable(place / "w.unpool").frame(["label"])["label"]
    assert labels.isna().sum() == 31  # nothing in the workspace is changed
    with pytest.raises(UnpoolError, match="is there already"):
        classify_predict(None, model=place / "model", out=tmp_path / "sorted", work=place / "w.unpool")


def test_names_of_classes_never_meet_the_table_or_what_is_withheld(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = load_classifier(place / "model")
    middle = float(np.median([float(row["probability"]) for row in rows_of(place, tmp_path)]))
    odd = replace(real, abstain_below=middle, classes=("abstained", "predictions.csv", *real.classes[2:]))
    monkeypatch.setattr(module, "load_classifier", lambda _: odd)
    classify_predict(None, model=place / "model", out=tmp_path / "sorted", work=place / "w.unpool")
    table = rows(tmp_path / "sorted" / "predictions.csv")
    folders = {"abstained": "abstained-2", "predictions.csv": "predictions-2.csv"}
    for row in table:
        folder = "abstained" if row["abstained"] == "true" else folders.get(row["label"], row["label"])
        names = [path.name for path in (tmp_path / "sorted" / folder).iterdir()]
        assert any(name.endswith(Path(row["path"]).name) for name in names)
    assert {row["abstained"] for row in table} == {"true", "false"}


def test_folders_appear_with_their_table(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(module, "write_csv", stop)
        with pytest.raises(KeyboardInterrupt):
            classify_predict(None, model=place / "model", out=tmp_path / "sorted", work=place / "w.unpool")
    assert not (tmp_path / "sorted").exists()


def test_wrong_use_is_explained(place: Path, tmp_path: Path) -> None:
    images, model, work = str(place / "images"), place / "model", place / "w.unpool"
    for source, workspace in ((None, None), (images, work)):
        with pytest.raises(UsageError, match="give a FOLDER of new images, or --work DIR"):
            classify_predict(source, model=model, out=tmp_path / "a.csv", work=workspace)
    with pytest.raises(UsageError, match="is a folder, but the table is a file"):
        classify_predict(images, ClassifyPredictSettings(to="csv"), model=model, out=tmp_path)
    with pytest.raises(UsageError, match="--link goes with --to folders"):
        classify_predict(images, ClassifyPredictSettings(link=True), model=model, out=tmp_path / "a.csv")
    with pytest.raises(UnpoolError, match="names nothing; make one with unpool classify train"):
        classify_predict(images, model=place / "network", out=tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []


def test_vectors_of_another_network_are_not_named(place: Path, tmp_path: Path) -> None:
    work = tmp_path / "w.unpool"
    shutil.copytree(place / "w.unpool", work)
    write_state(work, embedded_by="other-1")
    with pytest.raises(UnpoolError, match=r"are of the network other-1, but .* names those of conv-"):
        classify_predict(None, model=place / "model", out=tmp_path / "a.csv", work=work)
    assert read_state(work)["embedded_by"] == "other-1"


def test_deep_values_are_scaled_as_in_the_workspace(place: Path, tmp_path: Path, monkeypatch) -> None:
    model = tmp_path / "model"
    shutil.copytree(place / "model", model)
    text = (model / "model.json").read_text("utf-8")
    write_text(model / "model.json", text.replace('"range": null', '"range": [0.0, 4095.0]'))
    seen = []

    def note(source, request, *, work, **options):
        seen.append(read_state(work)["values"]["range"])
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "sync_embeddings", note)
    with pytest.raises(KeyboardInterrupt):
        classify_predict(str(place / "images"), model=model, out=tmp_path / "a.csv")
    assert seen == [[0.0, 4095.0]]
