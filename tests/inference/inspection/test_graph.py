"""From maps to a score: each step against a plain computation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from support.tiny_levels import build_levels, good_pictures, with_spot
from unpool.analysis.anomaly.calibration import join_figures
from unpool.inference.inspection.graph import (
    EPSILON,
    HEAT_SIDE,
    InspectionGraph,
    Joining,
    LevelMemory,
    Whole,
    describe_patches,
    describe_wholes,
    join_heat,
    log_distance,
    nearest_squares,
    num_worst,
    relative_squares,
    worst_cells,
)

RNG = np.random.default_rng(0)


def values(*shape: int) -> torch.Tensor:
    return torch.from_numpy(RNG.standard_normal(shape).astype(np.float32))


def test_distances_are_those_of_scipy() -> None:
    query, memory = values(7, 5), values(9, 5)
    found = (relative_squares(query, memory) + (query**2).sum(1, keepdim=True)).numpy()
    np.testing.assert_allclose(found, cdist(query, memory) ** 2, atol=1e-4)
    nearest = nearest_squares(query, memory).numpy()
    np.testing.assert_allclose(nearest, cdist(query, memory).min(1) ** 2, atol=1e-4)
    logarithm = log_distance(torch.tensor([0.0, 4.0, -1e-6]))
    np.testing.assert_allclose(logarithm, 0.5 * np.log([EPSILON, 4 + EPSILON, EPSILON]), rtol=1e-5)


def test_a_picture_is_as_bad_as_its_worst_cells() -> None:
    maps = values(2, 40, 50)
    expected = np.sort(maps.flatten(1).numpy(), 1)[:, -num_worst(2000) :].mean(1)
    np.testing.assert_allclose(worst_cells(maps), expected, rtol=1e-5)
    assert worst_cells(torch.tensor([[[1.0, 2.0]]])).item() == 1.5


def test_patches_know_their_place() -> None:
    maps, shift, scale = values(1, 2, 3, 4), values(2), values(2).abs() + 1
    patches = describe_patches(maps, shift, scale, 6.0)[0].view(3, 4, 4)
    np.testing.assert_allclose(patches[1, 2, :2], (maps[0, :, 1, 2] - shift) / scale, rtol=1e-5)
    assert patches[:, 0, 2].tolist() == [0, 3, 6]
    assert patches[0, :, 3].tolist() == pytest.approx([0, 2, 4, 6])
    assert describe_patches(maps, shift, scale, 0.0)[0, :, 2:].abs().max() == 0


def test_wholes_are_means_and_spreads() -> None:
    pixels = torch.from_numpy(RNG.integers(0, 256, (2, 8, 8, 3), dtype=np.uint8))
    maps = [values(2, 4, 3, 3), values(2, 5, 2, 2)]
    colours, second = describe_wholes(pixels, maps, [1])
    x = pixels.numpy().reshape(2, 64, 3) / 255
    np.testing.assert_allclose(colours, np.concatenate([x.mean(1), x.std(1)], 1), atol=1e-4)
    flat = maps[1].numpy().reshape(2, 5, 4)
    np.testing.assert_allclose(second, np.concatenate([flat.mean(2), flat.std(2)], 1), atol=1e-4)


def test_heat_is_the_levels_by_their_shares() -> None:
    levels = [torch.full((1, 4, 4), 2.0), torch.full((1, 8, 8), 10.0), torch.full((1, 2, 2), 99.0)]
    heat = join_heat(levels, torch.tensor([0.75, 0.25, 0.0]))
    assert heat.shape == (1, HEAT_SIDE, HEAT_SIDE)
    assert heat.unique().tolist() == [4.0]


def build(used: list[int]) -> InspectionGraph:
    """A graph of random memories over all levels, and two wholes."""
    rng, levels = np.random.default_rng(1), build_levels()
    with torch.inference_mode():
        maps = levels(torch.from_numpy(np.stack(good_pictures(1))))
    memories = [
        LevelMemory(
            rng.standard_normal(each.shape[1]), np.full(each.shape[1], 2.0), 0.0,
            rng.standard_normal((20, each.shape[1] + 2)), np.full(each.shape[2:], 0.5), np.full(each.shape[2:], 0.2),
        )
        for each in maps
    ]  # fmt: skip
    sizes = [6, 2 * maps[0].shape[1]]
    wholes = [Whole(rng.standard_normal(size), rng.standard_normal((size, size))) for size in sizes]
    num = len(maps) + 3
    used_K = np.isin(np.arange(num), used)
    shares = np.full(len(maps), 1 / len(maps))
    joining = Joining(np.linspace(0, 1, num), np.full(num, 0.5), used_K, shares, shares)
    return InspectionGraph(levels, memories, [0], wholes, joining).eval()


def figures_by_hand(graph: InspectionGraph, pixels: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Scaled figures (B, K) and heat, with scipy's distances."""
    maps = graph.levels(pixels)
    found = []
    for place, each in enumerate(maps):
        memory, shift = (getattr(graph, f"level{place}_{name}") for name in ("memory_MD", "shift_C"))
        flat = (each.flatten(2).transpose(1, 2) - shift) / 2
        padded = np.concatenate([flat, np.zeros((*flat.shape[:2], 2))], 2)
        nearest = np.stack([cdist(one, memory).min(1) for one in padded])
        found.append((0.5 * np.log(nearest**2 + EPSILON) - 0.5) / 0.2)
    worst = [np.sort(one, 1)[:, -num_worst(one.shape[1]) :].mean(1) for one in found]
    shapes = [(len(each), *each.shape[2:]) for each in maps]
    tensors = [torch.from_numpy(one.reshape(shape)) for one, shape in zip(found, shapes, strict=True)]
    heat = join_heat(tensors, torch.full((len(maps),), 1 / len(maps)))
    worst.append(worst_cells(heat).numpy())
    for place, x in enumerate(describe_wholes(pixels, maps, [0])):
        mean, whitening = (getattr(graph, f"whole{place}_{name}") for name in ("mean_D", "whitening_DD"))
        worst.append(0.5 * np.log((((x - mean) @ whitening) ** 2).sum(1).numpy() + EPSILON))
    figures = np.stack(worst, 1)
    return (figures - np.linspace(0, 1, figures.shape[1])) / 0.5, heat.numpy()


def test_the_score_joins_the_figures_that_count() -> None:
    pictures = [*good_pictures(2), with_spot(good_pictures(1)[0])]
    pixels = torch.from_numpy(np.stack(pictures))
    with torch.inference_mode():
        figures, heat = figures_by_hand(build([0]), pixels)
        for used in ([0], [7], [8], [9], list(range(10))):
            score, found = build(used)(pixels)
            np.testing.assert_allclose(score, join_figures(figures[:, used]), rtol=1e-3, atol=1e-3)
            np.testing.assert_allclose(found, heat, rtol=1e-3, atol=1e-3)
