"""Who embeds: the same rows from this process and from workers, whose model travels."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from support.pretended_ray import pretended_workers
from unpool.core.progress import Progress
from unpool.engines import embedding as module
from unpool.engines.embedding import (
    EmbeddingJob,
    EmbeddingWork,
    LocalEngine,
    RayEngine,
    check_is_unseen,
    crashed_row,
)
from unpool.engines.model_parts import pack_model
from unpool.engines.ray_cluster import RayRequest
from unpool.engines.ray_worker import Place
from unpool.errors import UnpoolError
from unpool.images.reading.scan import ImageFile
from unpool.images.source import FolderSource
from unpool.inference.model import LoadedEncoder
from unpool.networks.catalogue import build_network
from unpool.networks.preprocessing import Preprocessing
from unpool.store.columns import Row
from unpool.training.model_file import describe_model, save_model

REQUEST = RayRequest(None, "cpu", Progress())


def mean_colour(pixels_BHWC: np.ndarray) -> np.ndarray:
    vectors_BD: np.ndarray = pixels_BHWC.mean((1, 2), dtype=np.float32)
    return vectors_BD


def load(folder: Path, device: str, progress: Progress) -> LoadedEncoder:
    preprocessing = Preprocessing.from_dict(describe_model(folder)["preprocessing"])
    return LoadedEncoder(mean_colour, preprocessing, "id", 3)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    save_model(folder, build_network("conv", size=8, channels=3, width=4, decoder="none", seed=0))
    return folder


@pytest.fixture
def source(tmp_path: Path) -> FolderSource:
    rng = np.random.default_rng(0)
    (tmp_path / "images").mkdir()
    for number in range(9):
        pixels = rng.integers(0, 256, (16, 20, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "images" / f"{number}.png")
    (tmp_path / "images" / "4.png").write_bytes(b"\x89PNG broken")
    return FolderSource(tmp_path / "images")


def rows_of(engine: module.Engine, source: FolderSource, model: Path) -> list[Row]:
    job = EmbeddingJob(source, source.scan().files, model, load(model, "cpu", Progress()))
    with engine.embedding(job) as chunks:
        return [row for rows in chunks for row in rows]


@pytest.fixture
def without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work goes through pickle and is done here, piece by piece."""
    monkeypatch.setattr(module, "ray_workers", pretended_workers)
    monkeypatch.setattr(module, "load_encoder", load)


@pytest.mark.usefixtures("without_ray")
def test_rows_are_those_of_the_local_engine(source: FolderSource, model: Path) -> None:
    engine = RayEngine(REQUEST)
    local, by_workers = rows_of(LocalEngine(), source, model), rows_of(engine, source, model)
    assert engine.num_actors == 2
    assert [row["path"] for row in by_workers] == [f"{number}.png" for number in range(9)]
    for row, other in zip(local, by_workers, strict=True):
        assert {name: value for name, value in row.items() if name != "vector"} == {
            name: value for name, value in other.items() if name != "vector"
        }
        np.testing.assert_array_equal(row.get("vector"), other.get("vector"))
    assert by_workers[4]["status"] == "skipped"


@pytest.mark.usefixtures("without_ray")
def test_a_file_that_workers_alone_do_not_see_is_an_error(
    source: FolderSource, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = source.folder / "2.png"
    original = FolderSource.read

    def read(self: FolderSource, file: ImageFile, min_side: int) -> Any:
        gone.rename(gone.with_suffix(".kept"))
        try:
            return original(self, file, min_side)
        finally:
            gone.with_suffix(".kept").rename(gone)

    monkeypatch.setattr(FolderSource, "read", read)
    with pytest.raises(UnpoolError, match=r"a worker of Ray cannot read .*2\.png, which is here; mount"):
        rows_of(RayEngine(REQUEST), source, model)


def test_without_files_nothing_starts(
    source: FolderSource, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ray_workers", None)
    engine = RayEngine(REQUEST)
    with engine.embedding(EmbeddingJob(source, [], model, load(model, "cpu", Progress()))) as chunks:
        assert list(chunks) == []
    assert engine.num_actors == 0


def test_what_ends_every_worker_is_skipped_with_its_reason(source: FolderSource) -> None:
    row = crashed_row(source.scan().files[3])
    assert (row["path"], row["status"], row["problem"]) == ("3.png", "skipped", "crashed")
    assert row["vector"] is None


def test_only_files_that_are_here_must_be_seen_by_workers(tmp_path: Path) -> None:
    here = tmp_path / "here.png"
    here.touch()
    check_is_unseen("missing", tmp_path / "gone.png")
    check_is_unseen("corrupt", here)
    check_is_unseen(None, here)
    with pytest.raises(UnpoolError, match="which is here"):
        check_is_unseen("no-permission", here)


def test_a_worker_needs_nothing_but_what_it_is_sent(source: FolderSource, model: Path) -> None:
    work = EmbeddingWork(source, pack_model(model))
    sent = pickle.dumps(work)
    for file in model.iterdir():
        file.unlink()
    (row, *_) = pickle.loads(sent)(Place("cpu", 1))(source.scan().files)
    assert row["status"] == "ok"
    assert np.isfinite(row["vector"]).all()
