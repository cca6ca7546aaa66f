"""What a classifier was taught, how good it says it is, and how good it is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from support.messages import Messages
from support.teaching import NAMES, make_taught_workspace, make_vectors
from unpool.actions.teaching import classify_train as module
from unpool.actions.teaching.classify_settings import ClassifyTrainSettings
from unpool.actions.teaching.classify_train import classify_train
from unpool.errors import UnpoolError, UsageError
from unpool.inference.classifier import load_classifier
from unpool.store.state import write_state
from unpool.store.table import ImageTable

LINEAR = ClassifyTrainSettings(head="linear")


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_taught_workspace(tmp_path_factory.mktemp("w") / "w.unpool", num=160, labelled=150, width=1.6)


@pytest.fixture(scope="module")
def made(work: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    out = tmp_path_factory.mktemp("m") / "model"
    return out, classify_train(work, out=out)


def test_result_has_all_that_is_promised(made) -> None:
    out, result = made
    promised = (
        "out images classes accuracy accuracy_low accuracy_high ece abstain_below per_class learning_curve"
    )
    assert set(promised.split()) <= set(result)
    assert (result["out"], result["images"], result["classes"]) == (str(out), 150, 3)
    assert set(result["per_class"]) == set(NAMES)
    assert all(set(row) == {"precision", "recall", "images"} for row in result["per_class"].values())
    assert [point["labels"] for point in result["learning_curve"]] == [10, 20, 50, 120]
    assert {row["head"] for row in result["heads"]} == {"linear", "kernel", "knn"}
    json.dumps(result, allow_nan=False)


def test_figures_hold_for_images_that_it_has_not_seen(made) -> None:
    out, result = made
    vector_MD, true_M = make_vectors(3000, width=1.6, seed=7)
    answers = load_classifier(out).answer(vector_MD)
    is_right_M = np.array([NAMES.index(load_classifier(out).classes[n]) for n in answers.number_M]) == true_M
    assert result["accuracy_low"] <= is_right_M.mean() <= result["accuracy_high"]
    assert 0.6 < is_right_M.mean() < 0.99
    given_M = ~answers.is_withheld_M
    assert given_M.mean() > 0.3
    assert (~is_right_M[given_M]).mean() <= 0.07


def test_folder_holds_onnx_card_and_picture(made) -> None:
    out, result = made
    vector_MD, _ = make_vectors(5, seed=3)
    session = onnxruntime.InferenceSession(str(out / "classifier.onnx"), providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(
        session.run(["probability"], {"vector": vector_MD})[0], load_classifier(out).probabilities(vector_MD),
        atol=1e-5,
    )  # fmt: skip
    card = (out / "README.md").read_text("utf-8")
    assert f"Accuracy {result['accuracy']:.3f}" in card
    assert "| sock | 50 |" in card
    assert (out / "confusion.png").read_bytes().startswith(b"\x89PNG")
    assert load_classifier(out).record["accuracy"] == result["accuracy"]


def test_same_seed_gives_the_same_classifier(work: Path, tmp_path: Path) -> None:
    for name in "ab":
        classify_train(work, LINEAR, out=tmp_path / name)
    heads = [(tmp_path / name / "head.safetensors").read_bytes() for name in "ab"]
    assert heads[0] == heads[1]


def test_wrong_labels_cost_accuracy(work: Path, tmp_path: Path) -> None:
    table = ImageTable(work)
    before = table.frame(["path", "label"]).dropna()
    mixed = np.random.default_rng(0).permutation(before["label"]).tolist()
    table.update(before["path"].tolist(), {"label": mixed})
    try:
        result = classify_train(work, LINEAR, out=tmp_path / "m")
    finally:
        table.update(before["path"].tolist(), {"label": before["label"].tolist()})
    assert result["accuracy"] < 0.6
    assert result["abstain_below"] == 1.0
    assert "No answers" in (tmp_path / "m" / "README.md").read_text("utf-8")


def test_few_labels_make_a_classifier_that_promises_nothing(tmp_path: Path) -> None:
    work = make_taught_workspace(tmp_path / "w.unpool", num=8, labelled=4)
    messages = Messages()
    result = classify_train(work, out=tmp_path / "m", progress=messages)
    assert (result["images"], result["abstain_below"], result["forecast"]) == (4, 1.0, None)
    assert any("2 of 3 classes have one image" in text for text in messages.texts)
    assert any("so none is given; label more images" in text for text in messages.texts)


def test_many_labels_are_sampled_and_said_so(work: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(module, "MAX_MEASURED", 60)
    monkeypatch.setattr(module, "MAX_FITTED", 100)
    result = classify_train(work, LINEAR, out=tmp_path / "m")
    assert (result["images"], result["measured_on"], result["fitted_to"]) == (150, 60, 100)
    card = (tmp_path / "m" / "README.md").read_text("utf-8")
    assert "fitted to 100 of the images" in card
    assert "on 60 of them" in card


def test_errors_come_before_anything_is_written(work: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.txt").write_text("x")
    with pytest.raises(UsageError, match="is no model and holds"):
        classify_train(work, out=tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["a.txt"]
    with pytest.raises(UsageError, match="head"):
        classify_train(work, ClassifyTrainSettings(head="forest"), out=tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_vectors_of_another_model_are_an_error(tmp_path: Path) -> None:
    work = make_taught_workspace(tmp_path / "w.unpool", num=6, labelled=6)
    write_state(work, embedded_by="another-123")
    with pytest.raises(UnpoolError, match="are of the model another-123, not of the one in it"):
        classify_train(work, out=tmp_path / "m")
    (work / "model" / "model.json").unlink()
    with pytest.raises(UnpoolError, match="has no model yet"):
        classify_train(work, out=tmp_path / "m")


def test_model_of_the_workspace_stays(work: Path) -> None:
    before = (work / "model" / "model.json").read_bytes()
    with pytest.raises(UsageError, match=r"is the model that embeds the workspace, .* name another folder"):
        classify_train(work, LINEAR, out=work / "model")
    assert (work / "model" / "model.json").read_bytes() == before
