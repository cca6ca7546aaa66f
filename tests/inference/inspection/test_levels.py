"""Maps of features: which, where, and of what."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import uniform_filter
from torch import nn

from support.tiny_levels import SIZE, build_encoder, build_levels, build_preprocessing, good_pictures
from unpool.errors import UnpoolError
from unpool.inference.inspection.levels import (
    LevelName,
    PatchLevels,
    average_neighbours,
    average_windows,
    describe_colours,
    resampling_matrix,
    scale_sides,
)


def maps_of(levels: PatchLevels, pictures: list[np.ndarray]) -> list[torch.Tensor]:
    with torch.inference_mode():
        return levels(torch.from_numpy(np.stack(pictures)))


def test_every_scale_gives_maps_but_the_finest_only_at_full_size() -> None:
    levels = build_levels()
    assert [str(name) for name in levels.names] == [
        "96/4", "96/8", "96/16", "64/8", "64/16", "colours/4", "colours/16", "colours/32",
    ]  # fmt: skip
    assert [name.is_deep for name in levels.names] == [False, False, True, False, True, False, False, False]
    maps = maps_of(levels, good_pictures(2))
    assert [tuple(each.shape[2:]) for each in maps] == [(side, side) for side in (24, 12, 6, 8, 4, 24, 6, 3)]
    assert {len(each) for each in maps} == {2}


def test_pictures_of_a_batch_do_not_see_each_other() -> None:
    levels, pictures = build_levels(evens=True), good_pictures(3)
    together, alone = maps_of(levels, pictures), maps_of(levels, pictures[1:2])
    for batch, one in zip(together, alone, strict=True):
        torch.testing.assert_close(batch[1], one[0], rtol=1e-4, atol=1e-5)


def test_of_the_deepest_stride_the_first_map_is_taken_and_the_last_of_others() -> None:
    encoder = build_encoder()
    deep = nn.Sequential(
        *encoder[:3], nn.Conv2d(12, 5, 1), nn.Conv2d(5, 9, 3, 2, 1), nn.Conv2d(9, 7, 1)
    ).eval()
    levels = PatchLevels(deep, build_preprocessing(), SIZE)
    maps = maps_of(levels, good_pictures(1))
    channels = {str(name): each.shape[1] for name, each in zip(levels.names, maps, strict=True)}
    assert (channels["96/8"], channels["96/16"]) == (5, 9)


def test_brightness_is_evened_out_where_it_varies() -> None:
    pictures = good_pictures(1)
    darker = [(pictures[0] * 0.7).astype(np.uint8)]

    def change(levels: PatchLevels) -> float:
        first, second = maps_of(levels, pictures)[0], maps_of(levels, darker)[0]
        return float((first - second).abs().mean() / first.std())

    assert change(build_levels(evens=True)) < 0.05 < 0.15 < change(build_levels())


def test_an_encoder_of_grey_sees_the_mean_of_the_colours() -> None:
    levels = build_levels(channels=1)
    (picture,) = good_pictures(1)
    grey = np.repeat(picture.mean(2, keepdims=True).round().astype(np.uint8), 3, axis=2)
    coloured, colourless = maps_of(levels, [picture]), maps_of(levels, [grey])
    torch.testing.assert_close(coloured[0], colourless[0], atol=0.05, rtol=0.05)
    assert coloured[-1].shape[1] == 6


def test_what_gives_no_maps_is_refused() -> None:
    with pytest.raises(UnpoolError, match="no maps of a stride of 4 or more; name another with --network"):
        PatchLevels(build_encoder(strides=1), build_preprocessing(), SIZE)


def test_cells_are_averaged_with_their_neighbours() -> None:
    values = torch.randn(2, 3, 5, 6, generator=torch.Generator().manual_seed(0))
    expected = uniform_filter(values.numpy(), (0, 0, 3, 3), mode="nearest")
    np.testing.assert_allclose(average_neighbours(values).numpy(), expected, atol=1e-6)


def test_colours_show_a_stain_whatever_the_light() -> None:
    plain = torch.full((1, 3, 64, 64), 0.5)
    stained = plain.clone()
    stained[:, :, 40:, 40:] = 0.3
    described = describe_colours(stained, 16)
    assert described.shape == (1, 6, 4, 4)
    assert described[0, 0].argmin() == 15  # the last row and column
    torch.testing.assert_close(describe_colours(stained + 0.2, 16), described, atol=1e-4, rtol=1e-4)
    assert describe_colours(plain, 16)[:, :3].abs().max() < 1e-6


@pytest.mark.parametrize("stride", [4, 16, 32])
def test_windows_overlap_by_half_and_are_mirrored_at_borders(stride: int) -> None:
    x = torch.rand(2, 3, 96, 64)
    border = [stride // 2] * 2
    mirrored = np.pad(x.numpy(), [(0, 0), (0, 0), border, border], mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(mirrored, (2 * stride, 2 * stride), (2, 3))
    expected = windows[:, :, ::stride, ::stride].mean((-1, -2))
    found = average_windows(x, stride).numpy()
    assert found.shape == (2, 3, 96 // stride, 64 // stride)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_spread_of_colours_is_that_of_a_window_twice_the_stride() -> None:
    x = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    window = x[0, :, 8:40, 8:40].flatten(1)  # around the second cell
    spread = describe_colours(x, 16)[0, 3:, 1, 1]
    torch.testing.assert_close(spread, window.var(1, correction=0).sqrt(), atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize(("size", "side"), [(256, 160), (96, 64), (64, 64)])
def test_shrinking_keeps_brightness_and_slopes(size: int, side: int) -> None:
    matrix = resampling_matrix(size, side)
    assert matrix.shape == (side, size)
    np.testing.assert_allclose(matrix.sum(1), 1, rtol=1e-5)
    centres = (np.arange(side) + 0.5) * size / side - 0.5
    np.testing.assert_allclose((matrix @ np.arange(size))[2:-2], centres[2:-2], atol=0.35)


def test_scales_are_multiples_of_32_and_each_appears_once() -> None:
    for size in range(64, 1025, 32):
        sides = scale_sides(size)
        assert sides[0] == size
        assert all(side % 32 == 0 and side >= 64 for side in sides)
        assert sides == sorted(set(sides), reverse=True)


def test_names_say_what_a_map_is() -> None:
    assert str(LevelName(160, 8)) == "160/8"
    assert str(LevelName(0, 16)) == "colours/16"
    assert LevelName(160, 32).is_deep
    assert not LevelName(0, 32).is_deep
