"""Sizes learnt, and factors that lead to them."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch

from unpool.errors import UnpoolError, UsageError
from unpool.networks.segmentation.scales import (
    LearntScales,
    describe_outside,
    learn_scales,
    resolve_scale,
    scaled_size,
    score_at_scale,
)

SCENES = learn_scales([(360, 480)] * 20, factors=(0.6, 1.8), crop=225)


@pytest.mark.parametrize(("times", "covered"), [(0.5, False), (1, True), (1.7, True), (2, False), (3, False)])
def test_the_same_scene_at_other_sizes_leads_back_to_the_size_learnt(times: float, covered: bool) -> None:
    height, width = scaled_size(360, 480, times)
    assert SCENES.covers(height, width) == covered
    factor = SCENES.factor(height, width)
    assert factor == pytest.approx(1 / times, abs=1e-4)
    assert scaled_size(height, width, factor) == (360, 480)
    assert SCENES.covers(height, width, factor)


def test_upright_and_lying_images_of_a_size_are_alike() -> None:
    assert SCENES.factor(480, 360) == 1
    assert SCENES.covers(480, 360)
    assert learn_scales([(48, 64)]).factor(48, 64) == 1
    assert SCENES.factor(364, 480) == 1, "a pixel or two are no other size"


def test_images_between_the_sizes_learnt_are_left_and_others_come_to_the_nearest() -> None:
    mixed = learn_scales([(side, side) for side in range(100, 201)])
    assert mixed.factor(150, 150) == 1
    assert mixed.factor(400, 400) == pytest.approx(mixed.sides[1] / 400, abs=1e-4)
    assert mixed.factor(50, 50) == pytest.approx(mixed.sides[0] / 50, abs=1e-4)


def test_a_few_images_of_another_size_teach_nothing() -> None:
    learnt = learn_scales([(100, 100)] * 40 + [(4000, 4000)])
    assert learnt.largest == (4000, 4000)
    assert not learnt.covers(4000, 4000)
    assert learnt.factor(4000, 4000) == pytest.approx(0.025)


def test_without_resized_crops_about_the_size_itself_is_covered() -> None:
    for factors in (None, (1.0, 1.0)):
        learnt = learn_scales([(100, 100)], factors=factors)
        assert [learnt.covers(side, side) for side in (70, 90, 120, 140)] == [False, True, True, False]


def test_model_json_keeps_all_of_it() -> None:
    assert LearntScales.from_dict(json.loads(json.dumps(SCENES.to_dict()))) == SCENES
    bare = learn_scales([(10, 20)])
    assert LearntScales.from_dict(json.loads(json.dumps(bare.to_dict()))) == bare
    for damaged in ({}, SCENES.to_dict() | {"median": 3}, SCENES.to_dict() | {"sides": ["a", "b"]}):
        with pytest.raises(UnpoolError, match="scales are damaged"):
            LearntScales.from_dict(damaged)


def test_a_scale_is_a_number_or_auto_or_nothing() -> None:
    assert resolve_scale(None, SCENES, 1080, 1440) == 1
    assert resolve_scale(0.5, None, 10, 10) == 0.5
    assert resolve_scale("auto", SCENES, 720, 960) == 0.5
    with pytest.raises(UnpoolError, match="does not say on images of which size"):
        resolve_scale("auto", None, 10, 10)
    wrong: Any
    for wrong in (0, -1, 1000, "half", True, float("nan")):
        with pytest.raises(UsageError, match="--scale is"):
            resolve_scale(wrong, SCENES, 10, 10)


def test_an_image_outside_is_described_by_its_size_and_theirs() -> None:
    assert describe_outside(SCENES, 1080, 1440) == (
        "1440×1080 pixels are 3 times the 480×360 that the model was trained on (it learnt 0.6 to 1.8 times)"
    )
    assert "at scale 0.1 are 0.1 times" in describe_outside(SCENES, 360, 480, 0.1)


def test_scores_of_a_resized_image_have_its_own_size() -> None:
    x_BCHW = torch.rand(1, 3, 20, 31)
    seen: list[tuple[int, ...]] = []

    class Network(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen.append(tuple(x.shape[2:]))
            return x

    assert score_at_scale(Network(), x_BCHW, 1) is x_BCHW
    small = score_at_scale(Network(), x_BCHW, 0.5)
    assert small.shape == x_BCHW.shape
    assert seen == [(20, 31), (10, 16)]
    noise_BCHW = torch.rand(1, 1, 200, 200)
    tenth = score_at_scale(Network(), noise_BCHW, 0.1)
    assert float(tenth.var()) < float(noise_BCHW.var()) / 30, "averaged over all pixels, not over the nearest"
