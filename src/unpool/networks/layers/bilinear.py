"""Enlarge by whole factors, bilinearly or by transposed convolution.

B batch, C channels, h and w before, H and W after, s the factor.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unpool.errors import UsageError, unknown_name
from unpool.options import UPSAMPLINGS


def bilinear_kernel(factor: int) -> Tensor:
    """Return the kernel of bilinear enlargement.

    It is (k, k), k = 2s − s mod 2; a transposed convolution of that kernel and stride s interpolates.

    Long, Shelhamer and Darrell 2015 (arXiv 1411.4038), section 3.3; right for odd factors too.

    >>> bilinear_kernel(2)[0]
    tensor([0.0625, 0.1875, 0.1875, 0.0625])
    """
    size = 2 * factor - factor % 2
    middle = (size - 1) / 2
    line = 1 - (torch.arange(size, dtype=torch.float64) - middle).abs() / factor
    return torch.outer(line, line).float()


def bilinear_transposed(channels: int, factor: int, *, grouped: bool = True) -> nn.ConvTranspose2d:
    """Build a transposed convolution that interpolates until trained.

    It maps (B, C, h, w) to (B, C, s·h, s·w).
    In the interior it equals `torch.nn.functional.interpolate(mode="bilinear", align_corners=False)`; at the
    border it fades, for nothing lies outside.

    Args:
        channels: C.
        factor: s, 1 or more.
        grouped: A kernel for each channel; otherwise one for each pair of them, with a bias, as published: C times
            the work and the weights.

    Returns:
        The layer.

    Raises:
        UsageError: For a factor below 1.
    >>> bilinear_transposed(3, 5)(torch.zeros(1, 3, 4, 6)).shape
    torch.Size([1, 3, 20, 30])
    """
    if factor < 1:
        raise UsageError(f"factor is {factor}, but must be a whole number of 1 or more")
    layer = nn.ConvTranspose2d(
        channels, channels, 2 * factor - factor % 2, stride=factor, padding=factor // 2,
        groups=channels if grouped else 1, bias=not grouped,
    )  # fmt: skip
    with torch.no_grad():
        layer.weight.zero_()
        for channel in range(channels):
            layer.weight[channel, 0 if grouped else channel] = bilinear_kernel(factor)
        if layer.bias is not None:
            layer.bias.zero_()
    return layer


class Upsample(nn.Module):
    """Enlarge (B, C, h, w) to a requested size (B, C, H, W).

    That size is about `factor` times as large. `kind` "interpolate" has no weights and takes any size; "grouped"
    and "dense" are transposed convolutions, after which what lies beyond `whole` is cut off, and what is then not
    of that size is interpolated.

    Args:
        channels: C.
        factor: About how many times the map is enlarged.
        kind: "interpolate", "grouped" or "dense".

    Raises:
        UsageError: For an unknown kind.
    """

    def __init__(self, channels: int, factor: int, kind: str = "interpolate") -> None:
        super().__init__()
        if kind not in UPSAMPLINGS:
            raise unknown_name("upsampling", kind, UPSAMPLINGS)
        self.layer: nn.Module | None = None
        if kind != "interpolate" and factor > 1:
            self.layer = bilinear_transposed(channels, factor, grouped=kind == "grouped")

    def forward(self, y_BChw: Tensor, size: tuple[int, int], whole: tuple[int, int] | None = None) -> Tensor:
        """Enlarge a feature map.

        Args:
            y_BChw: The map.
            size: H and W of the result.
            whole: Where the result is cut off before it is interpolated: the size that the map stands for.

        Returns:
            (B, C, H, W).
        """
        y_BCHW = y_BChw if self.layer is None else self.layer(y_BChw)
        if self.layer is not None and whole is not None:
            y_BCHW = y_BCHW[:, :, : whole[0], : whole[1]]
        if tuple(y_BCHW.shape[2:]) == tuple(size):
            return y_BCHW
        return F.interpolate(y_BCHW, size=size, mode="bilinear", align_corners=False)
