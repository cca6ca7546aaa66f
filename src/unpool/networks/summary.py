"""The table of a network's layers: shapes, parameters, memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeAlias, cast

import torch
from torch import Tensor, nn

from unpool.networks.layers.evaluation import evaluating

BYTES_PER_NUMBER, BYTES_PER_MB = 4, 1_000_000

Output: TypeAlias = "Tensor | Sequence[Output]"
Parameters: TypeAlias = list[nn.Parameter]


class SizedNetwork(Protocol):
    """A module with a name and an input size.

    An Autoencoder or a Segmenter, for example.
    """

    architecture: str

    @property
    def size(self) -> int:
        """Side of the images, pixels."""

    @property
    def channels(self) -> int:
        """Channels of the images."""


def layer_table(network: SizedNetwork, size: int | None = None) -> dict[str, Any]:
    """Measure a network's layers by running one empty image.

    The result is that of `unpool networks NAME --json`.
    Shapes leave out the batch; MB are 10⁶ bytes of float32, activations those of one forward pass. `layers`
    are in the order they run, a layer's parameters counted where it runs first.

    >>> from unpool.networks.catalogue import build_network
    >>> table = layer_table(build_network("unpooling"))
    >>> table["parameters"], [(layer["type"], layer["output"]) for layer in table["layers"]][1]
    (20, ('MaxPool2d', [1, 13, 13]))
    """
    side, module = network.size if size is None else size, cast(nn.Module, network)
    parameter = next(module.parameters())
    image_BCHW = parameter.new_zeros(1, network.channels, side, side)
    with evaluating(module), _record_layers(module) as layers:
        output_B = module(image_BCHW)
    numbers = sum(p.numel() for p in module.parameters())
    activations = sum(torch.Size(layer["output"]).numel() for layer in layers)
    return {
        "network": network.architecture,
        "input": list(image_BCHW.shape[1:]),
        "output": list(output_B.shape[1:]),
        "parameters": numbers,
        "trainable": sum(p.numel() for p in module.parameters() if p.requires_grad),
        "input_mb": _mb(image_BCHW.numel()),
        "activations_mb": _mb(activations),
        "parameters_mb": _mb(numbers),
        "layers": layers,
    }


@contextmanager
def _record_layers(network: nn.Module) -> Iterator[list[dict[str, Any]]]:
    """A row for every module without children, or with parameters of its own, as it runs."""
    layers: list[dict[str, Any]] = []
    counted: set[int] = set()
    handles = []
    for name, module in network.named_modules():
        own = list(module.parameters(recurse=False))
        if own or not list(module.children()):

            def record(
                module: nn.Module, _: object, output: Output, name: str = name, own: Parameters = own
            ) -> None:
                fresh = [p for p in own if id(p) not in counted]
                counted.update(id(p) for p in fresh)
                layers.append(
                    {
                        "name": name,
                        "type": type(module).__name__,
                        "output": list(_first_tensor(output).shape[1:]),
                        "parameters": sum(p.numel() for p in fresh),
                    }
                )

            handles.append(module.register_forward_hook(record))
    try:
        yield layers
    finally:
        for handle in handles:
            handle.remove()


def _first_tensor(output: Output) -> Tensor:
    while not isinstance(output, Tensor):
        output = output[0]
    return output


def _mb(numbers: int) -> float:
    return round(numbers * BYTES_PER_NUMBER / BYTES_PER_MB, 6)
