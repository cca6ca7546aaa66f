"""What is learnt of good pictures, each compared with the others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from support.tiny_levels import build_levels, good_pictures, with_spot
from unpool.analysis.anomaly.calibration import join_figures
from unpool.inference.inspection import learning
from unpool.inference.inspection.learning import Learnt, learn, measure_alignment, share_heat
from unpool.inference.inspection.levels import LevelName


@pytest.fixture(scope="module", autouse=True)
def _small_memories() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learning, "MEMORY", {600: 1000})
        yield


@pytest.fixture(scope="module")
def learnt(_small_memories: None) -> Learnt:
    return learn(build_levels(), good_pictures(24), is_aligned=lambda maps: False)


def scores(learnt: Learnt, pictures: list[np.ndarray]) -> np.ndarray:
    largest: np.ndarray = learnt.figures(pictures).max(1)
    return largest


def test_unseen_good_pictures_reach_the_figures_of_good_ones(learnt: Learnt) -> None:
    unseen = learnt.figures(good_pictures(24, seed=1))
    own = learnt.scale.good_NK
    assert np.abs(unseen.mean(0) - own.mean(0)).max() < 1.2
    assert np.median(unseen.max(1)) == pytest.approx(np.median(own.max(1)), abs=0.8)


def test_good_pictures_are_not_compared_with_themselves(learnt: Learnt) -> None:
    pictures = good_pictures(24)
    with_own, without = learnt.figures(pictures), learnt.figures(pictures, range(24))
    for some in (slice(len(learnt.parts)), slice(len(learnt.parts) + 1, None)):  # patches, wholes
        assert with_own[:, some].mean() < without[:, some].mean() - 1
        assert np.abs(without[:, some] - learnt.scale.good_NK[:, some]).mean() < 0.3


def test_a_spot_is_found_where_it_is(learnt: Learnt) -> None:
    good = good_pictures(8, seed=2)
    bad = [with_spot(picture) for picture in good]
    assert scores(learnt, bad).min() > scores(learnt, good).max() + 1
    with torch.inference_mode():
        graph = learnt.build(np.ones(len(learnt.names), bool))
        _, heat = graph(torch.from_numpy(np.stack(bad)))
    row, column = np.unravel_index(int(heat[0].argmax()), heat[0].shape)
    assert (row * 1.5, column * 1.5) == pytest.approx((65, 35), abs=10)  # 64 cells for 96 pixels


@pytest.mark.parametrize("figure", ["96/4", "colours/16", "heat", "whole colours", "whole 96/4"])
def test_the_graph_gives_the_same(learnt: Learnt, figure: str) -> None:
    pictures = [*good_pictures(3, seed=3), with_spot(good_pictures(1)[0])]
    used = np.isin(learnt.names, [figure, "64/16"])
    assert used.sum() == 2
    figures, hottest = learnt.figures_and_heats(pictures, used)
    with torch.inference_mode():
        score, heat = learnt.build(used)(torch.from_numpy(np.stack(pictures)))
    np.testing.assert_allclose(score, join_figures(figures[:, used]), atol=2e-3)
    np.testing.assert_allclose(heat.flatten(1).max(1).values, hottest, atol=2e-3)


def test_core_figures_are_deep_or_finest_and_named(learnt: Learnt) -> None:
    assert [learnt.names[place] for place in learnt.core] == ["96/4", "96/16", "64/16", "whole 96/16"]
    assert len(learnt.names) == learnt.scale.good_NK.shape[1]


def test_the_same_pictures_and_seed_learn_the_same(learnt: Learnt) -> None:
    again = learn(build_levels(), good_pictures(24), is_aligned=lambda maps: False)
    np.testing.assert_array_equal(again.scale.good_NK, learnt.scale.good_NK)


def test_places_count_on_parts_alone() -> None:
    """A part that lies elsewhere has the patches of a good one, but not in their places."""
    levels, pictures = build_levels(), good_pictures(16, part=16)
    unseen, moved = (np.stack(good_pictures(8, seed=1, part=place)) for place in (16, 48))
    found = {}
    for placed in (True, False):
        one = learn(levels, pictures, is_aligned=lambda maps, answer=placed: answer)  # type: ignore[misc]
        assert {part.position_weight > 0 for part in one.parts} == {placed}
        deep = one.names.index("96/8")
        with torch.inference_mode():
            far, near = (
                one.parts[deep].distances(levels(torch.from_numpy(each))[deep]).exp().mean()
                for each in (moved, unseen)
            )
        found[placed] = float(far / near)
    assert found[True] > 1.2 > 1.1 > found[False]


def test_windows_of_one_image_are_not_compared_with_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each image is there twice: its copy says nothing of it."""
    pictures = [each for each in good_pictures(10, size=64) for _ in range(2)]
    owners, levels = np.repeat(np.arange(10), 2), build_levels(64)
    monkeypatch.setattr(learning, "MEMORY", {256: 99999})
    apart = learn(levels, pictures, is_aligned=lambda maps: False, owner_N=owners)
    mixed = learn(levels, pictures, is_aligned=lambda maps: False)
    low = [np.mean([part.low_hw.mean() for part in each.parts]) for each in (apart, mixed)]
    assert low[0] > low[1] + 0.5


def test_progress_is_reported_up_to_the_end() -> None:
    shares: list[float] = []
    learn(build_levels(), good_pictures(10), is_aligned=lambda maps: False, on_progress=shares.append)
    assert sum(shares) == pytest.approx(1)


def test_few_pictures_do_not_make_a_place_certain(monkeypatch: pytest.MonkeyPatch) -> None:
    """With two pictures the spread at a place is chance: that of all places is used too."""
    pooled = learn(build_levels(), good_pictures(3), is_aligned=lambda maps: False).parts[0].spread_hw
    monkeypatch.setattr(learning, "POOLED_PICTURES", 0)
    alone = learn(build_levels(), good_pictures(3), is_aligned=lambda maps: False).parts[0].spread_hw
    assert pooled.std() < 0.5 * alone.std()


def test_colours_show_in_the_heat_where_they_count() -> None:
    names = [LevelName(96, 4), LevelName(96, 8), LevelName(0, 16), LevelName(0, 32)]
    assert share_heat(names).tolist() == [0.5, 0.5, 0.0, 0.0]
    assert share_heat(names[2:]).tolist() == [0.5, 0.5]
    used = np.array([True, False, False, True, True])
    assert share_heat(names, used).tolist() == pytest.approx([1 / 3, 1 / 3, 0, 1 / 3])


def test_heats_of_good_pictures_are_those_of_the_graph(learnt: Learnt) -> None:
    used = np.isin(learnt.names, ["96/16", "colours/32"])
    _, hottest = learnt.figures_and_heats(good_pictures(24), used, range(24))
    np.testing.assert_allclose(learnt.good_heats(used), hottest, atol=0.5)
    assert np.abs(learnt.good_heats(used) - hottest).mean() < 0.1
    assert (learnt.good_heats(used) != learnt.good_heats(np.zeros_like(used))).all()


def test_colours_that_do_not_count_are_left_out_of_the_graph(learnt: Learnt) -> None:
    names = learnt.names
    without = learnt.build(np.isin(names, ["96/16"]))
    with_one = learnt.build(np.isin(names, ["96/16", "colours/32"]))
    num = len(learnt.parts)
    assert (without.num_levels, with_one.num_levels) == (num - 3, num - 2)
    assert len(without.joining_low_K) == len(names) - 3
    with torch.inference_mode():
        maps = learnt.levels(torch.from_numpy(np.stack(good_pictures(1))))
        assert len(without.level_maps([maps[place] for place in without.places])) == num - 3


def test_a_third_of_the_heat_is_of_the_colours_that_count(learnt: Learnt) -> None:
    pixels = torch.from_numpy(np.stack(good_pictures(2, seed=4)))
    graph = learnt.build(np.isin(learnt.names, ["96/16", "colours/32"]))
    with torch.inference_mode():
        maps = graph.levels(pixels)
        colours = graph.level_maps([maps[place] for place in graph.places])[-1]
        grown = torch.nn.functional.interpolate(colours[:, None], (64, 64), mode="bilinear")[:, 0]
        without = learnt.build(np.isin(learnt.names, ["96/16"]))(pixels)[1]
        np.testing.assert_allclose(graph(pixels)[1], (2 * without + grown) / 3, atol=1e-4)


def test_alignment_is_one_where_all_are_equal_and_nought_by_chance() -> None:
    rng = np.random.default_rng(0)
    equal = np.repeat(rng.standard_normal((1, 6, 12, 12)), 10, axis=0).astype(np.float32)
    chance = rng.standard_normal((10, 6, 12, 12)).astype(np.float32)
    assert measure_alignment(equal, rng) == pytest.approx(1)
    assert measure_alignment(chance, rng) == pytest.approx(0, abs=0.05)
    assert 0.3 < measure_alignment((equal + chance).astype(np.float32), rng) < 0.7
    assert np.isfinite(measure_alignment(np.ones((10, 2, 4, 4), np.float32), rng))


def test_an_odd_good_picture_does_not_widen_the_spread_that_it_is_measured_by() -> None:
    good, odd = good_pictures(12), with_spot(good_pictures(1, seed=7)[0])
    with_it = learn(build_levels(), [*good, odd], is_aligned=lambda maps: False)
    without = learn(build_levels(), good, is_aligned=lambda maps: False)
    hottest = with_it.good_heats(np.zeros(len(with_it.names), bool))[-1]
    unseen = without.figures_and_heats([odd], np.zeros(len(with_it.names), bool))[1][0]
    assert hottest == pytest.approx(unseen, rel=0.25)  # half of it where the odd one widens the spread


def test_padding_at_borders_is_no_alignment() -> None:
    rng = np.random.default_rng(1)
    padded = rng.standard_normal((10, 6, 16, 16)).astype(np.float32) + 4
    padded[:, :, 3:-3, 3:-3] -= 4
    assert measure_alignment(padded, np.random.default_rng(2)) < 0.2
