"""A decoder for encoders without a mirror, such as ResNet.

Shapes: B batch, C channels, h and w of the code, H and W of the image.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from unpool.errors import UnpoolError, unknown_name
from unpool.networks.decoders.base import Decoder, Enlarge, Resize
from unpool.networks.layers.pooling import Pool, Pools
from unpool.networks.layers.windows import Size, pixels

UPSAMPLING_FORMS = ("upsample", "transpose")
MAX_CHANNELS, MIN_CHANNELS = 256, 16


class UpsamplingDecoder(Decoder):
    """A decoder that doubles the size step by step.

    `reduction` is the encoder's: 32 where the code is 1/32 of the image. Each step interpolates and
    convolves (form "upsample": no checkerboards, Odena et al. 2016) or is a transposed convolution (form
    "transpose"). Pooling indices are never used, so nothing of the image passes but its code. The image is
    unbounded.

    Args:
        code_channels: Channels of the code.
        channels: Channels of the images.
        reduction: How many times smaller than the image the code is.
        form: "upsample" or "transpose".

    Raises:
        UsageError: For another form.

    >>> import torch
    >>> UpsamplingDecoder(512, reduction=32)(torch.zeros(1, 512, 2, 3), size=(50, 96)).shape
    torch.Size([1, 3, 50, 96])
    """

    def __init__(
        self, code_channels: int, channels: int = 3, *, reduction: int = 32, form: str = "upsample"
    ) -> None:
        super().__init__()
        if form not in UPSAMPLING_FORMS:
            raise unknown_name("decoder", form, UPSAMPLING_FORMS)
        steps = (reduction - 1).bit_length()
        widths = [max(MAX_CHANNELS // 2**step, MIN_CHANNELS) for step in range(steps + 1)]
        self.reduction = reduction
        self.narrow = nn.Sequential(nn.Conv2d(code_channels, widths[0], 1), *_norm_relu(widths[0]))
        self.steps = nn.ModuleList(_step(inside, outside, form) for inside, outside in pairwise(widths))
        self.image = nn.Conv2d(widths[-1], channels, 3, padding=1)

    def forward(self, code: Tensor, pools: Pools | None = None, size: Sequence[int] | None = None) -> Tensor:
        """Decode (B, C, h, w) to (B, channels, H, W).

        Args:
            code: What the encoder gives.
            pools: Its size alone is used.
            size: The image's size; goes before `pools`.

        Returns:
            The image; without pools or size the smallest that has such a code.

        Raises:
            UnpoolError: For a flat code.
        """
        if code.ndim != 4:
            raise UnpoolError(f"the code is {pixels(code.shape)}; an image needs batch×channels×height×width")
        y_BCHW = self.narrow(code)
        for step, size_after in zip(self.steps, self._sizes(code, pools, size), strict=True):
            assert isinstance(step, nn.ModuleList)
            y_BCHW = step[0](y_BCHW, Pool(size_after))
            for layer in step[1:]:
                y_BCHW = layer(y_BCHW)
        image_BCHW: Tensor = self.image(y_BCHW)
        return image_BCHW

    def _sizes(self, code: Tensor, pools: Pools | None, size: Sequence[int] | None) -> list[Size]:
        """The size after each step: the image's halved, rounded up, again and again, from last to first."""
        height, width = code.shape[2:]
        smallest = ((height - 1) * self.reduction + 1, (width - 1) * self.reduction + 1)
        end = tuple(size) if size is not None else (pools.size if pools is not None else smallest)
        halvings = reversed(range(len(self.steps)))
        return [tuple((n - 1) // 2**halving + 1 for n in end) for halving in halvings]


def _step(inside: int, outside: int, form: str) -> nn.ModuleList:
    if form == "transpose":
        return nn.ModuleList(
            [Enlarge(nn.ConvTranspose2d(inside, outside, 3, stride=2, padding=1)), *_norm_relu(outside)]
        )
    return nn.ModuleList([Resize(), nn.Conv2d(inside, outside, 3, padding=1), *_norm_relu(outside)])


def _norm_relu(channels: int) -> list[nn.Module]:
    return [nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]
