"""The model of a workspace is whole, and the one of its vectors."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from support.sick import check_is_healed, examine
from support.states import MODEL
from unpool.actions.health.model_files import find_reason
from unpool.networks.catalogue import build_network
from unpool.store.state import read_state
from unpool.store.table import ImageTable
from unpool.training.model_file import load_model, save_model


def cut(name: str, work: Path) -> None:
    """Half of a file of the model, under a new number: what shares it stays."""
    file = work / "model" / name
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
def test_a_damaged_model_is_copied_from_where_it_came(sick: Path, name: str) -> None:
    check_is_healed(sick, lambda work: cut(name, work), {"model"})
    load_model(sick / "model")
    assert find_reason(sick / "model", read_state(sick)["embedded_by"]) is None


def test_another_model_is_replaced(sick: Path) -> None:
    options = {"size": 8, "channels": 1, "width": 4}
    save_model(sick / "model", build_network("conv", decoder="unpool", seed=1, **options), options=options)
    assert examine(sick) == [("model", True)]
    assert examine(sick) == []


def test_a_model_of_which_there_is_no_copy_is_left(sick: Path) -> None:
    shutil.rmtree(sick.parent / MODEL)
    shutil.rmtree(sick / "edits", ignore_errors=True)
    cut("model.json", sick)
    assert examine(sick) == [("model", False)]


def test_a_model_of_a_newer_version_is_left(sick: Path) -> None:
    file = sick / "model" / "model.json"
    content = file.read_text("utf-8").replace('"format": 1', '"format": 2')
    file.unlink()
    file.write_text(content, "utf-8")
    assert examine(sick) == [("version", False)]
    assert file.read_text("utf-8") == content


def test_an_export_that_cannot_be_read_is_made_again(sick: Path) -> None:
    if not (sick / "model" / "encoder.onnx").is_file():
        pytest.skip("it runs on torch here")
    check_is_healed(sick, lambda work: cut("encoder.onnx", work), {"model"})


def test_an_export_of_another_model_is_made_again(sick: Path) -> None:
    from unpool.inference.encoder import export_encoder

    options = {"size": 8, "channels": 1, "width": 4}
    (sick / "model" / "encoder.onnx").unlink()
    export_encoder(
        build_network("conv", decoder="unpool", seed=5, **options).eval(), sick / "model" / "encoder.onnx"
    )
    check_is_healed(sick, lambda work: None, {"model"})


def test_vectors_of_something_else_are_reported(sick: Path) -> None:
    table = ImageTable(sick)
    paths, vectors = table.vectors()
    table.update(paths, {"vector": np.random.default_rng(0).normal(size=vectors.shape)})
    assert ("vectors", False) in examine(sick)
