"""Any timm or torchvision network as an encoder: images in, its last feature map out.

Shapes: B batch, C channels, H and W of the image, h and w of the features, N tokens.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from unpool.errors import UnpoolError

ALIASES = {"efficientnet-lite0": "tf_efficientnet_lite0"}

_HEADS = ("avgpool", "classifier", "fc", "dropout", "aux", "flatten", "head")


class Backbone(nn.Module):
    """A network without its classifier: (B, C, H, W) → (B, out_channels, h, w).

    `body` is the timm or torchvision module, with its own names for its weights. `out_channels` are those
    of the features and `reduction` how many times smaller than the image they are.
    """

    def __init__(self, body: nn.Module, out_channels: int, reduction: int, tokens: int = 0) -> None:
        super().__init__()
        self.body = body
        self.out_channels = out_channels
        self.reduction = reduction
        self.num_prefix_tokens = tokens

    def forward(self, x_BCHW: Tensor) -> Tensor:
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
    """A backbone with random weights, and what its authors say of its inputs (timm's `pretrained_cfg`).

    `name` is one of timm's, else one of torchvision's. Raises UnpoolError where it gives no map of features.
    """
    if is_timm_name(name):
        return _from_timm(name, channels, size)
    return _from_torchvision(name, channels, size)


def is_timm_name(name: str) -> bool:
    """Whether timm knows the name (without its weights' tag, after a dot)."""
    import timm

    return bool(timm.is_model(ALIASES.get(name, name)))


def native_size(name: str) -> int:
    """The side of the images that timm's weights of this name were trained on, pixels."""
    import timm

    told = timm.models.get_pretrained_cfg(name)
    return int(told.input_size[-1]) if told else 224


def is_torchvision_name(name: str) -> bool:
    """Whether torchvision has a classifier of this name."""
    import torchvision

    return name in torchvision.models.list_models(module=torchvision.models)


def foreign_names() -> list[str]:
    """Every name that timm and torchvision's classifiers have."""
    import timm
    import torchvision

    return sorted({*timm.list_models(), *torchvision.models.list_models(module=torchvision.models)})


def _from_timm(name: str, channels: int, size: int) -> tuple[Backbone, dict[str, Any]]:
    body = timm_body(name, channels, size)
    return _measured(name, body, channels, size, getattr(body, "num_prefix_tokens", 0)), dict(
        body.pretrained_cfg
    )


def timm_body(name: str, channels: int, size: int, pretrained: bool = False) -> Any:
    """timm's network without its head, for images of `size` pixels where it has to know."""
    import timm

    known = ALIASES.get(name, name)
    wanted = {"pretrained": pretrained, "in_chans": channels, "num_classes": 0}
    try:
        return timm.create_model(known, global_pool="", img_size=size, **wanted)
    except TypeError:  # networks of convolutions alone take images of any size and have no such option
        pass
    try:
        return timm.create_model(known, global_pool="", **wanted)
    except TypeError:  # and some always pool
        return timm.create_model(known, **wanted)


def _from_torchvision(name: str, channels: int, size: int) -> tuple[Backbone, dict[str, Any]]:
    import torchvision

    options: dict[str, Any] = {"image_size": size} if name.startswith("vit_") else {}
    if name.startswith("maxvit"):
        options = {"input_size": (size, size)}
    try:
        whole = torchvision.models.get_model(name, weights=None, **options)
    except ValueError as error:
        raise _does_not_run(name, size, error) from error
    body, num_prefix_tokens = _without_head(whole)
    if channels != 3:
        _take_channels(body, channels)
    imagenet = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225), "interpolation": "bilinear"}
    return _measured(name, body, channels, size, num_prefix_tokens), imagenet


def _without_head(whole: nn.Module) -> tuple[nn.Module, int]:
    """A torchvision classifier's layers up to its features, and how many tokens stand before the image's."""
    from torchvision.models import VisionTransformer
    from torchvision.models.feature_extraction import create_feature_extractor

    if isinstance(whole, VisionTransformer):
        return create_feature_extractor(whole, {"encoder.ln": "tokens"}), 1
    body = nn.Sequential()
    for name, child in whole.named_children():
        if not name.startswith(_HEADS):
            body.add_module(name, nn.Sequential(*child) if isinstance(child, nn.ModuleList) else child)
    return body, 0


def _take_channels(body: nn.Module, channels: int) -> None:
    first = next(module for module in body.modules() if isinstance(module, nn.Conv2d))
    first.in_channels = channels
    weight_shape = (first.out_channels, channels // first.groups, *first.kernel_size)
    first.weight = nn.Parameter(torch.empty(weight_shape))
    nn.init.kaiming_normal_(first.weight)


def _measured(name: str, body: nn.Module, channels: int, size: int, tokens: int) -> Backbone:
    """A Backbone with the channels and reduction that it is seen to have at `size`."""
    told = int(getattr(body, "num_features", 0))
    try:
        with torch.no_grad():
            features = Backbone(body.eval(), told, 1, tokens)(torch.zeros(1, channels, size, size))
    except Exception as error:
        raise _does_not_run(name, size, error) from error
    if features.ndim != 4 or features.shape[2] < 1:
        seen = "×".join(str(n) for n in features.shape)
        raise UnpoolError(f"{name} gives features of shape {seen}, not a map; try another network")
    body.train()
    return Backbone(body, features.shape[1], _reduction(body, size / features.shape[2]), tokens)


def _reduction(body: nn.Module, seen: float) -> int:
    """What timm tells of its last features, else the power of two nearest to what was seen."""
    told = getattr(body, "feature_info", None)
    stages = getattr(told, "info", told)
    if isinstance(stages, list) and stages and "reduction" in stages[-1]:
        return int(stages[-1]["reduction"])
    return int(2 ** max(0, round(math.log2(seen))))


def _does_not_run(name: str, size: int, error: Exception) -> UnpoolError:
    reason = " ".join(str(error).split())[:200]
    return UnpoolError(f"{name} does not run at {size}×{size} pixels ({reason}); try another size or network")
