"""What every decoder is: a code, and what pooling remembered or a size, → an image.

Shapes: B batch, C channels, S spatial axes of the image, n spatial axes of the code.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from unpool.errors import UnpoolError
from unpool.networks.layers.pooling import Pool, Pools, Unpool
from unpool.networks.layers.windows import Size, Window, pixels

TRANSPOSED: tuple[type[nn.ConvTranspose1d] | type[nn.ConvTranspose2d] | type[nn.ConvTranspose3d], ...] = (
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
)


class Decoder(nn.Module):
    """A code → an image. The three ways to call one:

    `decoder(code, pools)` restores the size and, in the unpooling form, the positions that the encoder saw;
    `decoder(code, size=(h, w))` gives an image of that size from the code alone;
    `decoder(code)` gives the smallest image that has such a code.
    """

    def forward(self, code: Tensor, pools: Pools | None = None, size: Sequence[int] | None = None) -> Tensor:
        raise NotImplementedError


class NoDecoder(Decoder):
    """Stands where a network only embeds."""

    def forward(self, code: Tensor, pools: Pools | None = None, size: Sequence[int] | None = None) -> Tensor:
        raise UnpoolError(
            "this network has no decoder; build it with decoder='unpool', 'transpose' or 'upsample'"
        )


class PlainDecoder(Decoder):
    """Layers that need nothing remembered; their image is interpolated where another size is asked for."""

    def __init__(self, layers: nn.Module) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, code: Tensor, pools: Pools | None = None, size: Sequence[int] | None = None) -> Tensor:
        image_BCS: Tensor = self.layers(code)
        wanted = tuple(size) if size is not None else (pools.size if pools is not None else None)
        return image_BCS if wanted is None else interpolate(image_BCS, wanted)


class SteppedDecoder(Decoder):
    """Layers run in turn, of which each that undoes a shrinking is given what that shrinking remembered.

    `windows` are the encoder's windows from first to last, each with whether a Pool was kept for it; they
    tell the sizes when nothing was remembered.
    """

    def __init__(self, layers: Iterable[nn.Module], windows: Iterable[tuple[Window, bool]]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.windows = tuple(windows)

    def forward(self, code: Tensor, pools: Pools | None = None, size: Sequence[int] | None = None) -> Tensor:
        """(B, C, n) → (B, C, S). UnpoolError where pools or size do not belong to this code."""
        remembered = list(self.imagined_pools(code, size) if pools is None else pools)
        if len(remembered) != sum(kept for _, kept in self.windows):
            expected = sum(kept for _, kept in self.windows)
            raise UnpoolError(
                f"the decoder needs {expected} pools, got {len(remembered)}; pass those of its encoder"
            )
        for layer in self.layers:
            code = layer(code, remembered.pop()) if isinstance(layer, RESTORING) else layer(code)
        return code

    def imagined_pools(self, code: Tensor, size: Sequence[int] | None) -> list[Pool]:
        """The sizes on the way down from an image of `size`, with no positions."""
        end = tuple(code.shape[2:])
        start = self.smallest(end) if size is None else tuple(size)
        pools, here = [], start
        for window, kept in self.windows:
            if kept:
                pools.append(Pool(here))
            here = window.output(here)
        if here != end:
            seen = f"an image of {pixels(start)} has a code of {pixels(here)}, not {pixels(end)}"
            raise UnpoolError(f"{seen}; pass the size of the image that was encoded")
        return pools

    def smallest(self, code_size: Size) -> Size:
        """The smallest image size that has a code of this size."""
        for window, _ in reversed(self.windows):
            code_size = window.smallest_input(code_size)
        return code_size


class Resize(nn.Module):
    """Interpolate linearly to the size remembered: no checkerboards (Odena et al. 2016)."""

    def forward(self, y_BCn: Tensor, pool: Pool) -> Tensor:
        """(B, C, n) → (B, C, S)."""
        return interpolate(y_BCn, pool.size)


class Enlarge(nn.Module):
    """A transposed convolution to the size remembered; a stride alone leaves that size open."""

    def __init__(self, conv: nn.Module) -> None:
        super().__init__()
        self.conv = conv

    def forward(self, y_BCn: Tensor, pool: Pool) -> Tensor:
        """(B, C, n) → (B, C', S)."""
        image_BCS: Tensor = self.conv(y_BCn, output_size=list(pool.size))
        return image_BCS


def interpolate(x_BCS: Tensor, size: Size) -> Tensor:
    """Linear interpolation to `size`, in one, two or three dimensions; x itself where the size is right."""
    if tuple(x_BCS.shape[2:]) == size:
        return x_BCS
    mode = {1: "linear", 2: "bilinear", 3: "trilinear"}[len(size)]
    return F.interpolate(x_BCS, size=list(size), mode=mode, align_corners=False)


RESTORING = (Unpool, Resize, Enlarge)
