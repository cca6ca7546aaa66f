"""Reconstruction errors: those of NumPy, computed where they are missing, by trained decoders only."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from unpool.actions.curation import reconstruction_error
from unpool.actions.curation.reconstruction_error import compute_reconstruction_errors, has_trained_decoder
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.networks.catalogue import build_network
from unpool.store.state import MODEL, write_state
from unpool.store.table import ImageTable
from unpool.training.model_file import load_model, save_model

SIZE = 8
PATHS = [f"{number}.png" for number in range(5)]


def save_network(folder: Path, *, decoder: str = "unpool", seed: int = 0, **described: Any) -> None:
    network = build_network("conv", size=SIZE, channels=1, width=4, decoder=decoder, seed=seed)
    save_model(folder, network, **({"training": {"seed": seed}} | described))


def save_classifier(folder: Path) -> None:
    network = build_network("conv", size=SIZE, channels=1, width=4, num_classes=2)
    save_model(folder, network, training={"seed": 0}, classes=["cat", "dog"])


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Five images of random pixels at the network's size, in a workspace whose network counts as trained."""
    work, images = tmp_path / "w.unpool", tmp_path / "images"
    images.mkdir()
    rng = np.random.default_rng(0)
    for path in PATHS:
        Image.fromarray(rng.integers(0, 256, (SIZE, SIZE), np.uint8)).save(images / path)
    table = ImageTable.create(work)
    table.upsert([{"path": path, "status": "ok"} for path in PATHS])
    table.upsert([{"path": "broken.png", "status": "skipped"}])
    write_state(work, images=str(images))
    save_network(work / MODEL)
    return work


class Stages(Progress):
    """Remembers the amount of work of each stage."""

    def __init__(self) -> None:
        self.totals: list[tuple[str, float | None]] = []

    def stage(self, name: str, total: float | None = None, unit: str = "") -> Any:
        self.totals.append((name, total))
        return super().stage(name, total, unit)


def compute(work: Path, progress: Progress | None = None) -> dict[str, float]:
    compute_reconstruction_errors(work, ImageTable(work), "cpu", progress or Progress())
    frame = ImageTable(work).frame(["path", "reconstruction_error"]).set_index("path")
    errors: dict[str, float] = frame["reconstruction_error"].dropna().to_dict()
    return errors


def test_errors_are_mean_squares_from_the_code_alone(work: Path) -> None:
    network = load_model(work / MODEL).eval()
    pixels_BHW = np.stack([np.asarray(Image.open(work.parent / "images" / path)) for path in PATHS]) / 255
    with torch.no_grad():
        code = network.encode(torch.from_numpy((pixels_BHW[:, None] - 0.5) / 0.5).float())
        output_BHW = network.decode(code, size=SIZE)[:, 0].numpy() * 0.5 + 0.5
    expected_B = np.square(output_BHW.clip(0, 1) - pixels_BHW).mean(axis=(1, 2))
    assert compute(work) == pytest.approx(dict(zip(PATHS, expected_B, strict=True)), rel=1e-4)


def test_only_missing_errors_are_computed(work: Path) -> None:
    before = compute(work)
    stages = Stages()
    assert compute(work, stages) == before
    assert stages.totals == []
    ImageTable(work).update(PATHS[1:3], {"reconstruction_error": [None, None]})
    ImageTable(work).update(PATHS[:1], {"reconstruction_error": [7.0]})
    assert compute(work, stages) == before | {PATHS[0]: 7.0}
    assert stages.totals == [("reconstructing", 2)]


def test_batches_end_where_they_should_and_are_written_in_between(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = compute(work)
    ImageTable(work).update(PATHS, {"reconstruction_error": [None] * len(PATHS)})
    monkeypatch.setattr(reconstruction_error, "BATCH", 2)
    monkeypatch.setattr(reconstruction_error, "FLUSH_INTERVAL", -1.0)
    written: list[int] = []
    update = ImageTable.update

    def count(table: ImageTable, paths: list[str], columns: dict[str, Any]) -> None:
        written.append(len(paths))
        update(table, paths, columns)

    monkeypatch.setattr(ImageTable, "update", count)
    assert compute(work) == pytest.approx(whole, rel=1e-5)
    assert [size for size in written if size] == [2, 2, 1]


def test_images_that_are_gone_or_broken_are_left_without(work: Path) -> None:
    (work.parent / "images" / PATHS[0]).unlink()
    (work.parent / "images" / PATHS[3]).write_bytes(b"\x89PNG broken")
    assert set(compute(work)) == {PATHS[1], PATHS[2], PATHS[4]}


def test_without_their_folder_all_images_are_left_without(work: Path) -> None:
    (work.parent / "images").rename(work.parent / "elsewhere")
    assert compute(work) == {}


def test_a_workspace_that_does_not_say_where_its_images_are_is_an_error(work: Path) -> None:
    write_state(work, images=None)
    with pytest.raises(UnpoolError, match="does not know where its images are"):
        compute(work)


def test_values_that_are_not_finite_are_an_error(work: Path) -> None:
    network = load_model(work / MODEL)
    with torch.no_grad():
        for weight in network.decoder.parameters():
            weight.fill_(float("nan"))
    save_model(work / MODEL, network, training={"seed": 0})
    with pytest.raises(UnpoolError, match=r"model .* returns values that are not finite; train it again"):
        compute(work)
    assert ImageTable(work).frame(["reconstruction_error"])["reconstruction_error"].isna().all()


@pytest.mark.parametrize(
    ("save", "is_trained"),
    [
        (save_network, True), (partial(save_network, training=None), False),
        (partial(save_network, decoder="none"), False), (save_classifier, False),
    ],
    ids=["trained", "untrained", "no decoder", "classifier"],
)  # fmt: skip
def test_errors_need_a_trained_decoder(work: Path, save: Callable[[Path], None], is_trained: bool) -> None:
    save(work / MODEL)
    assert has_trained_decoder(work / MODEL) is is_trained
    assert set(compute(work)) == (set(PATHS) if is_trained else set())


def test_no_model_has_no_trained_decoder(tmp_path: Path) -> None:
    assert not has_trained_decoder(tmp_path)
