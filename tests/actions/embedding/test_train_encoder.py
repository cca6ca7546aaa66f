"""The phases of a training on one's own images, and which images they select."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from unpool.actions.embedding.choose_network import Choice
from unpool.actions.embedding.train_encoder import select_confident, train_encoder
from unpool.core.progress import Progress


def test_the_undecided_are_left_out() -> None:
    rng = np.random.default_rng(0)
    group_M, share_M = np.arange(1000) % 2, np.ones(1000)
    score_MK = np.stack([rng.uniform(0.2, 1, 1000), -rng.uniform(0.2, 1, 1000)], axis=1)
    score_MK[:100] = 0.01 * rng.normal(size=(100, 2))
    is_confident_M = select_confident(group_M, share_M, score_MK)
    assert not is_confident_M[:100].any()
    assert is_confident_M[100:].all()
    assert select_confident(group_M, share_M, None).all()


def test_no_group_is_forgotten() -> None:
    """Of a group with low confidence and small margins the more confident half is selected."""
    group_M = np.repeat([0, 1], [90, 10])
    share_M = np.r_[np.ones(90), np.linspace(0.1, 0.6, 10)]
    score_MK = np.c_[np.r_[np.ones(90), np.zeros(10)], np.zeros(100)]
    is_confident_M = select_confident(group_M, share_M, score_MK)
    assert is_confident_M[:90].all()
    assert is_confident_M[90:].tolist() == [False] * 5 + [True] * 5


def test_reassigned_images_are_always_trained_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the head is uncertain about them, as it was trained on their old group."""
    from unpool.analysis.clustering import reassign
    from unpool.training import loop

    rng = np.random.default_rng(0)
    bright_N = np.arange(120) % 2
    pixels_NSSC = (60 + 130 * bright_N[:, None, None, None] + rng.integers(0, 30, (120, 8, 8, 1))).astype(
        np.uint8
    )
    isolated, trained, real = np.arange(7), [], loop.train

    def moved(group_N: np.ndarray, *_: object, **__: object) -> np.ndarray:
        reassigned_N = group_N.copy()
        reassigned_N[isolated] = 1 - reassigned_N[isolated]
        moved_to.append(reassigned_N)
        return reassigned_N

    def watched(network: object, data: object, objective: object, *rest: object, **options: object) -> object:
        if options.get("parts") is not None:
            trained.append((objective.group_N.numpy().copy(), options["parts"][0]))
        return real(network, data, objective, *rest, **options)

    moved_to: list[np.ndarray] = []
    monkeypatch.setattr(reassign, "reassign_isolated_communities", moved)
    monkeypatch.setattr(loop, "train", watched)
    monkeypatch.setattr(
        "unpool.actions.embedding.train_encoder.select_confident",
        lambda group_N, *_: ~np.isin(np.arange(120), isolated),
    )
    train_encoder(
        tmp_path / "model", Choice("conv", None, 8, ""), pixels_NSSC, checkpoints=tmp_path / "steps", minutes=None,
        steps=9, groups=2, progress=Progress(),
    )  # fmt: skip
    assert len(trained) == 2
    for (group_N, rows), reassigned_N in zip(trained, moved_to, strict=True):
        np.testing.assert_array_equal(group_N, reassigned_N)
        assert np.isin(isolated, rows).all()


def test_views_of_isolated_images_are_embedded_as_images_are(tmp_path: Path) -> None:
    """Views that change nothing have the codes, scores and pixels of the images, row for row."""
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
        code_ND, score_NK = one._embed(np.arange(12), with_scores=True)
        views = list(one._embed_views(row_R, with_scores=True))
        assert len(views) == 64
        for vector_RD, picture_RP in views:
            np.testing.assert_allclose(vector_RD, np.hstack([code_ND, normalise(score_NK)])[row_R], atol=1e-5)
            np.testing.assert_allclose(picture_RP, one._small_pictures(np.arange(12))[row_R], atol=1e-5)
        assert picture_RP.shape == (3, numbers)
        assert next(one._embed_views(row_R, with_scores=False))[0].shape == (3, code_ND.shape[1])


def train_briefly(
    folder: Path, name: str, steps: Path, groups: int, *, seed: int = 0
) -> dict[str, np.ndarray]:
    """The weights after a short training on noise in four lights."""
    rng = np.random.default_rng(seed)
    light_N = 60 * (np.arange(80) % 4)
    pixels_NSSC = (light_N[:, None, None, None] + rng.integers(0, 30, (80, 8, 8, 1))).astype(np.uint8)
    train_encoder(
        folder / name, Choice("conv", None, 8, ""), pixels_NSSC, checkpoints=steps, minutes=None, steps=9,
        groups=groups, progress=Progress(),
    )  # fmt: skip
    return {key: value.numpy() for key, value in load_file(folder / name / "model.safetensors").items()}


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)


@pytest.mark.slow
def test_checkpoints_of_other_groups_or_images_are_not_resumed(tmp_path: Path) -> None:
    alone = train_briefly(tmp_path, "alone", tmp_path / "a", 4)
    train_briefly(tmp_path, "three", tmp_path / "b", 3)
    assert same(train_briefly(tmp_path, "four", tmp_path / "b", 4), alone)
    train_briefly(tmp_path, "others", tmp_path / "c", 4, seed=1)
    assert same(train_briefly(tmp_path, "again", tmp_path / "c", 4), alone)


def test_a_single_small_image_can_be_trained_on(tmp_path: Path) -> None:
    pixels_NSSC = np.random.default_rng(0).integers(0, 256, (1, 8, 8, 1)).astype(np.uint8)
    record = train_encoder(
        tmp_path / "model", Choice("conv", None, 8, ""), pixels_NSSC, checkpoints=tmp_path / "steps", minutes=None,
        steps=2, groups="auto", progress=Progress(),
    )  # fmt: skip
    assert record["steps"] >= 1
