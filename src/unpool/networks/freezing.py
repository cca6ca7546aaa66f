"""Encoders that training leaves as they are."""

from __future__ import annotations

from types import MethodType

from torch import nn

from unpool.errors import UnpoolError


def freeze(network: nn.Module) -> None:
    """Fix a network's `encoder`, in place: no gradients, and evaluation mode whatever `train()` is called later.

    Without the second, batch normalisation would still move its running statistics, and dropout drop, each time
    the network around the encoder is put in training mode. The names of the weights stay as they are.

    Raises UnpoolError where there is no encoder.

    >>> network = nn.Module()
    >>> network.encoder = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    >>> freeze(network)
    >>> network.train().encoder[1].training, network.encoder[0].weight.requires_grad
    (False, False)
    """
    encoder = getattr(network, "encoder", None)
    if not isinstance(encoder, nn.Module):
        raise UnpoolError(
            f"{type(network).__name__} has no encoder to freeze; give an Autoencoder or Classifier"
        )
    encoder.requires_grad_(False)
    encoder.eval()
    for module in encoder.modules():
        # A method of each module, not a hook: hooks come too late for who asks `module.training`, and a bound
        # method follows its module into a deep copy.
        module.train = MethodType(_keep_evaluating, module)  # type: ignore[method-assign]


def _keep_evaluating(module: nn.Module, mode: bool = True) -> nn.Module:
    return module
