"""`--network auto` with a budget: three networks are compared on some images, without labels."""

from __future__ import annotations

import json
import re
import shutil
import weakref
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


@pytest.fixture(scope="module")
def grey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty grey pictures of 20 pixels, bright at the top, in the middle or at the bottom."""
    folder, rng = tmp_path_factory.mktemp("grey"), np.random.default_rng(0)
    for number in range(60):
        pixels = rng.integers(0, 60, (20, 20))
        top = 7 * (number % 3)
        pixels[top : top + 6] += 150
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}.png")
    return folder


@pytest.fixture(autouse=True)
def _few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """How well the network from scratch learns is not tested here."""
    monkeypatch.setattr(comparing, "TRIAL_STEPS", 5)
    monkeypatch.setattr(comparing, "MAX_RECOGNISED", 1.1)


def tried(photos: Path, model: Path, seconds: float | None = None) -> list[CandidateResult]:
    if not model.exists():
        tiny_pretrained("", model)
    source = FolderSource(photos)
    compared = compare(
        source, source.scan().files, model, groups=3, side=20, seed=0, progress=Progress(), seconds=seconds
    )
    return compared.results


def test_three_ways_the_best_first_and_the_same_again(grey: Path, tmp_path: Path) -> None:
    first, again = tried(grey, tmp_path / "m"), tried(grey, tmp_path / "m")
    assert {trial.name for trial in first} == CANDIDATES
    scores = [trial.score for trial in first]
    assert scores == sorted(scores, reverse=True)
    assert [(trial.map_silhouette, trial.leads) for trial in first] == [
        (trial.map_silhouette, trial.leads) for trial in again
    ]
    assert first[0].map_silhouette > 0.5, "three plain kinds stand apart"
    assert {len(trial.leads) for trial in first if trial.name != "pretrained"} == {comparing.NUM_DRAWS}


def test_a_network_from_scratch_is_tried_on_grey_images_alone(photos: Path, tmp_path: Path) -> None:
    assert {trial.name for trial in tried(photos, tmp_path / "m")} == {"pretrained", "adapted"}


def test_a_set_taken_for_grey_may_hold_a_picture_in_colour(grey: Path, photos: Path, tmp_path: Path) -> None:
    """Twenty pictures tell what the plain way is, and a thousand are compared."""
    mixed = tmp_path / "mixed"
    shutil.copytree(grey, mixed)
    shutil.copyfile(photos / "0.png", mixed / "coloured.png")
    tiny_pretrained("", tmp_path / "m")
    source = FolderSource(mixed)
    compared = compare(
        source, source.scan().files, tmp_path / "m", groups=3, side=20, seed=0, progress=Progress(),
        plain="scratch",
    ).results  # fmt: skip
    assert {trial.name for trial in compared} == CANDIDATES
    assert [trial.name for trial in compared if not trial.leads] == ["scratch"]


def test_copies_of_an_image_recognise_its_views() -> None:
    rng = np.random.default_rng(0)
    image_ND = rng.normal(size=(20, 64)).astype(np.float32).repeat(2, axis=0)
    view_NVD = image_ND[:, None] + 0.1 * rng.normal(size=(40, 4, 64)).astype(np.float32)
    view_NVD[:, 0] = image_ND
    assert comparing.recognised_share(view_NVD / np.linalg.norm(view_NVD, axis=2, keepdims=True)) == 1


def test_fewer_images_are_read_and_compared_where_time_is_short(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {trial.images for trial in tried(photos, tmp_path / "m")} == {60}
    assert {trial.images for trial in tried(photos, tmp_path / "m", seconds=1e-6)} == {MIN_IMAGES}
    real = comparing._read_shown
    monkeypatch.setattr(comparing, "_read_shown", lambda *args: real(*args[:-1], None))
    assert {trial.images for trial in tried(photos, tmp_path / "m", seconds=1e-6)} == {56}, "whole chunks"


def test_pictures_are_let_go_once_they_fit_the_networks(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, compute = FolderSource.read, comparing.compute_features
    seen: list[weakref.ref[np.ndarray]] = []
    alive: list[int] = []

    def watched_read(*args: Any) -> Any:
        picture = read(*args)
        seen.append(weakref.ref(picture.pixels))
        return picture

    def watched_compute(*args: Any, **options: Any) -> Any:
        alive.append(sum(each() is not None for each in seen))
        return compute(*args, **options)

    monkeypatch.setattr(FolderSource, "read", watched_read)
    monkeypatch.setattr(comparing, "compute_features", watched_compute)
    tried(photos, tmp_path / "m")
    assert (len(seen), alive) == (60, [0])


def test_images_are_drawn_from_all_folders(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also the first of them, to which short time limits a comparison."""
    files = FolderSource(photos).scan().files
    first = {file.path for file in comparing._draw(files, 0)[:20]}
    assert first - {file.path for file in files[:40]}
    assert first - {file.path for file in files[-40:]}
    monkeypatch.setattr(comparing, "MAX_IMAGES", 7)
    assert len({file.path for file in comparing._draw(files, 0)}) == 7


def test_few_images_are_not_compared(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "MAX_IMAGES", MIN_IMAGES - 1)
    assert tried(photos, tmp_path / "m") == []
    assert format_table([]) == []
    assert choose_compared([], 20) is None


@pytest.mark.slow
def test_a_run_with_a_budget_takes_the_best_and_tells_of_all(
    grey: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "copy_pretrained", tiny_pretrained)
    for way in sorted(CANDIDATES):
        monkeypatch.setattr(
            CandidateResult, "score", property(lambda trial, best=way: float(trial.name == best))
        )
        work = tmp_path / f"{way}.unpool"
        result = run(str(grey), RunSettings(groups=3, steps=4, device="cpu"), work=work)
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
    grey: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "copy_pretrained", tiny_pretrained)
    monkeypatch.setattr(CandidateResult, "score", property(lambda trial: float(trial.name == "scratch")))
    work = tmp_path / "w.unpool"

    def stopped(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(prepare, "train_encoder", stopped)
        with pytest.raises(KeyboardInterrupt):
            run(str(grey), RunSettings(groups=3, steps=4, device="cpu"), work=work)
    before = read_state(work)["comparison"]

    def again(*_: Any, **__: Any) -> None:
        raise AssertionError("compared again")

    monkeypatch.setattr("unpool.actions.embedding.compare_networks.compare", again)
    result = run(str(grey), RunSettings(groups=3, steps=4, device="cpu"), work=work)
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


def test_from_scratch_must_lead_by_far_and_a_head_not_fall_behind() -> None:
    def first(adapted: tuple[float, ...], scratch: tuple[float, ...]) -> str:
        trials = [
            CandidateResult("pretrained", 0.5),
            CandidateResult("adapted", 0.5, adapted, comparing.HEAD_LEAD),
            CandidateResult("scratch", 0.5, scratch, comparing.SCRATCH_LEAD),
        ]
        return max(trials, key=lambda trial: trial.score).name

    low = (-0.1, -0.1, -0.1)
    assert first((0.001, -0.01, 0.001), low) == "adapted", "a head may lead by nothing"
    assert first((-0.03, -0.01, -0.03), low) == "pretrained", "but not fall behind"
    assert first((0.20, 0.20, -0.03), low) == "pretrained", "in any draw"
    assert first(low, (0.05, 0.05, 0.05)) == "pretrained", "from scratch takes more"
    assert first(low, (0.20, 0.20, -0.01)) == "pretrained"
    assert first(low, (0.07, 0.07, 0.07)) == "scratch"
    assert first((0.03, 0.03, 0.03), (0.2, 0.2, 0.2)) == "scratch"


def test_candidates_lead_the_plain_way_on_the_same_draws() -> None:
    """Three kinds of vectors, clear in one candidate and blurred in the other."""
    rng, kind_N = np.random.default_rng(0), np.arange(90) % 3
    centre_N8 = np.eye(8, dtype=np.float32)[kind_N]
    noise_N8 = rng.normal(size=(90, 8)).astype(np.float32)
    clear = comparing._Candidate("scratch", centre_N8 + 0.1 * noise_N8, 1.0)
    blurred = comparing._Candidate("pretrained", centre_N8 + noise_N8, 1.0)
    candidates = [blurred, clear]
    best, other = comparing.rank_candidates(candidates, 3, 0, Progress(), plain="pretrained")
    assert (best.name, other.leads, best.needed) == ("scratch", (), comparing.SCRATCH_LEAD)
    assert min(best.leads) > 0.1
    kept, left = comparing.rank_candidates(candidates, 3, 0, Progress(), plain="scratch")
    assert (kept.name, kept.leads, left.needed) == ("scratch", (), comparing.SCRATCH_LEAD)
    assert max(left.leads) < -0.1


def test_features_that_recognise_every_image_are_kept_without_a_trial(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    image_ND = rng.normal(size=(50, 64)).astype(np.float32)
    view_NVD = image_ND[:, None] + 0.1 * rng.normal(size=(50, 4, 64)).astype(np.float32)
    assert comparing.recognised_share(view_NVD / np.linalg.norm(view_NVD, axis=2, keepdims=True)) == 1
    view_NVD = image_ND[:, None] + 9.0 * rng.normal(size=(50, 4, 64)).astype(np.float32)
    view_NVD[:, 0] = image_ND
    assert comparing.recognised_share(view_NVD / np.linalg.norm(view_NVD, axis=2, keepdims=True)) < 0.3
    monkeypatch.setattr(comparing, "MAX_RECOGNISED", 0.0)
    kept = choose_compared([trial.row() for trial in tried(photos, tmp_path / "m")], 20)
    assert kept is not None
    assert (kept.network, kept.adapted) == (PRETRAINED, False)
    assert re.match(
        r"pretrained: of 60 images \d+% of their cropped or shifted views are nearest to", kept.reason
    )


def test_the_reason_names_the_leads_and_what_was_needed() -> None:
    results = [
        CandidateResult("pretrained", 0.5, images=900),
        CandidateResult("adapted", 0.5, (0.001, 0.003), -0.02, recognised=0.7),
        CandidateResult("scratch", 0.4, (-0.1, -0.1), 0.06, images=900),
    ]
    kept = choose_compared([result.row() for result in results], 28)
    assert kept is not None
    assert (kept.network, kept.adapted) == (PRETRAINED, False)
    assert kept.reason == (
        "pretrained: of 3 networks compared on 900 images, no other stands out enough "
        "(lead of adapted +0.002, -0.02 needed; lead of scratch -0.100, +0.06 needed)"
    )
    taken = choose_compared([result.row() for result in results[1:]], 28)
    assert taken is not None
    assert taken.adapted
    assert taken.reason.endswith(
        "for only 70% of their cropped or shifted views are nearest to their own image "
        "(lead of adapted +0.002, -0.02 needed)"
    )


def test_the_reason_where_a_network_of_its_own_is_the_plain_way() -> None:
    plain, other = CandidateResult("scratch", 0.5), CandidateResult("adapted", 0.5, (0.04, 0.04), 0.06)
    kept = choose_compared([plain.row(), other.row()], 28)
    assert kept is not None
    assert "no other stands out enough (lead of adapted +0.040, +0.06 needed)" in kept.reason
    for name in ("pretrained", "adapted"):
        best = CandidateResult(name, 0.6, (0.1, 0.1), 0.06, recognised=0.7)
        taken = choose_compared([best.row(), plain.row()], 28)
        assert taken is not None
        assert f"its groups stand furthest apart (lead of {name} +0.100, +0.06 needed)" in taken.reason


def test_a_small_grey_set_keeps_its_minutes_for_the_training_it_would_have_anyway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos, trained = tmp_path / "grey", []
    photos.mkdir()
    for number in range(12):
        Image.new("L", (20, 20), 20 * number).save(photos / f"{number}.png")

    def stopped(*_: Any, **options: Any) -> None:
        trained.append(options["minutes"])
        raise KeyboardInterrupt

    monkeypatch.setattr(prepare, "train_encoder", stopped)
    messages = Messages()
    with pytest.raises(KeyboardInterrupt):
        run(str(photos), RunSettings(minutes=2, device="cpu"), work=tmp_path / "w", progress=messages)
    assert trained == [2]
    assert "--minutes 2 leaves no time to compare networks (6 would)" in messages.texts


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
    grey: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
            run(str(grey), RunSettings(groups=groups, steps=4, device="cpu"), work=tmp_path / "w.unpool")
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


@pytest.mark.slow
def test_a_run_that_keeps_the_features_groups_as_one_without_a_budget(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "copy_pretrained", tiny_pretrained)
    monkeypatch.setattr(comparing, "MAX_RECOGNISED", 0.0)
    plain = run(str(photos), RunSettings(groups=3, device="cpu"), work=tmp_path / "a.unpool")
    budget = run(str(photos), RunSettings(groups=3, minutes=2, device="cpu"), work=tmp_path / "b.unpool")
    assert re.search(r"training has nothing to add; \d+ of 120 seconds used$", budget["reason"])
    assert [row["way"] for row in budget["compared"]] == ["pretrained"]
    groups = [(tmp_path / name / "groups.csv").read_text() for name in ("a.unpool", "b.unpool")]
    assert groups[0] == groups[1]
    assert plain["sizes"] == budget["sizes"]
