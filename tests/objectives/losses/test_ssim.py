"""Structural similarity against scipy's Gaussian filter, its gradient, and its properties."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from unpool.errors import UnpoolError, UsageError
from unpool.objectives.losses.ssim import SSIMLoss, ssim


def images(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def scipy_ssim(x_HW: np.ndarray, y_HW: np.ndarray, value_range: float, radius: int) -> float:
    """Equation 13 of the paper with central moments by scipy; the border without a whole window cut off."""

    def mean(z_HW: np.ndarray) -> np.ndarray:
        full = gaussian_filter(z_HW, 1.5, truncate=radius / 1.5, mode="constant", cval=np.nan)
        height, width = z_HW.shape
        return full[radius : height - radius, radius : width - radius]

    c1, c2 = (0.01 * value_range) ** 2, (0.03 * value_range) ** 2
    mx, my = mean(x_HW), mean(y_HW)
    vx, vy, cov = mean(x_HW**2) - mx**2, mean(y_HW**2) - my**2, mean(x_HW * y_HW) - mx * my
    top = (2 * mx * my + c1) * (2 * cov + c2)
    return float((top / ((mx**2 + my**2 + c1) * (vx + vy + c2))).mean())


@pytest.mark.parametrize(
    ("height", "width", "radius"), [(24, 17, 5), (11, 11, 5), (10, 30, 4), (8, 9, 3), (2, 5, 0), (3, 3, 1)]
)
def test_agrees_with_scipy_for_every_size(height: int, width: int, radius: int) -> None:
    x, y = images(3, 2, height, width), images(3, 2, height, width, seed=1)
    y = 0.7 * x + 0.3 * y
    got_B = ssim(x, y, 1.0)
    assert got_B.shape == (3,)
    for b in range(3):
        each = [scipy_ssim(x[b, c].numpy(), y[b, c].numpy(), 1.0, radius) for c in range(2)]
        assert got_B[b].item() == pytest.approx(np.mean(each), abs=1e-9)


def test_range_belongs_to_each_channel() -> None:
    x, y = images(1, 2, 16, 16), images(1, 2, 16, 16, seed=1)
    each = [scipy_ssim(x[0, c].numpy(), y[0, c].numpy(), (1.0, 4.0)[c], 5) for c in range(2)]
    for value_range in ((1.0, 4.0), torch.tensor([1.0, 4.0])):
        assert ssim(x, y, value_range).item() == pytest.approx(np.mean(each), abs=1e-9)
    assert SSIMLoss([1.0, 4.0])(x, y).item() == pytest.approx(1 - np.mean(each), abs=1e-9)


def test_stretching_pixels_and_range_together_changes_nothing() -> None:
    x, y = images(2, 3, 20, 20), images(2, 3, 20, 20, seed=1)
    torch.testing.assert_close(ssim(4 * x, 4 * y, 4.0), ssim(x, y, 1.0))
    assert not torch.allclose(ssim(4 * x, 4 * y, 1.0), ssim(x, y, 1.0))


def test_equal_is_one_and_noise_lowers_it() -> None:
    x, noise = images(2, 3, 20, 20), images(2, 3, 20, 20, seed=1) - 0.5
    torch.testing.assert_close(ssim(x, x), torch.ones(2, dtype=torch.float64))
    values = [ssim(x, x + share * noise).mean().item() for share in (0.0, 0.2, 0.6, 2.0)]
    assert values == sorted(values, reverse=True)
    assert values[1] - values[-1] > 0.2
    unrelated = ssim(images(2, 1, 64, 64), images(2, 1, 64, 64, seed=5))
    assert unrelated.abs().max() < 0.05
    torch.testing.assert_close(ssim(x, noise), ssim(noise, x))


@pytest.mark.parametrize("size", [5, 13])
def test_gradient(size: int) -> None:
    x, y = images(1, 2, size, size), images(1, 2, size, size, seed=1)
    assert torch.autograd.gradcheck(
        lambda a, b: ssim(a, b, (1.0, 2.0)), (x.requires_grad_(), y.requires_grad_())
    )


def test_flat_images_stay_finite_in_float32_and_half_is_lifted() -> None:
    flat = torch.full((1, 1, 16, 16), 0.999)
    assert ssim(flat, flat).item() == pytest.approx(1, abs=1e-3)
    x, y = images(1, 3, 16, 16), images(1, 3, 16, 16, seed=1)
    exact = ssim(x, y)
    assert ssim(x.float(), y.float()).item() == pytest.approx(exact.item(), abs=1e-5)
    assert ssim(x.bfloat16(), y.bfloat16()).dtype == torch.float32
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert ssim(x.float(), y.float()).item() == pytest.approx(exact.item(), abs=1e-5)


def test_range_is_not_part_of_a_checkpoint() -> None:
    assert SSIMLoss(2.0).state_dict() == {}


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(UnpoolError, match=r"shapes \(1, 1, 8, 8\) and \(1, 1, 8, 9\).*use mse"):
        ssim(torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 8, 9))
    with pytest.raises(UnpoolError, match="one shape"):
        ssim(torch.zeros(4, 16), torch.zeros(4, 16))
    with pytest.raises(UnpoolError, match="2 values, but the images have 3 channels"):
        ssim(torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8), (1.0, 1.0))
    for wrong in (0.0, -1.0, float("nan"), [1.0, 0.0]):
        with pytest.raises(UsageError, match="must be above 0"):
            SSIMLoss(wrong)
