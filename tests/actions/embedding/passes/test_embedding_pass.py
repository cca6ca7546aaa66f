"""One pass counts what came, went and moved, and says what cannot be seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from support.messages import Messages
from unpool.actions.curation.edit import label
from unpool.actions.embedding.passes.embedding_pass import EmbeddingPass
from unpool.actions.encoders.model_request import ModelRequest
from unpool.images.source import open_source
from unpool.networks.catalogue import build_network
from unpool.store.lock import working
from unpool.store.table import ImageTable
from unpool.training.model_file import save_model


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    (folder / "far").mkdir(parents=True)
    for number, name in enumerate(("a", "b", "far/c")):
        Image.new("RGB", (12, 9), (80 * number, 40, 9)).save(folder / f"{name}.png")
    return folder


@pytest.fixture
def model(tmp_path: Path) -> str:
    network = build_network("conv", size=8, channels=3, width=4, decoder="none", seed=0)
    save_model(tmp_path / "model", network)
    return str(tmp_path / "model")


def make_pass(images: Path, work: Path, progress: Messages) -> EmbeddingPass:
    source = open_source(str(images), None)
    return EmbeddingPass(work, source, source.scan(), "cpu", progress)


def test_a_pass_counts_what_it_does(images: Path, model: str, tmp_path: Path) -> None:
    work, progress = tmp_path / "a.unpool", Messages()
    with working(work, "test", create=True):
        first = make_pass(images, work, progress)
        first.fill(ModelRequest(model, may_train=False))
        done = first.finish()
    assert (done.images, done.embedded, done.removed, done.moved) == (3, 3, 0, 0)
    assert done.dimension == ImageTable(work).dimension
    assert done.seconds["embed"] > 0
    label(work, "a.png", "red")
    (images / "a.png").rename(images / "renamed.png")
    (images / "b.png").unlink()
    for file in (images / "far").iterdir():
        file.unlink()
    (images / "far").rmdir()
    with working(work, "test"):
        second = make_pass(images, work, progress)
        second.fill(ModelRequest(model, may_train=False))
        done = second.finish()
    assert (done.images, done.embedded, done.removed, done.moved) == (2, 0, 1, 1)
    assert any("1 image cannot be found, since the folder far is missing" in each for each in progress.texts)
    rows = ImageTable(work).arrow(["path", "label"]).to_pylist()
    assert {row["path"]: row["label"] for row in rows} == {"renamed.png": "red", "far/c.png": None}
