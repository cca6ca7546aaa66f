"""Enlarging by whole factors: bilinear interpolation, or a transposed convolution that begins as it.

B batch, C channels, h and w before, H and W after, s the factor.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unpool.errors import UsageError, unknown_name
from unpool.options import UPSAMPLINGS


def bilinear_kernel(factor: int) -> Tensor:
    """The weights (k, k) with which a transposed convolution of that stride interpolates, k = 2s − s mod 2.

    Long, Shelhamer and Darrell 2015 (arXiv 1411.4038), section 3.3; right for odd factors too.

    >>> bilinear_kernel(2)[0]
    tensor([0.0625, 0.1875, 0.1875, 0.0625])
    """
    size = 2 * factor - factor % 2
    middle = (size - 1) / 2
    line = 1 - (torch.arange(size, dtype=torch.float64) - middle).abs() / factor
    return torch.outer(line, line).float()


def bilinear_transposed(channels: int, factor: int, *, grouped: bool = True) -> nn.ConvTranspose2d:
    """A transposed convolution (B, C, h, w) → (B, C, s·h, s·w) that interpolates until it is trained.

    In the interior it equals `torch.nn.functional.interpolate(mode="bilinear", align_corners=False)`; at the border
    it fades, for nothing lies outside. `grouped` has a kernel for each channel, otherwise one for each pair of
    them, with a bias, as published: C times the work and the weights. Raises `UsageError` for a factor below 1.

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
    """(B, C, h, w) → (B, C, H, W) of the size asked for, about `factor` times as large.

    `kind` "interpolate" has no weights and takes any size; "grouped" and "dense" are transposed convolutions, after
    which what lies beyond `whole` is cut off, and what is then not of the size asked for is interpolated.
    Raises `UsageError` for an unknown kind.
    """

    def __init__(self, channels: int, factor: int, kind: str = "interpolate") -> None:
        super().__init__()
        if kind not in UPSAMPLINGS:
            raise unknown_name("upsampling", kind, UPSAMPLINGS)
        self.layer: nn.Module | None = None
        if kind != "interpolate" and factor > 1:
            self.layer = bilinear_transposed(channels, factor, grouped=kind == "grouped")

    def forward(self, y_BChw: Tensor, size: tuple[int, int], whole: tuple[int, int] | None = None) -> Tensor:
        """(B, C, h, w) → (B, C, H, W); `whole` is the size of which h and w are a part, by default `size`."""
        y_BCHW = y_BChw if self.layer is None else self.layer(y_BChw)
        if self.layer is not None and whole is not None:
            y_BCHW = y_BCHW[:, :, : whole[0], : whole[1]]
        if tuple(y_BCHW.shape[2:]) == tuple(size):
            return y_BCHW
        return F.interpolate(y_BCHW, size=size, mode="bilinear", align_corners=False)
