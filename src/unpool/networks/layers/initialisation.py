"""Initialisation of weights, by name."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from unpool.errors import unknown_name

LINEAR_STD = 0.1

_CONVOLUTION_WEIGHTS: dict[str, Callable[[Tensor], object]] = {
    "xavier": nn.init.xavier_normal_,
    "xavier-uniform": nn.init.xavier_uniform_,
    "kaiming": lambda weight: nn.init.kaiming_normal_(weight, mode="fan_out", nonlinearity="relu"),
    "kaiming-uniform": lambda weight: nn.init.kaiming_uniform_(weight, nonlinearity="relu"),
    "orthogonal": nn.init.orthogonal_,
    "truncated-normal": lambda weight: nn.init.trunc_normal_(weight, std=0.02),
}
INITIALISATIONS = ("default", *_CONVOLUTION_WEIGHTS)


def initialise(network: nn.Module, name: str = "default") -> None:
    """Draw a network's weights again, in place.

    "default" leaves what its layers drew for themselves. Biases become 0, normalisations 1 and 0. "xavier" is the
    published choice for LeNet (Glorot and Bengio 2010): normal convolutions, and linear layers from N(0, 0.1²);
    the other names treat linear layers as convolutions. Raises UsageError for an unknown name.

    >>> conv = nn.Conv2d(1, 1, 3)
    >>> initialise(conv, "xavier")
    >>> conv.bias.item()
    0.0
    """
    if name not in INITIALISATIONS:
        raise unknown_name("initialisation", name, INITIALISATIONS)
    if name == "default":
        return
    for module in network.modules():
        if isinstance(module, nn.Linear) and name == "xavier":
            nn.init.normal_(module.weight, 0.0, LINEAR_STD)
            _zero(module.bias)
        elif isinstance(module, nn.modules.conv._ConvNd | nn.Linear):
            _CONVOLUTION_WEIGHTS[name](module.weight)
            _zero(module.bias)
        elif isinstance(module, nn.modules.batchnorm._BatchNorm) and module.affine:
            nn.init.ones_(module.weight)
            _zero(module.bias)


def _zero(bias: Tensor | None) -> None:
    if bias is not None:
        nn.init.zeros_(bias)
