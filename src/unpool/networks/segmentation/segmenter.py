"""A label for every pixel.

An encoder, and a decoder that ends in class scores.

B batch, C channels, K classes, H and W of the image, h and w of a map.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unpool.core.calls.signatures import explain_calls
from unpool.errors import UnpoolError, UsageError, unknown_name
from unpool.images.reading.in_memory import ImageLike
from unpool.images.values.rules import NO_RULES, ValueRules
from unpool.networks.autoencoder import Autoencoder, input_channels, smallest_input
from unpool.networks.catalogue import build_network, seeded
from unpool.networks.classifier import check_enough_classes
from unpool.networks.decoders.mirror import mirror
from unpool.networks.image_batch import describe_input, normalise, whole_image
from unpool.networks.layers.evaluation import evaluating
from unpool.networks.layers.pooling import remember
from unpool.networks.preprocessing import Preprocessing
from unpool.networks.segmentation.fpn import MERGED_WIDTH, FeaturePyramidDecoder
from unpool.networks.segmentation.pixel_scores import as_positions, count_pixels, read_label_map, scores_of
from unpool.networks.segmentation.pyramid import Pyramid
from unpool.networks.segmentation.scales import (
    LearntScales,
    describe_outside,
    resolve_scale,
    score_at_scale,
)
from unpool.options import SEGMENTERS, UPSAMPLINGS, Scale

FINEST = {"fcn32s": 32, "fcn16s": 16, "fcn8s": 8, "fcn4s": 4}
DESCRIPTIONS = {
    "fcn32s": "class scores of the last map, enlarged (system E)",
    "fcn16s": "maps of 1/32 and 1/16 merged, then scored (system E)",
    "fcn8s": "maps of 1/32 to 1/8 merged, then scored (system E)",
    "fcn4s": "maps of 1/32 to 1/4 merged, then scored (system E)",
    "segnet": "VGG-16 and its mirror, with classes in place of colours (system E)",
}
FINE = 4  # times smaller than the image: maps of that size are merged in fewer channels
FINEST_WIDTH = 48
CROP = 320  # pixels a side of the crops that are trained on, by default


class Segmenter(nn.Module):
    """A fully convolutional network for images of any size.

    It maps images (B, C, H, W) to class scores (B, K, H, W).

    `network` "fcn32s" scores the encoder's last map and enlarges the scores (Long, Shelhamer and Darrell 2015,
    arXiv 1411.4038); "fcn16s", "fcn8s" and "fcn4s" first merge that map with finer ones, down to 1/16, 1/8 or 1/4
    of the image, in `width` channels; width 0 sums class scores instead, as published. "segnet" is the encoder's
    mirror with classes in place of colours, fed the pooling indices (Badrinarayanan, Kendall and Cipolla 2017,
    arXiv 1511.00561); its encoder must be one that `mirror` accepts.

    Images whose sides are no multiple of the encoder's reduction are padded with their border and the scores cut
    back.

    Args:
        network: one of the kinds above.
        num_classes: K, at least 2.
        backbone: a name of the catalogue, of timm or of torchvision, an Autoencoder whose encoder is trained further,
            or any module that gives a map of features; by default "efficientnet-lite0", for segnet "vgg16-bn".
        weights: the backbone's, "none", "imagenet" or a file.
        upsampling: "interpolate" has no weights; "grouped" and "dense" are transposed convolutions that begin as
            interpolation, with a kernel for each class or for each pair of them.
        width: channels in which maps are merged; 0 sums class scores.
        finest_width: of maps of 1/4 of the image, which cost most; None: `width`.
        enlarge: factor by which images are enlarged before the encoder, 0.25 to 8: small things in small images need
            it, and scores still have the image's own size.
        size: side of the crops that are trained on, pixels of the image.
        channels: 1 or 3; by default the backbone's.
        seed: fixes the random weights.

    Raises:
        UsageError: for unknown names, or fewer than two classes.
        UnpoolError: for a backbone without a map.

    >>> import torch
    >>> segmenter = Segmenter("fcn16s", backbone="resnet18", num_classes=3)
    >>> segmenter(torch.zeros(2, 3, 45, 70)).shape
    torch.Size([2, 3, 45, 70])
    """

    built_with: dict[str, Any] | None = None
    learnt: LearntScales | None = None  # the sizes of its training images, once it was trained
    rules: ValueRules = NO_RULES  # by which images of more than 8 bits were scaled that it was trained on

    @explain_calls
    def __init__(
        self,
        network: str = "fcn4s",
        *,
        num_classes: int,
        backbone: str | Autoencoder | nn.Module | None = None,
        weights: str | Path = "none",
        upsampling: str = "interpolate",
        width: int = MERGED_WIDTH,
        finest_width: int | None = FINEST_WIDTH,
        enlarge: float = 1.0,
        size: int | None = None,
        channels: int | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        if network not in SEGMENTERS:
            raise unknown_name("network", network, SEGMENTERS)
        if upsampling not in UPSAMPLINGS:
            raise unknown_name("upsampling", upsampling, UPSAMPLINGS)
        check_enough_classes(num_classes)
        if width < 0:
            raise UsageError(f"width is {width}, but must be 0 (class scores are summed) or more")
        if finest_width is not None and finest_width < 1:
            raise UsageError(
                f"finest_width is {finest_width}, but must be 1 or more, or None for that of `width`"
            )
        if not 0.25 <= enlarge <= 8:
            raise UsageError(f"enlarge is {enlarge}, but must be a number from 0.25 to 8")
        self.architecture, self.num_classes, self.enlarge = network, num_classes, float(enlarge)
        side = max(1, int(CROP / enlarge)) if size is None else size
        body = backbone or default_backbone(network)
        with seeded(seed):
            made = _backbone(body, weights, channels)
            self.encoder = made.encoder if isinstance(made, Autoencoder) else made
            self.preprocessing = _preprocessing(made, side)
            options = {
                "network": network, "num_classes": num_classes, "upsampling": upsampling, "width": width,
                "finest_width": finest_width, "enlarge": self.enlarge, "size": side, "channels": channels,
            }  # fmt: skip
            self.built_with = _rebuild_options(made, body, options)
            self.reduction = 1
            if network == "segnet":
                self._build_mirror(num_classes)
            else:
                self._build_merging(FINEST[network], num_classes, upsampling, (width, finest_width))

    def _build_mirror(self, num_classes: int) -> None:
        self.decoder: nn.Module = mirror(self.encoder, "unpool", channels=num_classes)
        self.smallest = max(smallest_input(self.encoder) or (1,))

    def _build_merging(
        self, finest: int, num_classes: int, upsampling: str, widths: tuple[int, int | None]
    ) -> None:
        self.pyramid = Pyramid(self.encoder, self.preprocessing.channels, finest=finest)
        levels = self.pyramid.levels
        whole = all(float(level.reduction).is_integer() for level in levels)
        self.reduction = int(levels[-1].reduction) if whole else 1
        self.smallest = max(self.pyramid.smallest, math.ceil(levels[-1].reduction))
        self.decoder = FeaturePyramidDecoder(
            [level.channels for level in levels], [level.reduction for level in levels], num_classes,
            upsampling=upsampling, width=widths[0], finest_width=widths[1] if levels[0].reduction <= FINE else None,
        )  # fmt: skip

    @property
    def channels(self) -> int:
        """Channels of the images: 1 or 3."""
        return self.preprocessing.channels

    @property
    def size(self) -> int:
        """Side of the crops that it is trained on, pixels."""
        return self.preprocessing.size

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Compute class scores before the softmax, (B, K, H, W).

        Raises UnpoolError for images (B, C, H, W) of other channels.
        """
        if x_BCHW.shape[1] != self.channels:
            problem = f"{self.architecture} takes images of {self.channels} channels, got {x_BCHW.shape[1]}"
            raise UnpoolError(f"{problem}; build it with channels={x_BCHW.shape[1]}")
        size = (x_BCHW.shape[2], x_BCHW.shape[3])
        return self.enlarge_scores(self.coarse(self.prepare(x_BCHW)), size)

    def prepare(self, x_BCHW: Tensor) -> Tensor:
        """Pad and enlarge images to what the encoder takes.

        They are padded on the right and below with their border, then enlarged, so that both sides are multiples of
        its reduction.
        """
        height, width = x_BCHW.shape[2:]
        (high, seen_high), (wide, seen_wide) = self.sides(height), self.sides(width)
        if high > height or wide > width:
            x_BCHW = F.pad(x_BCHW, (0, wide - width, 0, high - height), mode="replicate")
        if (seen_high, seen_wide) == (high, wide):
            return x_BCHW
        return F.interpolate(x_BCHW, size=(seen_high, seen_wide), mode="bilinear", align_corners=False)

    def coarse(self, x_BCHW: Tensor) -> Tensor:
        """Compute scores of the finest map, (B, K, h, w).

        `x_BCHW` are images that were prepared.
        """
        if self.architecture == "segnet":
            code, pools = remember(self.encoder, x_BCHW)
            scores_BKhw: Tensor = self.decoder(code, pools)
        else:
            scores_BKhw = self.decoder(self.pyramid(x_BCHW))
        return scores_BKhw

    def enlarge_scores(self, scores_BKhw: Tensor, size: tuple[int, int]) -> Tensor:
        """Enlarge scores to images of `size`, padding cut off, (B, K, H, W)."""
        (high, seen_high), (wide, seen_wide) = (self.sides(side) for side in size)
        if isinstance(self.decoder, FeaturePyramidDecoder):
            scores_BKhw = self.decoder.last(scores_BKhw, (high, wide), (seen_high, seen_wide))
        elif tuple(scores_BKhw.shape[2:]) != (high, wide):
            scores_BKhw = F.interpolate(scores_BKhw, size=(high, wide), mode="bilinear", align_corners=False)
        return scores_BKhw[:, :, : size[0], : size[1]]

    def extra_repr(self) -> str:
        """Say what it is, and what it expects."""
        return f"{self.architecture}, {self.num_classes} classes: {self.expects}"

    @property
    def expects(self) -> str:
        """What images it takes.

        Their size, channels, and how a tensor of them is normalised.
        """
        return describe_input(
            self.preprocessing, f"any size, trained on crops of {self.size} × {self.size} pixels"
        )

    @explain_calls
    def predict(self, image: ImageLike, *, scale: Scale | None = None) -> np.ndarray:
        """Label every pixel of one image.

        It is one pass on the network's device.
        Large images take as many times their own memory; `unpool segment predict` cuts them into windows.

        Args:
            image: the path of an image, a picture, an array (H, W, 3) or (H, W) of uint8 or of floats from 0 to 1,
                or a tensor (C, H, W): uint8, or float and then normalised already.
            scale: the factor by which the image is resized before; "auto": to the sizes that the network was trained
                on; None: not at all, with a warning where its size is none of these.

        Returns:
            Positions of classes, (H, W) uint8, of the image's own size.

        Raises:
            UsageError: for a scale out of range.
            UnpoolError: where the image has other channels than the network, or the sizes learnt are not known.
        """
        x_1CHW = self._as_batch(image)
        height, width = x_1CHW.shape[2:]
        factor = resolve_scale(scale, self.learnt, height, width)
        if scale is None and self.learnt is not None and not self.learnt.covers(height, width):
            warnings.warn(
                f"{describe_outside(self.learnt, height, width)}; give scale='auto' where the same things are "
                "larger or smaller, scale=1 where there is more or less of them",
                stacklevel=3,  # the caller's line, above `explain_calls`
            )
        with evaluating(self):
            scores_1KHW = score_at_scale(self, x_1CHW, factor)
        label_HW: np.ndarray = scores_1KHW.argmax(dim=1)[0].to(torch.uint8).cpu().numpy()
        return label_HW

    @explain_calls
    def evaluate(
        self,
        images: Iterable[ImageLike],
        masks: Iterable[ImageLike],
        *,
        scale: Scale | None = None,
    ) -> dict[str, Any]:
        """Measure how well images are labelled whose masks are known.

        Args:
            images: as for `predict`.
            masks: positions of classes, (H, W) whole numbers, or paths of files of them; 255 does not count.
            scale: as for `predict`.

        Returns:
            `pixel_accuracy`, `mean_accuracy`, `mean_iou`, and `iou` of each class; None where nothing counts. And
            `ignored`, the pixels that do not count.

        Raises:
            UnpoolError: where a mask holds anything else.
        """
        table_KK = torch.zeros(self.num_classes, self.num_classes, dtype=torch.int64)
        num_pixels = 0
        for number, (image, mask) in enumerate(zip(images, masks, strict=True)):
            label_HW = as_positions(read_label_map(mask), self.num_classes, f"mask {number}")
            table_KK += count_pixels(
                label_HW, torch.from_numpy(self.predict(image, scale=scale)), self.num_classes
            )
            num_pixels += label_HW.numel()
        return scores_of(table_KK.numpy()) | {"ignored": num_pixels - int(table_KK.sum())}

    def _as_batch(self, image: ImageLike) -> Tensor:
        """One image as the network takes it, (1, C, H, W)."""
        parameter = next(self.parameters())
        if not isinstance(image, Tensor):
            return whole_image(image, self.preprocessing, self.rules).to(parameter)
        if image.ndim != 3:
            raise UsageError(f"a tensor {tuple(image.shape)} is no image; give (C, H, W), one at a time")
        if image.dtype == torch.uint8 and len(image) == self.channels:
            image = normalise(image.cpu(), self.preprocessing)
        return image[None].to(parameter)

    def sides(self, side: int) -> tuple[int, int]:
        """Compute a padded side, and that side enlarged.

        The second is a multiple of the reduction.

        >>> Segmenter("fcn32s", backbone="resnet18", num_classes=2).sides(33)
        (64, 64)
        >>> Segmenter("fcn32s", backbone="resnet18", num_classes=2, enlarge=1.5).sides(100)
        (107, 160)
        """
        seen = math.ceil(round(side * self.enlarge, 6) / self.reduction) * self.reduction
        seen = max(seen, math.ceil(self.smallest / self.reduction) * self.reduction)
        return max(side, math.ceil(seen / self.enlarge)), seen


def default_backbone(network: str) -> str:
    """Return the default backbone of a kind of segmenter.

    >>> default_backbone("segnet"), default_backbone("fcn4s")
    ('vgg16-bn', 'efficientnet-lite0')
    """
    return "vgg16-bn" if network == "segnet" else "efficientnet-lite0"


def _backbone(body: Any, weights: str | Path, channels: int | None) -> Any:
    if isinstance(body, str):
        return build_network(body, weights=weights, decoder="none", channels=channels)
    if str(weights) != "none":
        raise UsageError(f"weights {weights} are for a backbone by name; leave them out, it brings its own")
    return body


def _preprocessing(made: Any, size: int) -> Preprocessing:
    if isinstance(made, Autoencoder):
        prep = made.preprocessing
        return Preprocessing(size, prep.channels, prep.mean, prep.std)
    channels = input_channels(made)
    return Preprocessing(size, channels, (0.5,) * channels, (0.5,) * channels)


def _rebuild_options(made: Any, body: Any, options: dict[str, Any]) -> dict[str, Any] | None:
    """What rebuilds the network; None around a module of the user's own."""
    if isinstance(body, str):
        return options | {"backbone": body}
    if isinstance(made, Autoencoder) and made.built_with is not None:
        return options | {"backbone": {"network": made.architecture, "options": made.built_with}}
    return None
