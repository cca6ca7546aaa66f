"""Base classes and layers of decoders.

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
    """The base class of decoders, which map codes to images.

    `decoder(code, pools)` restores the size and, in the unpooling form, the positions that the encoder saw;
    `decoder(code, size=(h, w))` gives an image of that size from the code alone;
    `decoder(code)` gives the smallest image that has such a code.
    """

    def forward(self, code: Tensor, pools: Pools | None = None, size: Sequence[int] | None = None) -> Tensor:
        """Decode.

        Args:
            code: (B, C, n), or (B, D) where it is flat.
            pools: What the encoder kept of the image.
            size: The image's size, where there are no pools.

        Returns:
            The image (B, C, S).
        """
        raise NotImplementedError


class NoDecoder(Decoder):
    """The decoder of networks that only embed."""

    def forward(self, code: Tensor, pools: Pools | None = None, size: Sequence[int] | None = None) -> Tensor:
        """Raise UnpoolError.

        Args:
            code: Not used.
            pools: Not used.
            size: Not used.

        Returns:
            Nothing.

        Raises:
            UnpoolError: Always.
        """
        raise UnpoolError(
            "this network has no decoder; build it with decoder='unpool', 'transpose' or 'upsample'"
        )


class EmbedsOnly(nn.Module):
    """What networks without a decoder share."""

    merge = "flatten"
    use_indices = False
    has_decoder = False

    def __init__(self) -> None:
        super().__init__()
        self.decoder = NoDecoder()

    def decode(self, code: Tensor, pools: Pools | None = None, size: Sequence[int] | None = None) -> Tensor:
        """Raise an error, since there is no decoder.

        Args:
            code: As for an autoencoder.
            pools: Likewise.
            size: Likewise.

        Returns:
            Never.
        """
        image_BCHW: Tensor = self.decoder(code, pools, size)
        return image_BCHW

    reconstruct = decode


class PlainDecoder(Decoder):
    """Layers that need no pools.

    Their image is interpolated where another size is requested.
    """

    def __init__(self, layers: nn.Module) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, code: Tensor, pools: Pools | None = None, size: Sequence[int] | None = None) -> Tensor:
        """Decode (B, C, n) to (B, C, S).

        Args:
            code: What the encoder gives.
            pools: Their size alone is used.
            size: The image's size; goes before `pools`.

        Returns:
            The image.
        """
        image_BCS: Tensor = self.layers(code)
        target = tuple(size) if size is not None else (pools.size if pools is not None else None)
        return image_BCS if target is None else interpolate(image_BCS, target)


class SteppedDecoder(Decoder):
    """Layers in order, with a Pool for each restoring one.

    `windows` are the encoder's windows from first to last, each with whether a Pool was kept for it; the sizes are
    computed from them when there are no pools.
    """

    def __init__(self, layers: Iterable[nn.Module], windows: Iterable[tuple[Window, bool]]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.windows = tuple(windows)

    def forward(self, code: Tensor, pools: Pools | None = None, size: Sequence[int] | None = None) -> Tensor:
        """Decode (B, C, n) to (B, C, S).

        Args:
            code: What the encoder gives.
            pools: What it kept of the image.
            size: The image's size, where there are no pools.

        Returns:
            The image.

        Raises:
            UnpoolError: Where pools or size do not belong to this code.
        """
        remaining = list(self.infer_pools(code, size) if pools is None else pools)
        if len(remaining) != sum(kept for _, kept in self.windows):
            expected = sum(kept for _, kept in self.windows)
            raise UnpoolError(
                f"the decoder needs {expected} pools, got {len(remaining)}; pass those of its encoder"
            )
        for layer in self.layers:
            code = layer(code, remaining.pop()) if isinstance(layer, RESTORING) else layer(code)
        return code

    def infer_pools(self, code: Tensor, size: Sequence[int] | None) -> list[Pool]:
        """Compute the pools of an image of `size`, without positions."""
        end = tuple(code.shape[2:])
        start = self.smallest_image(end) if size is None else tuple(size)
        pools, here = [], start
        for window, kept in self.windows:
            if kept:
                pools.append(Pool(here))
            here = window.output(here)
        if here != end:
            seen = f"an image of {pixels(start)} has a code of {pixels(here)}, not {pixels(end)}"
            raise UnpoolError(f"{seen}; pass the size of the image that was encoded")
        return pools

    def smallest_image(self, code_size: Size) -> Size:
        """Return the smallest image size with such a code."""
        for window, _ in reversed(self.windows):
            code_size = window.smallest_input(code_size)
        return code_size


class Resize(nn.Module):
    """Interpolate linearly to the encoder's size.

    That leaves no checkerboards. Source: Odena et al. 2016.
    """

    def forward(self, y_BCn: Tensor, pool: Pool) -> Tensor:
        """Resize (B, C, n) to (B, C, S)."""
        return interpolate(y_BCn, pool.size)


class Enlarge(nn.Module):
    """A transposed convolution to the encoder's size.

    A stride alone leaves that size open.
    """

    def __init__(self, conv: nn.Module) -> None:
        super().__init__()
        self.conv = conv

    def forward(self, y_BCn: Tensor, pool: Pool) -> Tensor:
        """Map (B, C, n) to (B, C', S)."""
        image_BCS: Tensor = self.conv(y_BCn, output_size=list(pool.size))
        return image_BCS


def interpolate(x_BCS: Tensor, size: Size) -> Tensor:
    """Interpolate linearly to `size`, in 1, 2 or 3 dimensions.

    x itself comes back where it has that size.
    """
    if tuple(x_BCS.shape[2:]) == size:
        return x_BCS
    mode = {1: "linear", 2: "bilinear", 3: "trilinear"}[len(size)]
    return F.interpolate(x_BCS, size=list(size), mode=mode, align_corners=False)


RESTORING = (Unpool, Resize, Enlarge)
