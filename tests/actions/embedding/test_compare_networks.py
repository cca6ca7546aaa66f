"""`--network auto` with a budget: three networks are compared on some images, without labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from support.messages import Messages
from unpool.actions.embedding import adapt_features as adapting
from unpool.actions.embedding import compare_networks as comparing
from unpool.actions.embedding import prepare_model as prepare
from unpool.actions.embedding.choose_network import PRETRAINED, choose_compared, choose_network
from unpool.actions.embedding.compare_networks import MIN_IMAGES, CandidateResult, compare, format_table
from unpool.actions.embedding.run import run
from unpool.actions.embedding.settings import RunSettings
from unpool.core.progress import Progress
from unpool.images.source import FolderSource
from unpool.networks.catalogue import build_network
from unpool.store.state import read_state
from unpool.training.model_file import describe_model, save_model

CANDIDATES = {"pretrained", "adapted", "scratch"}


def tiny_pretrained(_: str, folder: Path) -> None:
    """A model of the pretrained kind that takes no time."""
    save_model(folder, build_network("conv", size=16, channels=3, width=8, decoder="none", seed=0))


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty pictures of 20 pixels in three plain kinds."""
    folder, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for number in range(60):
        pixels = rng.integers(0, 60, (20, 20, 3))
        pixels[..., number % 3] += 150
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}.png")
    return folder


@pytest.fixture(autouse=True)
def _few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """How well the network from scratch learns is not tested here."""
    monkeypatch.setattr(comparing, "TRIAL_STEPS", 5)


def tried(photos: Path, model: Path, seed: int = 0) -> list[CandidateResult]:
    if not model.exists():
        tiny_pretrained("", model)
    source = FolderSource(photos)
    return compare(source, source.scan().files, model, groups=3, side=20, seed=seed, progress=Progress())


def test_three_ways_the_best_first_and_the_same_again(photos: Path, tmp_path: Path) -> None:
    first, again = tried(photos, tmp_path / "m"), tried(photos, tmp_path / "m")
    assert {trial.name for trial in first} == CANDIDATES
    scores = [trial.score for trial in first]
    assert scores == sorted(scores, reverse=True)
    assert [trial.figures for trial in first] == [trial.figures for trial in again]
    assert first[0].score > 0.5, "three plain kinds stand apart"


def test_few_images_are_not_compared(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "MAX_IMAGES", MIN_IMAGES - 1)
    assert tried(photos, tmp_path / "m") == []
    assert format_table([]) == []
    assert choose_compared([], 20) is None


@pytest.mark.slow
def test_a_run_with_a_budget_takes_the_best_and_tells_of_all(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "copy_pretrained", tiny_pretrained)
    for way in sorted(CANDIDATES):
        monkeypatch.setattr(
            CandidateResult, "score", property(lambda trial, best=way: float(trial.name == best))
        )
        work = tmp_path / f"{way}.unpool"
        result = run(str(photos), RunSettings(groups=3, steps=4, device="cpu"), work=work)
        assert result["compared"][0]["way"] == way
        assert {row["way"] for row in result["compared"]} == CANDIDATES
        assert result["reason"].startswith(f"{way}: of 3 networks compared on 60 images")
        described = describe_model(work / "model")
        assert bool(described["options"].get("head")) == (way == "adapted")
        assert (described["training"] is None) == (way == "pretrained")
        page = (work / "report" / "index.html").read_text()
        assert '"title":"Networks that were compared"' in page
        assert all(f'["{name}","' in page for name in CANDIDATES)
        assert not list(work.glob(".partial*"))
        json.dumps(result)


@pytest.mark.slow
def test_a_stopped_run_does_not_compare_again(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "copy_pretrained", tiny_pretrained)
    monkeypatch.setattr(CandidateResult, "score", property(lambda trial: float(trial.name == "scratch")))
    work = tmp_path / "w.unpool"

    def stopped(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(prepare, "train_encoder", stopped)
        with pytest.raises(KeyboardInterrupt):
            run(str(photos), RunSettings(groups=3, steps=4, device="cpu"), work=work)
    before = read_state(work)["comparison"]

    def again(*_: Any, **__: Any) -> None:
        raise AssertionError("compared again")

    monkeypatch.setattr("unpool.actions.embedding.compare_networks.compare", again)
    result = run(str(photos), RunSettings(groups=3, steps=4, device="cpu"), work=work)
    assert result["compared"] == before["rows"]


def test_without_a_budget_colour_decides_at_small_sizes(photos: Path, tmp_path: Path) -> None:
    source = FolderSource(photos)
    assert choose_network("auto", source, source.scan().files).network == PRETRAINED
    for number in range(5):
        Image.new("L", (20, 20), 20 * number).save(tmp_path / f"{number}.png")
    grey = FolderSource(tmp_path)
    choice = choose_network("auto", grey, grey.scan().files)
    assert (choice.network, choice.size) == ("conv", 20)
    assert "small and grey" in choice.reason


def test_what_takes_training_must_lead_and_a_larger_lead_the_more_it_takes() -> None:
    def order(*silhouettes: float | None) -> list[str]:
        trials = [
            CandidateResult(way, {"map_silhouette": value}, 0.0)
            for way, value in zip(("pretrained", "adapted", "scratch"), silhouettes, strict=True)
        ]
        return [trial.name for trial in sorted(trials, key=lambda trial: -trial.score)]

    assert order(0.50, 0.51, 0.53)[0] == "pretrained"
    assert order(0.50, 0.53, 0.54)[0] == "adapted"
    assert order(0.50, 0.53, 0.56)[0] == "scratch"
    assert order(None, 0.1, None)[0] == "adapted"


def test_a_short_budget_is_not_spent_on_comparing(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "copy_pretrained", tiny_pretrained)
    messages = Messages()
    result = run(
        str(photos),
        RunSettings(groups=3, minutes=1, device="cpu"),
        work=tmp_path / "w.unpool",
        progress=messages,
    )
    assert result["compared"] is None
    assert "--minutes 1 leaves no time to compare networks (2 would)" in messages.texts


@pytest.mark.slow
def test_another_number_of_groups_is_compared_anew(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "copy_pretrained", tiny_pretrained)
    monkeypatch.setattr(CandidateResult, "score", property(lambda trial: float(trial.name == "scratch")))
    compared = []
    real = comparing.compare

    def stopped(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    def watched(*rest: Any, **options: Any) -> Any:
        compared.append(options["groups"])
        return real(*rest, **options)

    monkeypatch.setattr(prepare, "train_encoder", stopped)
    monkeypatch.setattr("unpool.actions.embedding.compare_networks.compare", watched)
    for groups in (3, 3, 4):
        with pytest.raises(KeyboardInterrupt):
            run(str(photos), RunSettings(groups=groups, steps=4, device="cpu"), work=tmp_path / "w.unpool")
    assert compared == [3, 4]


def test_the_head_learns_from_all_folders(
    tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also from the last ones, where there are more images than it learns from."""
    model = tmp_path / "m"
    tiny_pretrained("", model)
    seen: list[str] = []
    monkeypatch.setattr(adapting, "MAX_IMAGES", 40)
    monkeypatch.setattr(adapting, "compute_features", lambda *_, **__: np.zeros((40, 4, 8), np.float32))
    monkeypatch.setattr(adapting, "train_head", lambda *_, **__: (build_network("conv", size=16), {}))
    monkeypatch.setattr(adapting, "MIN_IMAGES_IN_SHORT_TIME", 10)
    real = adapting.decode_chunks

    def watched(source: Any, files: Any, *rest: Any) -> Any:
        seen.extend(file.path for file in files)
        return real(source, files, *rest)

    monkeypatch.setattr(adapting, "decode_chunks", watched)
    source = FolderSource(photos)
    files = source.scan().files
    adapting.adapt(tmp_path / "out", model, source, files, seed=0, workers=1, progress=Progress())
    assert len(seen) == 40
    assert {files[0].path, files[-1].path} <= set(seen)
