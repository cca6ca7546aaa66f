"""Which images a network that `run` trains learns its groups from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from unpool.actions.embedding.choose_network import Choice
from unpool.actions.embedding.train_encoder import learn, select_confident
from unpool.core.progress import Progress


def test_the_undecided_are_left_out() -> None:
    chance = np.random.default_rng(0)
    group_M, share_M = np.arange(1000) % 2, np.ones(1000)
    answer_MK = np.stack([chance.uniform(0.2, 1, 1000), -chance.uniform(0.2, 1, 1000)], axis=1)
    answer_MK[:100] = 0.01 * chance.normal(size=(100, 2))
    taken_M = select_confident(group_M, share_M, answer_MK)
    assert not taken_M[:100].any()
    assert taken_M[100:].all()
    assert select_confident(group_M, share_M, None).all()


def test_no_group_is_forgotten() -> None:
    """A group that nobody is sure of, and whose answers are the least decided, is learnt from by its surer half."""
    group_M = np.repeat([0, 1], [90, 10])
    share_M = np.r_[np.ones(90), np.linspace(0.1, 0.6, 10)]
    answer_MK = np.c_[np.r_[np.ones(90), np.zeros(10)], np.zeros(100)]
    taken_M = select_confident(group_M, share_M, answer_MK)
    assert taken_M[:90].all()
    assert taken_M[90:].tolist() == [False] * 5 + [True] * 5


def test_a_crowd_that_moved_is_learnt_where_it_went(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the network itself is undecided about it, which it is about what it saw elsewhere before."""
    from unpool.analysis.clustering import reassign as islands
    from unpool.training import loop as fit

    chance = np.random.default_rng(0)
    bright_N = np.arange(120) % 2
    pixels_NSSC = (60 + 130 * bright_N[:, None, None, None] + chance.integers(0, 30, (120, 8, 8, 1))).astype(
        np.uint8
    )
    crowd, learnt, real = np.arange(7), [], fit.train

    def moved(group_N: np.ndarray, *_: object, **__: object) -> np.ndarray:
        home_N = group_N.copy()
        home_N[crowd] = 1 - home_N[crowd]
        moved_to.append(home_N)
        return home_N

    def watched(network: object, data: object, objective: object, *rest: object, **options: object) -> object:
        if "parts" in options:
            learnt.append((objective.group_N.numpy().copy(), options["parts"][0]))
        return real(network, data, objective, *rest, **options)

    moved_to: list[np.ndarray] = []
    monkeypatch.setattr(islands, "reassign_isolated_communities", moved)
    monkeypatch.setattr(fit, "train", watched)
    monkeypatch.setattr(
        "unpool.actions.embedding.train_encoder.select_confident",
        lambda group_N, *_: ~np.isin(np.arange(120), crowd),
    )
    learn(
        tmp_path / "model", Choice("conv", None, 8, ""), pixels_NSSC, checkpoints=tmp_path / "steps", minutes=None,
        steps=9, groups=2, progress=Progress(),
    )  # fmt: skip
    assert len(learnt) == 2
    for (group_N, rows), home_N in zip(learnt, moved_to, strict=True):
        np.testing.assert_array_equal(group_N, home_N)
        assert np.isin(crowd, rows).all()


def test_views_of_a_crowd_are_seen_as_its_images_are(tmp_path: Path) -> None:
    """Views that change nothing have the codes, answers and pixels of the images, row for row; large ones at 32."""
    from unpool.actions.embedding.train_encoder import EncoderTrainer
    from unpool.analysis.neighbours import normalise
    from unpool.networks.catalogue import build_network
    from unpool.objectives.self_labelling import SelfLabelling
    from unpool.objectives.views import Views

    still = Views(shift=0, rotation=0, scale=0, shear=0, contrast=0, light=0)
    row_R = np.array([7, 2, 11])
    for size, numbers in ((8, 8 * 8), (40, 32 * 32)):
        pixels_NSSC = np.random.default_rng(0).integers(0, 255, (12, size, size, 1)).astype(np.uint8)
        network = build_network("conv", weights="none", size=size, channels=1, decoder="none")
        one = EncoderTrainer(network, pixels_NSSC, tmp_path, {}, 0, Progress())
        one.objective = SelfLabelling(network.dimension(), np.arange(12) % 3, views=still)
        code_ND, answer_NK = one._seen(np.arange(12), with_answers=True)
        views = list(one._views(row_R, with_answers=True))
        assert len(views) == 64
        for seen_RD, picture_RP in views:
            np.testing.assert_allclose(seen_RD, np.hstack([code_ND, normalise(answer_NK)])[row_R], atol=1e-5)
            np.testing.assert_allclose(picture_RP, one._pixels(np.arange(12))[row_R], atol=1e-5)
        assert picture_RP.shape == (3, numbers)
        assert next(one._views(row_R, with_answers=False))[0].shape == (3, code_ND.shape[1])


def lesson(folder: Path, name: str, steps: Path, groups: int, *, seed: int = 0) -> dict[str, np.ndarray]:
    """The weights after a short training on noise in four lights."""
    chance = np.random.default_rng(seed)
    light_N = 60 * (np.arange(80) % 4)
    pixels_NSSC = (light_N[:, None, None, None] + chance.integers(0, 30, (80, 8, 8, 1))).astype(np.uint8)
    learn(
        folder / name, Choice("conv", None, 8, ""), pixels_NSSC, checkpoints=steps, minutes=None, steps=9,
        groups=groups, progress=Progress(),
    )  # fmt: skip
    return {key: value.numpy() for key, value in load_file(folder / name / "model.safetensors").items()}


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)


def test_steps_left_by_a_run_with_other_groups_or_images_are_not_gone_on_with(tmp_path: Path) -> None:
    alone = lesson(tmp_path, "alone", tmp_path / "a", 4)
    lesson(tmp_path, "three", tmp_path / "b", 3)
    assert same(lesson(tmp_path, "four", tmp_path / "b", 4), alone)
    lesson(tmp_path, "others", tmp_path / "c", 4, seed=1)
    assert same(lesson(tmp_path, "again", tmp_path / "c", 4), alone)


def test_a_single_small_image_is_learnt_from(tmp_path: Path) -> None:
    pixels_NSSC = np.random.default_rng(0).integers(0, 256, (1, 8, 8, 1)).astype(np.uint8)
    record = learn(
        tmp_path / "model", Choice("conv", None, 8, ""), pixels_NSSC, checkpoints=tmp_path / "steps", minutes=None,
        steps=2, groups="auto", progress=Progress(),
    )  # fmt: skip
    assert record["steps"] >= 1
