"""Encoders from any timm or torchvision network.

Shapes: B batch, C channels, H and W of the image, h and w of the features, N tokens.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from unpool.errors import UnpoolError, shorten_reason

ALIASES = {"efficientnet-lite0": "tf_efficientnet_lite0"}

_HEADS = ("avgpool", "classifier", "fc", "dropout", "aux", "flatten", "head")


class Backbone(nn.Module):
    """A network without its classifier.

    It maps (B, C, H, W) to (B, out_channels, h, w). `body` is the timm or torchvision module, with its own names
    for its weights. `out_channels` are those of the features and `reduction` how many times smaller than the image
    they are.

    Args:
        body: The timm or torchvision module.
        out_channels: Channels of the features.
        reduction: How many times smaller than the image the features are.
        tokens: Tokens before the image's, which are left out.
    """

    def __init__(self, body: nn.Module, out_channels: int, reduction: int, tokens: int = 0) -> None:
        super().__init__()
        self.body = body
        self.out_channels = out_channels
        self.reduction = reduction
        self.num_prefix_tokens = tokens

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Return the last feature map."""
        found = getattr(self.body, "forward_features", self.body)(x_BCHW)
        features: Tensor = found["tokens"] if isinstance(found, dict) else found
        if features.ndim == 3:
            return self._grid(features, x_BCHW)
        if features.shape[1] != self.out_channels and features.shape[-1] == self.out_channels:
            features = features.permute(0, 3, 1, 2)
        return features

    def _grid(self, tokens_BND: Tensor, x_BCHW: Tensor) -> Tensor:
        """Image tokens in rows and columns, as the image has them: (B, N, D) → (B, D, h, w)."""
        image_BND = tokens_BND[:, self.num_prefix_tokens :]
        rows = round(math.sqrt(image_BND.shape[1] * x_BCHW.shape[2] / x_BCHW.shape[3]))
        batch, _, dimension = image_BND.shape
        return image_BND.transpose(1, 2).reshape(batch, dimension, rows, -1)


def backbone(name: str, *, channels: int = 3, size: int = 224) -> tuple[Backbone, dict[str, Any]]:
    """Build a backbone with random weights.

    Args:
        name: One of timm's names, else one of torchvision's.
        channels: Of the images.
        size: Side of the images, pixels.

    Returns:
        The backbone, and its authors' preprocessing (timm's `pretrained_cfg`).

    Raises:
        UnpoolError: Where it does not run, or gives no map of features.
    """
    if is_timm_name(name):
        return _from_timm(name, channels, size)
    return _from_torchvision(name, channels, size)


def is_timm_name(name: str) -> bool:
    """Return whether timm knows a name, without its weights' tag."""
    import timm

    return bool(timm.is_model(ALIASES.get(name, name)))


def native_size(name: str) -> int:
    """Return the image side that timm's weights were trained at."""
    import timm

    config = timm.models.get_pretrained_cfg(name)
    return int(config.input_size[-1]) if config else 224


def is_torchvision_name(name: str) -> bool:
    """Return whether torchvision has a classifier of this name."""
    import torchvision

    return name in torchvision.models.list_models(module=torchvision.models)


def foreign_names() -> list[str]:
    """List the names of timm's and torchvision's networks."""
    import timm
    import torchvision

    return sorted({*timm.list_models(), *torchvision.models.list_models(module=torchvision.models)})


def _from_timm(name: str, channels: int, size: int) -> tuple[Backbone, dict[str, Any]]:
    body = timm_body(name, channels, size)
    return _measure(name, body, channels, size, getattr(body, "num_prefix_tokens", 0)), dict(
        body.pretrained_cfg
    )


def timm_body(name: str, channels: int, size: int, pretrained: bool = False) -> Any:
    """Build timm's network without its head.

    Args:
        name: timm's name, or one of `ALIASES`.
        channels: Of the images.
        size: Side of the images in pixels, for networks that have to know it.
        pretrained: Load timm's weights.

    Returns:
        The module, with timm's attributes.
    """
    import timm

    known = ALIASES.get(name, name)
    options = {"pretrained": pretrained, "in_chans": channels, "num_classes": 0}
    try:
        return timm.create_model(known, global_pool="", img_size=size, **options)
    except TypeError:  # networks of convolutions alone take images of any size and have no such option
        pass
    try:
        return timm.create_model(known, global_pool="", **options)
    except TypeError:  # and some always pool
        return timm.create_model(known, **options)


def _from_torchvision(name: str, channels: int, size: int) -> tuple[Backbone, dict[str, Any]]:
    import torchvision

    options: dict[str, Any] = {"image_size": size} if name.startswith("vit_") else {}
    if name.startswith("maxvit"):
        options = {"input_size": (size, size)}
    try:
        classifier = torchvision.models.get_model(name, weights=None, **options)
    except ValueError as error:
        raise _does_not_run(name, size, error) from error
    body, num_prefix_tokens = _without_head(classifier)
    if channels != 3:
        _take_channels(body, channels)
    imagenet = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225), "interpolation": "bilinear"}
    return _measure(name, body, channels, size, num_prefix_tokens), imagenet


def _without_head(classifier: nn.Module) -> tuple[nn.Module, int]:
    """A torchvision classifier's layers up to its features, and how many tokens stand before the image's."""
    from torchvision.models import VisionTransformer
    from torchvision.models.feature_extraction import create_feature_extractor

    if isinstance(classifier, VisionTransformer):
        return create_feature_extractor(classifier, {"encoder.ln": "tokens"}), 1
    body = nn.Sequential()
    for name, child in classifier.named_children():
        if not name.startswith(_HEADS):
            body.add_module(name, nn.Sequential(*child) if isinstance(child, nn.ModuleList) else child)
    return body, 0


def _take_channels(body: nn.Module, channels: int) -> None:
    first = next(module for module in body.modules() if isinstance(module, nn.Conv2d))
    first.in_channels = channels
    weight_shape = (first.out_channels, channels // first.groups, *first.kernel_size)
    first.weight = nn.Parameter(torch.empty(weight_shape))
    nn.init.kaiming_normal_(first.weight)


def _measure(name: str, body: nn.Module, channels: int, size: int, tokens: int) -> Backbone:
    """Build a Backbone with the channels and reduction that it has at `size`."""
    num_features = int(getattr(body, "num_features", 0))
    try:
        with torch.no_grad():
            features = Backbone(body.eval(), num_features, 1, tokens)(torch.zeros(1, channels, size, size))
    except Exception as error:
        raise _does_not_run(name, size, error) from error
    if features.ndim != 4 or features.shape[2] < 1:
        seen = "×".join(str(n) for n in features.shape)
        raise UnpoolError(f"{name} gives features of shape {seen}, not a map; try another network")
    body.train()
    return Backbone(body, features.shape[1], _reduction(body, size / features.shape[2]), tokens)


def _reduction(body: nn.Module, seen: float) -> int:
    """The reduction that timm gives for its last features, else the power of two nearest to `seen`."""
    feature_info = getattr(body, "feature_info", None)
    stages = getattr(feature_info, "info", feature_info)
    if isinstance(stages, list) and stages and "reduction" in stages[-1]:
        return int(stages[-1]["reduction"])
    return int(2 ** max(0, round(math.log2(seen))))


def _does_not_run(name: str, size: int, error: Exception) -> UnpoolError:
    reason = shorten_reason(error, 200)
    return UnpoolError(f"{name} does not run at {size}×{size} pixels ({reason}); try another size or network")
