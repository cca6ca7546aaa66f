"""The decoder of a fully convolutional network.

It turns maps of several sizes into class scores.

B batch, C channels, K classes, D the width in which maps are merged, H and W of the image, h and w of a map.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from unpool.networks.layers.bilinear import Upsample

MERGED_WIDTH = 96


class FeaturePyramidDecoder(nn.Module):
    """Map feature maps, largest first, to class scores.

    Its `last` layer enlarges those.

    With one map, or width 0: a 1×1 convolution from each map to the classes, summed from the coarsest to the finest
    (Long, Shelhamer and Darrell 2015, section 4.2). Otherwise each map is brought to `width` channels, added to the
    enlarged coarser one and smoothed by a 3×3 convolution (Lin et al. 2017, arXiv 1612.03144, section 3), and the
    finest is scored.

    Args:
        channels: of each map.
        reductions: how many times smaller than the image each map is.
        num_classes: K.
        upsampling: how scores are enlarged (`networks.layers.bilinear.Upsample`).
        width: channels in which maps are merged.
        finest_width: of the finest map, which costs most; None: those of the others.

    >>> import torch
    >>> decoder = FeaturePyramidDecoder([4, 8], [4, 8], num_classes=2)
    >>> scores = decoder([torch.zeros(1, 4, 8, 8), torch.zeros(1, 8, 4, 4)])
    >>> scores.shape, decoder.last(scores, (32, 32)).shape
    (torch.Size([1, 2, 8, 8]), torch.Size([1, 2, 32, 32]))
    """

    def __init__(
        self,
        channels: Sequence[int],
        reductions: Sequence[float],
        num_classes: int,
        *,
        upsampling: str = "interpolate",
        width: int = MERGED_WIDTH,
        finest_width: int | None = None,
    ) -> None:
        super().__init__()
        self.is_merging = width > 0 and len(channels) > 1
        inside = width if self.is_merging else num_classes
        finest = finest_width if self.is_merging and finest_width is not None else inside
        widths = [finest, *[inside] * (len(channels) - 1)]
        self.laterals = nn.ModuleList(
            _lateral(each, out, self.is_merging) for each, out in zip(channels, widths, strict=True)
        )
        # Before the enlargement, which does not mix channels: there it costs a quarter.
        self.narrow = nn.Identity() if finest == inside else _narrow(inside, finest)
        steps = pairwise(reductions)
        between = "interpolate" if self.is_merging else upsampling
        self.between = nn.ModuleList(Upsample(inside, round(big / small), between) for small, big in steps)
        if self.is_merging:
            self.smooth = nn.ModuleList(map(_smooth, widths))
            self.score = nn.Conv2d(finest, num_classes, 1)
            nn.init.xavier_uniform_(self.score.weight)
        self.last = Upsample(num_classes, round(reductions[0]), upsampling)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Compute scores of the first map's size, (B, K, h, w).

        `maps` are (B, C, h, w), largest first; `last` then enlarges the scores.
        """
        y_BDhw: Tensor = self.laterals[-1](maps[-1])
        if self.is_merging:
            y_BDhw = self.smooth[-1](F.relu(y_BDhw))
        for level in reversed(range(len(maps) - 1)):
            lateral_BDhw: Tensor = self.laterals[level](maps[level])
            if level == 0:
                y_BDhw = self.narrow(y_BDhw)
            y_BDhw = self.between[level](y_BDhw, tuple(lateral_BDhw.shape[2:])) + lateral_BDhw
            if self.is_merging:
                y_BDhw = self.smooth[level](F.relu(y_BDhw))
        scores_BKhw: Tensor = self.score(y_BDhw) if self.is_merging else y_BDhw
        return scores_BKhw


def _lateral(channels: int, width: int, is_merging: bool) -> nn.Module:
    conv = nn.Conv2d(channels, width, 1, bias=not is_merging)
    nn.init.xavier_uniform_(conv.weight)
    if not is_merging:
        nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
        return conv
    return nn.Sequential(conv, nn.BatchNorm2d(width))


def _narrow(width: int, narrower: int) -> nn.Module:
    conv = nn.Conv2d(width, narrower, 1, bias=False)
    nn.init.xavier_uniform_(conv.weight)
    return conv


def _smooth(width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)
    )
