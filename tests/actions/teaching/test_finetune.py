"""A tuned network is judged by images that it has not seen, and used where it is better."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from support.messages import Messages
from support.pictures import make_shapes
from support.teaching import make_taught_workspace, save_small_model
from unpool.actions.embedding.embed import embed
from unpool.actions.embedding.settings import EmbedSettings
from unpool.actions.teaching import finetune as module
from unpool.actions.teaching.classify_predict import predict_images
from unpool.actions.teaching.classify_settings import ClassifyTrainSettings
from unpool.actions.teaching.classify_train import classify_train
from unpool.actions.teaching.finetune import tune_network
from unpool.actions.teaching.scratch import scratch_of
from unpool.actions.teaching.taught_images import read_taught_images
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError
from unpool.store.table import ImageTable
from unpool.training.model_file import model_id

TUNE = ClassifyTrainSettings(head="linear", finetune=True, minutes=1)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("place")
    paths = make_shapes(place / "images", each=20)
    save_small_model(place / "network", size=12)
    embed(str(place / "images"), EmbedSettings(model=str(place / "network")), work=place / "w.unpool")
    ImageTable(place / "w.unpool").update(paths, {"label": [path.split("/")[0] for path in paths]})
    return place / "w.unpool"


def pretend_training(monkeypatch: pytest.MonkeyPatch, seed: int) -> list[list[str]]:
    """Write a network of other random weights in place of a trained one; returns the paths it was taught."""
    taught: list[list[str]] = []

    def train(source, settings, *, out, progress):
        with Path(settings.labels).open(newline="") as stream:
            taught.append([row["path"] for row in csv.DictReader(stream)])
        save_small_model(out, size=12, seed=seed)
        return {"steps": 7}

    monkeypatch.setattr(module, "train", train)
    return taught


def test_held_out_images_are_not_trained_on(work: Path, tmp_path: Path, monkeypatch) -> None:
    given = pretend_training(monkeypatch, seed=5)
    taught = read_taught_images(work)
    tuned = tune_network(work, taught, tmp_path, minutes=1, seed=0, progress=Progress())
    held = {path for path, is_held in zip(taught.paths, tuned.is_held_N, strict=True) if is_held}
    assert len(held) == 12
    assert set(given[0]) == set(taught.paths) - held
    assert tuned.vector_ND.shape == taught.vector_ND.shape
    assert not np.allclose(tuned.vector_ND, taught.vector_ND)
    assert tuned.steps == 7


def test_network_that_is_no_better_is_not_used(work: Path, tmp_path: Path, monkeypatch) -> None:
    pretend_training(monkeypatch, seed=0)  # the same weights
    messages = Messages()
    result = classify_train(work, TUNE, out=tmp_path / "m", progress=messages)
    assert result["finetuned"]["kept"] is False
    assert result["measured_on"] == 60
    assert model_id(tmp_path / "m") == model_id(work / "model")
    assert any("too little to be used" in text for text in messages.texts)
    assert not scratch_of(tmp_path / "m").exists()


def test_better_network_is_used_and_its_figures_are_of_held_out_images(
    work: Path, tmp_path: Path, monkeypatch
) -> None:
    pretend_training(monkeypatch, seed=5)
    paths, known_ND = ImageTable(work).vectors()
    noise_ND = np.random.default_rng(0).normal(size=known_ND.shape) * known_ND.std() * 20
    ImageTable(work).update(paths, {"vector": (known_ND + noise_ND).astype(np.float32)})
    try:
        result = classify_train(work, TUNE, out=tmp_path / "m")
    finally:
        ImageTable(work).update(paths, {"vector": known_ND})
    assert result["finetuned"]["kept"] is True
    assert result["finetuned"]["accuracy_after"] > result["finetuned"]["accuracy_before"]
    assert result["accuracy"] == result["finetuned"]["accuracy_after"]
    assert (result["measured_on"], result["learning_curve"], result["forecast"]) == (12, [], None)
    assert model_id(tmp_path / "m") != model_id(work / "model")
    assert (
        "of 12 of them, which neither network nor head have seen"
        in (tmp_path / "m" / "README.md").read_text()
    )
    rows = predict_images(work, str(work.parent / "images"), model=tmp_path / "m")
    assert np.mean([label == path.split("/")[0] for path, label, _, _ in rows]) > 0.8


def test_too_few_images_and_half_an_option_are_errors(tmp_path: Path) -> None:
    small = make_taught_workspace(tmp_path / "w.unpool", num=30, labelled=30)
    with pytest.raises(UnpoolError, match=r"--finetune needs 50 labelled images or more, and .* has 30"):
        classify_train(small, TUNE, out=tmp_path / "m")
    with pytest.raises(UsageError, match="--finetune and --minutes M go together"):
        ClassifyTrainSettings(finetune=True)
    with pytest.raises(UsageError, match="--finetune and --minutes M go together"):
        ClassifyTrainSettings(minutes=3)


@pytest.mark.slow
def test_network_is_tuned_by_the_training_that_exists(work: Path, tmp_path: Path) -> None:
    settings = ClassifyTrainSettings(head="linear", finetune=True, minutes=0.1)
    result = classify_train(work, settings, out=tmp_path / "m")
    assert result["finetuned"]["steps"] > 0
    assert 0 <= result["finetuned"]["accuracy_after"] <= 1
