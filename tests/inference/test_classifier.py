"""A classifier comes back from its folder as it was, or says what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from unpool.analysis.classification.heads import HEADS, fit_head
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.images.values.rules import ValueRules
from unpool.inference.classifier import Classifier, load_classifier, save_classifier
from unpool.inference.model import load_encoder
from unpool.networks.catalogue import build_network
from unpool.training.model_file import model_id, save_model

VECTORS = np.random.default_rng(0).normal(size=(40, 16)).astype(np.float32)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("encoder") / "m"
    save_model(path, build_network("conv", size=8, channels=1, width=4, decoder="none", seed=0))
    return path


def make_classifier(kind: str = "linear", abstain_below: float = 0.8) -> Classifier:
    head = fit_head(VECTORS, (VECTORS[:, 0] > 0).astype(int), kind)
    rules = ValueRules(range=(0.0, 4095.0))
    return Classifier(head, ("hat", "shoe"), 0.5, abstain_below, "label", rules, {"images": 40})


@pytest.mark.parametrize("kind", HEADS)
def test_what_is_written_is_read(encoder: Path, tmp_path: Path, kind: str) -> None:
    before = make_classifier(kind)
    save_classifier(tmp_path / "m", before, encoder)
    after = load_classifier(tmp_path / "m")
    np.testing.assert_array_equal(after.probabilities(VECTORS), before.probabilities(VECTORS))
    assert (after.classes, after.temperature, after.abstain_below, after.field, after.rules, after.record) == (
        before.classes, before.temperature, before.abstain_below, before.field, before.rules, before.record,
    )  # fmt: skip
    assert {path.name for path in (tmp_path / "m").iterdir()} == {
        "model.json", "model.safetensors", "head.safetensors", "classifier.onnx",
    }  # fmt: skip


def test_folder_embeds_as_the_encoder_does(encoder: Path, tmp_path: Path) -> None:
    save_classifier(tmp_path / "m", make_classifier(), encoder)
    assert model_id(tmp_path / "m") == model_id(encoder)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 1), dtype=np.uint8)
    vectors = [
        load_encoder(folder, "cpu", Progress()).encoder(pixels) for folder in (encoder, tmp_path / "m")
    ]
    np.testing.assert_array_equal(*vectors)


def test_answers_below_the_threshold_are_withheld() -> None:
    answers = make_classifier(abstain_below=0.99).answer(VECTORS)
    assert answers.is_withheld_M.tolist() == (answers.probability_M < 0.99).tolist()
    assert 0 < answers.is_withheld_M.sum() < 40
    assert answers.number_M.tolist() == make_classifier().head.logits(VECTORS).argmax(axis=1).tolist()
    assert make_classifier(abstain_below=1.0).answer(VECTORS).is_withheld_M.all()


def test_damage_is_named(encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(UnpoolError, match="holds a model that names nothing; make one with unpool classify"):
        load_classifier(encoder)
    folder = tmp_path / "m"
    save_classifier(folder, make_classifier(), encoder)
    content = (folder / "head.safetensors").read_bytes()
    (folder / "head.safetensors").write_bytes(content[:-4] + b"\0\0\0\1")
    with pytest.raises(UnpoolError, match=r"is damaged .*not the file that model.json was written for"):
        load_classifier(folder)
    (folder / "head.safetensors").write_bytes(b"")
    with pytest.raises(UnpoolError, match="is damaged"):
        load_classifier(folder)
    (folder / "head.safetensors").unlink()
    with pytest.raises(UnpoolError, match=r"it has no head\.safetensors; make it again"):
        load_classifier(folder)


def test_half_written_folder_is_no_classifier(encoder: Path, tmp_path: Path, monkeypatch) -> None:
    folder = tmp_path / "m"
    save_classifier(folder, make_classifier(), encoder)

    def fail(*_: object) -> None:
        raise OSError("killed here")

    monkeypatch.setattr("unpool.inference.classifier.build_onnx", fail)
    with pytest.raises(OSError, match="killed here"):
        save_classifier(folder, make_classifier("knn"), encoder)
    with pytest.raises(UnpoolError, match="names nothing"):
        load_classifier(folder)


def test_model_json_stays_one_of_an_encoder(encoder: Path, tmp_path: Path) -> None:
    save_classifier(tmp_path / "m", make_classifier(), encoder)
    described = json.loads((tmp_path / "m" / "model.json").read_text())
    section = described.pop("classifier")
    assert described == json.loads((encoder / "model.json").read_text())
    assert section["classes"] == ["hat", "shoe"]
