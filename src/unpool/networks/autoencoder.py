"""Encoder, code, decoder.

Shapes: B batch, C channels, H and W height and width; the code is (B, C, h, w), or (B, D) where it is flat.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, overload

from torch import Tensor, nn

from unpool.core.calls.signatures import explain_calls, shorten
from unpool.errors import UnpoolError, UsageError, unknown_name
from unpool.images.values.rules import NO_RULES, ValueRules
from unpool.networks.decoders.base import Decoder, NoDecoder, PlainDecoder
from unpool.networks.decoders.mirror import mirror
from unpool.networks.image_batch import describe_input, takes_images
from unpool.networks.layers.evaluation import evaluating
from unpool.networks.layers.pooling import Pools, leaves, remember
from unpool.networks.layers.windows import CONVOLUTIONS, MAX_POOLS, Size, pixels, window_of
from unpool.networks.preprocessing import Preprocessing

MERGES = ("flatten", "mean")


class Autoencoder(nn.Module):
    """An encoder, and a decoder to the input's exact shape.

    The encoder's modules are used as they are, never altered.

    Args:
        encoder: Images to codes.
        decoder: Codes to images; None mirrors the encoder.
        architecture: The network's name.
        preprocessing: How pixels become the input.
        merge: How `embed` makes one vector of a code: "flatten" keeps every number, "mean" averages over height
            and width.
        use_indices: Whether `forward` gives the decoder the pooling indices (which carry edges past the code) or
            the size alone.

    Raises:
        UnpoolError: For a module without a mirror, where there is no decoder.
        UsageError: For an unknown `merge`.

    >>> import torch
    >>> autoencoder = Autoencoder(nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2)))
    >>> x = torch.rand(2, 3, 11, 14)
    >>> code, pools = autoencoder.encode(x, return_pools=True)
    >>> autoencoder.decode(code, pools).shape == autoencoder(x).shape == x.shape
    True
    >>> tuple(autoencoder.embed(x).shape), autoencoder.dimension((11, 14))
    ((2, 192), 192)
    """

    built_with: dict[str, Any] | None = None
    """What makes this network again, for a model folder; None for a network of the user's own."""
    rules: ValueRules = NO_RULES
    """By which images of more than 8 bits were scaled that it was trained on."""

    @explain_calls
    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module | None = None,
        *,
        architecture: str = "custom",
        preprocessing: Preprocessing | None = None,
        merge: str = "flatten",
        use_indices: bool = True,
    ) -> None:
        super().__init__()
        if merge not in MERGES:
            raise unknown_name("merge", merge, MERGES)
        built = mirror(encoder) if decoder is None else decoder
        self.encoder = encoder
        self.decoder: Decoder = built if isinstance(built, Decoder) else PlainDecoder(built)
        self.architecture = architecture
        self.preprocessing = preprocessing or Preprocessing(channels=input_channels(encoder))
        self.merge = merge
        self.use_indices = use_indices
        # Nothing is known for certain of a user's own encoder, so nothing is checked.
        self._channels = preprocessing.channels if preprocessing else None
        is_flat = any(isinstance(leaf, nn.Linear) for _, leaf in leaves(encoder))
        self._only_size = (preprocessing.size,) * 2 if preprocessing and is_flat else None

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Reconstruct images, in x's exact shape."""
        if not self.use_indices:
            return self.decode(self.encode(x_BCHW), size=x_BCHW.shape[2:])
        code, pools = self.encode(x_BCHW, return_pools=True)
        return self.decode(code, pools)

    def extra_repr(self) -> str:
        """Say what it is, and what it expects."""
        return f"{self.architecture}: {self.expects}"

    @property
    def expects(self) -> str:
        """What images it takes.

        Their size, channels, and how a tensor of them is normalised.
        """
        own = f"{self.size} × {self.size} pixels"
        size = own if self._only_size else f"any size, by default {own}"
        return describe_input(self.preprocessing, size)

    @takes_images
    def reconstruct(self, x_BCHW: Tensor) -> Tensor:
        """Compute the reconstruction of each image, of its exact shape.

        A normalised tensor (B, C, H, W), or images as `embed` takes them.
        """
        image_BCHW: Tensor = self(x_BCHW)
        return image_BCHW

    @property
    def has_decoder(self) -> bool:
        """Whether codes can be turned back into images."""
        return not isinstance(self.decoder, NoDecoder)

    @overload
    def encode(self, x_BCHW: Tensor, return_pools: Literal[False] = False) -> Tensor: ...
    @overload
    def encode(self, x_BCHW: Tensor, return_pools: Literal[True]) -> tuple[Tensor, Pools]: ...
    def encode(self, x_BCHW: Tensor, return_pools: bool = False) -> Tensor | tuple[Tensor, Pools]:
        """Return the code, and on request the pools.

        Raises UnpoolError where x has other channels than the network takes, is smaller than its windows, or
        is of another size than its linear layers.
        """
        self._check_input(x_BCHW)
        if return_pools:
            return remember(self.encoder, x_BCHW)
        # A pool that returns its indices cannot run inside a plain Sequential.
        if any(isinstance(leaf, MAX_POOLS) and leaf.return_indices for _, leaf in leaves(self.encoder)):
            return remember(self.encoder, x_BCHW)[0]
        code: Tensor = self.encoder(x_BCHW)
        return code

    def decode(
        self, code: Tensor, pools: Pools | None = None, size: int | Sequence[int] | None = None
    ) -> Tensor:
        """Decode a code to an image.

        Args:
            code: What `encode` gives.
            pools: What it gives beside the code. Without pools unpooling puts values at fixed positions, so
                nothing of x leaks past the code.
            size: The image's side, or height and width; by default the smallest that has such a code.

        Returns:
            The image (B, C, H, W).

        Raises:
            UnpoolError: Where the network has no decoder, or pools or size do not belong to the code.
        """
        image_BCHW: Tensor = self.decoder(code, pools, (size, size) if isinstance(size, int) else size)
        return image_BCHW

    @takes_images
    def embed(self, x_BCHW: Tensor) -> Tensor:
        """Return one vector for each image, (B, D).

        It is the code, merged as `merge` says. Images are a normalised tensor (B, C, H, W), or one or several as
        programs hold them: paths, pictures, arrays (H, W, C), tensors of uint8; these are resized and normalised.
        """
        return merge_code(self.encode(x_BCHW), self.merge)

    def dimension(self, size: int | Sequence[int] | None = None) -> int:
        """Return the length D of `embed`, for images of `size`.

        By default they have the network's own size.
        """
        side = self.preprocessing.size if size is None else size
        height_width = (side, side) if isinstance(side, int) else tuple(side)
        parameter = next(self.parameters())
        with evaluating(self):
            return self.embed(parameter.new_zeros(1, self.preprocessing.channels, *height_width)).shape[1]

    @property
    def size(self) -> int:
        """Height and width the network is used at, pixels."""
        return self.preprocessing.size

    @property
    def channels(self) -> int:
        """Channels of the images: 1 or 3."""
        return self.preprocessing.channels

    @property
    def mean(self) -> tuple[float, ...]:
        """What is subtracted from pixels in 0..1, per channel."""
        return self.preprocessing.mean

    @property
    def std(self) -> tuple[float, ...]:
        """What pixels are then divided by, per channel."""
        return self.preprocessing.std

    @property
    def interpolation(self) -> str:
        """How images are resized."""
        return self.preprocessing.interpolation

    @property
    def crop(self) -> str:
        """How images are made square."""
        return self.preprocessing.crop

    def _check_input(self, x_BCHW: Tensor) -> None:
        if not isinstance(x_BCHW, Tensor) or (self._channels and x_BCHW.ndim != 4):
            seen = f"a tensor {tuple(x_BCHW.shape)}" if isinstance(x_BCHW, Tensor) else shorten(x_BCHW)
            problem = f"{self.architecture} takes a tensor (B, {self.channels}, H, W) here, got {seen}"
            raise UsageError(f"{problem}; `embed` and `reconstruct` take paths, pictures and arrays")
        size = tuple(x_BCHW.shape[2:])
        smallest = smallest_input(self.encoder)
        if self._channels and x_BCHW.shape[1] != self._channels:
            seen = f"{self.architecture} takes images of {self._channels} channels, got {x_BCHW.shape[1]}"
            raise UnpoolError(f"{seen}; build it with channels={x_BCHW.shape[1]}")
        if self._only_size and size != self._only_size:
            seen = f"{self.architecture} takes images of {pixels(self._only_size)} pixels, got {pixels(size)}"
            raise UnpoolError(f"{seen}; resize them or build it with another size")
        if (
            smallest
            and len(smallest) == len(size)
            and any(n < m for n, m in zip(size, smallest, strict=True))
        ):
            seen = f"images of {pixels(size)} pixels are too small for {self.architecture}"
            raise UnpoolError(f"{seen}; the smallest it takes are {pixels(smallest)}")


def merge_code(code: Tensor, merge: str) -> Tensor:
    """Merge a code (B, C, h, w) to (B, D).

    `merge` is "flatten" or "mean"; a flat code stays as it is.

    >>> import torch
    >>> merge_code(torch.ones(2, 3, 4, 4), "mean").shape, merge_code(torch.ones(2, 3, 4, 4), "flatten").shape
    (torch.Size([2, 3]), torch.Size([2, 48]))
    """
    code_BCn = code.flatten(2) if code.ndim > 2 else code.unsqueeze(2)
    return code_BCn.mean(2) if merge == "mean" else code_BCn.flatten(1)


def smallest_input(encoder: nn.Module) -> Size | None:
    """Return the smallest size an encoder's windows fit in.

    None where its first layer has no window.
    """
    windows = []
    for _, leaf in leaves(encoder):
        if isinstance(leaf, nn.Flatten | nn.Linear):
            break
        if (window := window_of(leaf)) is not None:
            windows.append(window)
    if not windows:
        return None
    size: Size = (1,) * len(windows[0].kernel)
    for window in reversed(windows):
        size = window.smallest_input(size)
    return size


def input_channels(encoder: nn.Module) -> int:
    """Return the first convolution's channels, 3 without one."""
    return next((module.in_channels for module in encoder.modules() if isinstance(module, CONVOLUTIONS)), 3)
