"""Networks described by lists of layers, without code.

A YAML file for example holds names of torch.nn and numbers:

size: 28
channels: 1
encoder:
  - Conv2d: [1, 8, 3]
  - ReLU
  - MaxPool2d: {kernel_size: 2}
decoder: unpool
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from unpool.errors import UnpoolError, UsageError, unknown_name
from unpool.networks.autoencoder import Autoencoder
from unpool.networks.classifier import Classifier
from unpool.networks.decoders.base import (
    RESTORING,
    TRANSPOSED,
    Decoder,
    Enlarge,
    NoDecoder,
    PlainDecoder,
    SteppedDecoder,
)
from unpool.networks.decoders.mirror import FORMS, mirror
from unpool.networks.decoders.mirrorable import MIRRORABLE
from unpool.networks.layers.pooling import Unpool, leaves, shrinks
from unpool.networks.layers.windows import Window, window_of
from unpool.networks.preprocessing import Preprocessing
from unpool.networks.shape_check import MISFITS, check_layers_fit

UNPOOLS: dict[str, type[nn.Module]] = {
    kind.__name__: kind for kind in (nn.MaxUnpool1d, nn.MaxUnpool2d, nn.MaxUnpool3d)
}
LAYERS: dict[str, type[nn.Module]] = (
    UNPOOLS
    | {
        kind.__name__: kind
        for kind in (*MIRRORABLE, *TRANSPOSED, nn.Linear, nn.Flatten, nn.Unflatten, nn.GLU, nn.Softmax)
        if kind.__module__.startswith("torch.nn") and not kind.__name__.startswith("_")
    }
    | {
        kind.__name__: kind
        for dimensions in (
            (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d),
            (nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d),
            (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d),
        )
        for kind in dimensions
    }
)
MAX_SIDE = 8192  # pixels
KEYS = ("name", "size", "channels", "mean", "std", "merge", "encoder", "decoder", "head")


def network_from_description(description: Mapping[str, Any]) -> Autoencoder:
    """Build a network from its description.

    `encoder` is a list of layers, each a name of torch.nn, alone or with its arguments as one number, a list or a
    mapping. `decoder` is "unpool" (the default), "transpose", "upsample" or "none", or a list of layers in which
    MaxUnpool and strided transposed convolutions get what the encoder's pools and strides remember. `head` is
    a list of layers on the merged code: then it is a Classifier. `size`, `channels`, `mean`, `std` and `merge` are
    those of `Preprocessing` and `Autoencoder`.

    Raises UsageError for an unknown key, layer or argument, a value that cannot be, and layers that do not fit
    together: the network is tried on images of zeros.

    >>> import torch
    >>> network = network_from_description({"size": 9, "channels": 1, "encoder": [{"Conv2d": [1, 2, 3]}, "ReLU"]})
    >>> network(torch.zeros(1, 1, 9, 9)).shape
    torch.Size([1, 1, 9, 9])
    """
    for key in description:
        if key not in KEYS:
            raise unknown_name("key", str(key), KEYS)
    encoder = nn.Sequential(*layers(description.get("encoder", ()), "encoder"))
    common: dict[str, Any] = {
        "architecture": str(description.get("name", "described")),
        "preprocessing": preprocessing_from_description(description),
        "merge": str(description.get("merge", "flatten")),
    }
    if "head" in description:
        head = nn.Sequential(*layers(description["head"], "head"))
        network: Autoencoder = Classifier(encoder, head, **common)
    else:
        decoder = _decoder(encoder, description.get("decoder", "unpool"))
        network = Autoencoder(encoder, decoder, **common)
    if not any(True for _ in network.parameters()):
        raise UsageError(
            "no layer has weights, so there is nothing to train; give one that has, such as Conv2d"
        )
    check_layers_fit(network, _places(network))
    network.built_with = {"description": copy.deepcopy(dict(description))}
    return network


def preprocessing_from_description(description: Mapping[str, Any]) -> Preprocessing:
    """Read the preprocessing of a description.

    Raises UsageError for a value that cannot be.

    >>> preprocessing_from_description({"size": 28, "channels": 1}).mean
    (0.5,)
    """
    size, channels = (_whole(description, key, default) for key, default in (("size", 32), ("channels", 3)))
    mean, std = (_numbers(description, key, channels) for key in ("mean", "std"))
    if min(std) <= 0:
        raise UsageError(f"std is {list(std)}, but must be above 0: pixels are divided by it")
    return Preprocessing(size, channels, mean, std)


def _whole(description: Mapping[str, Any], key: str, default: int) -> int:
    value = description.get(key, default)
    if type(value) is not int or not 1 <= value <= MAX_SIDE:
        raise UsageError(f"{key} is {value!r}, but must be a whole number from 1 to {MAX_SIDE}")
    return value


def _numbers(description: Mapping[str, Any], key: str, channels: int) -> tuple[float, ...]:
    values = description.get(key, (0.5,) * channels)
    is_list = isinstance(values, Sequence) and not isinstance(values, str)
    if (
        not is_list
        or len(values) != channels
        or any(isinstance(value, bool) or not isinstance(value, int | float) for value in values)
        or not all(math.isfinite(value) for value in values)
    ):
        example = ", ".join(["0.5"] * channels)
        raise UsageError(
            f"{key} is {values!r}, but must hold a number for each of {channels} channels: [{example}]"
        )
    return tuple(values)


def _places(network: Autoencoder) -> dict[nn.Module, str]:
    """What each layer is called in errors: where it stands in the lists."""
    lists = {"encoder": network.encoder, "decoder": getattr(network.decoder, "layers", None)}
    lists["head"] = getattr(network, "head", None)
    return {
        layer: f"{where} layer {number}, {type(layer).__name__},"
        for where, held in lists.items()
        if isinstance(held, nn.Sequential | nn.ModuleList)
        for number, layer in enumerate(held, start=1)
    }


def layers(described: Sequence[object], where: str) -> list[nn.Module]:
    """Build a list's modules; `where` names it in errors."""
    if isinstance(described, str) or not isinstance(described, Sequence) or not described:
        raise UsageError(
            f"{where} is {described!r}; give a list of layers, such as [{{Conv2d: [3, 8, 3]}}, ReLU]"
        )
    return [_layer(entry, f"{where} layer {number}") for number, entry in enumerate(described, start=1)]


def _layer(entry: object, where: str) -> nn.Module:
    pairs = list(entry.items()) if isinstance(entry, Mapping) else [(entry, ())]
    if len(pairs) != 1:
        raise UsageError(f"{where} is {entry!r}; give one name with its arguments")
    name, arguments = str(pairs[0][0]), pairs[0][1]
    if name not in LAYERS:
        raise unknown_name("layer", name, LAYERS)
    if name.endswith("3d"):
        raise UsageError(f"{where} is {name}, but images have height and width alone; use {name[:-2]}2d")
    arguments = () if arguments is None else arguments
    try:
        if isinstance(arguments, Mapping):
            return LAYERS[name](**arguments)
        several = isinstance(arguments, Sequence) and not isinstance(arguments, str)
        return LAYERS[name](*(arguments if several else (arguments,)))
    except MISFITS as error:
        raise UsageError(f"{where}, {name}: {error}; see torch.nn.{name} for its arguments") from error


def _decoder(encoder: nn.Sequential, described: str | Sequence[object]) -> Decoder:
    if isinstance(described, str):
        if described == "none":
            return NoDecoder()
        if described not in FORMS:
            raise unknown_name("decoder", described, [*FORMS, "none"])
        return mirror(encoder, described)
    restored = [_restoring(layer) for layer in layers(described, "decoder")]
    windows = [(window, shrinks(leaf)) for _, leaf in leaves(encoder) if (window := window_of(leaf))]
    undone, shrinking = (
        sum(isinstance(layer, RESTORING) for layer in restored),
        sum(kept for _, kept in windows),
    )
    if undone == shrinking > 0:
        return SteppedDecoder(restored, windows)
    if any(isinstance(layer, Unpool) for layer in restored):
        seen = f"the decoder undoes {undone} pools and strides, the encoder has {shrinking}"
        raise UnpoolError(f"{seen}; give one MaxUnpool or strided ConvTranspose for each")
    return PlainDecoder(
        nn.Sequential(*(layer.conv if isinstance(layer, Enlarge) else layer for layer in restored))
    )


def _restoring(layer: nn.Module) -> nn.Module:
    """Layers that need a remembered size, in the form that takes it."""
    if isinstance(layer, nn.MaxUnpool1d | nn.MaxUnpool2d | nn.MaxUnpool3d):
        dimensions = int(type(layer).__name__[-2])
        return Unpool(_unpool_window(layer, dimensions))
    if isinstance(layer, TRANSPOSED) and any(s != 1 for s in layer.stride):
        return Enlarge(layer)
    return layer


def _unpool_window(layer: nn.Module, dimensions: int) -> Window:
    def per_axis(value: int | Sequence[int]) -> tuple[int, ...]:
        return (value,) * dimensions if isinstance(value, int) else tuple(value)

    kernel, stride, padding = (per_axis(getattr(layer, key)) for key in ("kernel_size", "stride", "padding"))
    return Window(kernel, stride, padding, (1,) * dimensions)
