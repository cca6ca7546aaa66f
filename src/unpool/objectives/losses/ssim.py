"""Structural similarity of two images.

It compares light, contrast and structure around each pixel.

B batch, C channels, H height, W width, K side of the window.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unpool.errors import UnpoolError, UsageError

WINDOW, SIGMA = 11, 1.5  # pixels
K1, K2 = 0.01, 0.03

ValueRange = float | Sequence[float] | Tensor


def ssim(x_BCHW: Tensor, y_BCHW: Tensor, value_range: ValueRange = 1.0) -> Tensor:
    """Compute the mean structural similarity of pairs of images.

    The map is averaged over the channels and over the places where the whole window lies inside the image; an image
    smaller than 11 pixels gets the largest odd window that fits. Computed in float32 at least.

    Args:
        x_BCHW: images.
        y_BCHW: images to compare with, of the same shape.
        value_range: width of the pixels' range, one number or one for each channel: 2 for pixels in −1..1,
            1/std for pixels normalised by a standard deviation.

    Returns:
        (B,): 1 for equal images, about 0 for unrelated ones.

    Raises:
        UnpoolError: where the shapes differ, are not (B, C, H, W), or do not fit the range's channels.

    Source: Wang, Bovik, Sheikh, Simoncelli 2004, IEEE TIP 13(4), section III-B and C.

    >>> x = torch.linspace(0, 1, 256).reshape(1, 1, 16, 16)
    >>> ssim(x, x).item(), ssim(x, 1 - x).item() < 0
    (1.0, True)
    """
    _check_shapes(x_BCHW, y_BCHW)
    dtype = torch.promote_types(torch.promote_types(x_BCHW.dtype, y_BCHW.dtype), torch.float32)
    x, y = x_BCHW.to(dtype), y_BCHW.to(dtype)
    range_C11 = _range(value_range, x)
    # Variances are small differences of large numbers: a mixed precision around this would ruin them.
    with torch.autocast(x.device.type, enabled=False):
        mean_x, mean_y, square, product = _blur(torch.stack([x, y, x * x + y * y, x * y]))
    c1, c2 = (K1 * range_C11) ** 2, (K2 * range_C11) ** 2
    means, products = mean_x * mean_x + mean_y * mean_y, mean_x * mean_y
    light = (2 * products + c1) / (means + c1)
    structure = (2 * (product - products) + c2) / (square - means + c2)
    ssim_B: Tensor = (light * structure).mean(dim=(1, 2, 3))
    return ssim_B


class SSIMLoss(nn.Module):
    """1 − mean structural similarity of the batch.

    A scalar: 0 for equal images, at most 2.

    >>> x = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    >>> SSIMLoss(1.0)(x, x).item()
    0.0
    """

    value_range_C: Tensor

    def __init__(self, value_range: ValueRange = 1.0) -> None:
        super().__init__()
        range_C = torch.as_tensor(value_range, dtype=torch.float64).reshape(-1)
        if not bool(((range_C > 0) & range_C.isfinite()).all()):
            raise UsageError(f"the pixel range of ssim is {range_C.tolist()}, but must be above 0")
        # Not part of a checkpoint: it follows from the network.
        self.register_buffer("value_range_C", range_C.float(), persistent=False)

    def forward(self, output_BCHW: Tensor, target_BCHW: Tensor) -> Tensor:
        """The loss of a batch, a scalar; errors as `ssim`."""
        return 1 - ssim(output_BCHW, target_BCHW, self.value_range_C).mean()


def _check_shapes(x_BCHW: Tensor, y_BCHW: Tensor) -> None:
    if x_BCHW.ndim != 4 or x_BCHW.shape != y_BCHW.shape:
        raise UnpoolError(
            f"ssim got shapes {tuple(x_BCHW.shape)} and {tuple(y_BCHW.shape)}, but compares two batches of "
            "images of one shape (B, C, H, W); use mse for anything else"
        )


def _range(value_range: ValueRange, x_BCHW: Tensor) -> Tensor:
    range_C = torch.as_tensor(value_range, dtype=x_BCHW.dtype, device=x_BCHW.device).reshape(-1)
    if len(range_C) not in (1, x_BCHW.shape[1]):
        raise UnpoolError(
            f"the pixel range of ssim has {len(range_C)} values, but the images have {x_BCHW.shape[1]} "
            "channels; give one value, or one for each channel"
        )
    return range_C.view(-1, 1, 1)


def _blur(maps_NBCHW: Tensor) -> Tensor:
    """Each map averaged under a Gaussian window, rows then columns; only where the window fits."""
    height, width = maps_NBCHW.shape[-2:]
    shortest = min(WINDOW, height, width)
    side = shortest - 1 + shortest % 2
    place_K = torch.arange(side, device=maps_NBCHW.device, dtype=maps_NBCHW.dtype) - side // 2
    weight_K = torch.exp(-place_K.square() / (2 * SIGMA**2))
    weight_K = weight_K / weight_K.sum()
    flat = maps_NBCHW.reshape(-1, 1, height, width)
    flat = F.conv2d(F.conv2d(flat, weight_K.view(1, 1, 1, -1)), weight_K.view(1, 1, -1, 1))
    return flat.view(*maps_NBCHW.shape[:3], *flat.shape[-2:])
