"""Views: the same for the same image and epoch, mirrored only where mirrors are the same thing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from unpool.errors import UsageError
from unpool.objectives.views import VIEWS, PrecomputedViews, Views, find_views
from unpool.training.data.datasets import FeatureSet

STILL = Views(0, 0, 0, 0, 0, 0)


def picture() -> torch.Tensor:
    return torch.rand(64, 3, 16, 16, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", VIEWS)
def test_a_function_of_image_and_epoch(name: str) -> None:
    x, index = picture(), np.arange(64)
    views = find_views(name)
    view = views.sample(x, index, 0, 3, 1)
    assert view.shape == x.shape
    assert torch.equal(views.sample(x[10:20], index[10:20], 0, 3, 1), view[10:20])
    for other in ((1, 3, 1), (0, 4, 1), (0, 3, 2)):
        assert not torch.equal(views.sample(x, index, *other), view)


def test_nothing_asked_nothing_changed() -> None:
    torch.testing.assert_close(STILL.sample(picture(), np.arange(64), 0, 0, 0), picture())


def test_half_are_mirrored_and_by_default_none() -> None:
    x = picture()
    view = Views(0, 0, 0, 0, 0, 0, mirror=0.5).sample(x, np.arange(64), 0, 0, 0)
    mirrored = [torch.allclose(a, b.flip(-1), atol=1e-5) for a, b in zip(view, x, strict=True)]
    assert 16 < sum(mirrored) < 48
    assert all(m or torch.allclose(a, b, atol=1e-5) for m, a, b in zip(mirrored, view, x, strict=True))
    assert find_views(None).mirror == 0


def test_crops_keep_their_share_of_the_area_and_stay_inside() -> None:
    views = Views(0, 0, 0, 0, 0, 0, area=0.4)
    ramp = torch.linspace(-1, 1, 64).view(1, 1, 1, 64).expand(200, 1, 64, 64)
    view = views.sample(ramp, np.arange(200), 0, 0, 0)
    width = (view[:, 0, 0, -1] - view[:, 0, 0, 0]) / 2
    assert 0.60 < width.min() < 0.70  # √0.4 = 0.63
    assert 0.95 < width.max() < 1.01


def test_colour_leaves_grey_as_it_is() -> None:
    views = Views(0, 0, 0, 0, 0, 0, colour=0.6)
    grey = torch.rand(8, 1, 6, 6).expand(8, 3, 6, 6)
    torch.testing.assert_close(views.sample(grey, np.arange(8), 0, 0, 0), grey, atol=1e-5, rtol=1e-4)
    assert not torch.allclose(views.sample(picture(), np.arange(64), 0, 0, 0), picture(), atol=1e-2)


def test_a_warp_bends_the_plane_smoothly_and_small_images_not_at_all() -> None:
    views = Views(0, 0, 0, 0, 0, 0, warp=0.2)
    ramp = torch.linspace(-1, 1, 64).view(1, 1, 1, 64).expand(100, 1, 64, 64).contiguous()
    view = views.sample(ramp, np.arange(100), 0, 0, 0)
    moved = (view - ramp)[:, :, 8:-8, 8:-8]
    assert 0.05 < moved.abs().max() < 0.35  # the spline may swing a little over its knots
    assert (moved[..., 1:] - moved[..., :-1]).abs().max() < 0.04, "no jumps from pixel to pixel"
    assert moved.mean().abs() < 0.01
    small = torch.rand(5, 1, 15, 15)
    torch.testing.assert_close(views.sample(small, np.arange(5), 0, 0, 0), small)


def test_views_made_before_are_picked_two_at_a_time() -> None:
    made = torch.arange(4.0).view(1, 4, 1).expand(500, 4, 1)
    first, second = (PrecomputedViews().sample(made, np.arange(500), 0, 7, stream)[:, 0] for stream in (0, 1))
    assert not (first == second).any()
    assert (torch.bincount(first.long(), minlength=4) > 90).all()
    again = PrecomputedViews().sample(made[:9], np.arange(40, 49), 0, 7, 0)[:, 0]
    assert torch.equal(again, first[40:49])


def test_the_second_of_two_views_is_of_a_neighbour() -> None:
    made = torch.arange(6.0).view(1, 6, 1).expand(900, 6, 1)
    first, second = (
        PrecomputedViews(2).sample(made, np.arange(900), 0, 7, stream)[:, 0] for stream in (0, 1)
    )
    assert set(first.tolist()) == {0, 1, 2, 3}
    assert set(second.tolist()) == {4, 5}
    assert not torch.equal(second, PrecomputedViews(2).sample(made, np.arange(900), 0, 8, 1)[:, 0])


def test_features_of_neighbours_come_last() -> None:
    feature_NVD = np.arange(24.0).reshape(4, 2, 3)
    neighbour_NK = np.array([[1, 2], [0, 3], [3, 0], [2, 1]])
    data = FeatureSet(feature_NVD, torch.device("cpu"), neighbour_NK)
    seen = [next(iter(data.batches([np.array([0, 3])], epoch=epoch))).numpy() for epoch in (0, 1)]
    for x_BVD in seen:
        assert x_BVD.shape == (2, 4, 3)
        np.testing.assert_array_equal(x_BVD[:, :2], feature_NVD[[0, 3]])
        for row, others in enumerate(neighbour_NK[[0, 3]]):
            for place, other in enumerate(others):
                assert any(np.array_equal(x_BVD[row, 2 + place], view) for view in feature_NVD[other])
    assert not (seen[0][:, 2:] == seen[1][:, 2:]).any(), "another view in the next epoch"


def test_a_wrong_name_is_an_error() -> None:
    with pytest.raises(UsageError, match="shfit"):
        find_views("shfit")
