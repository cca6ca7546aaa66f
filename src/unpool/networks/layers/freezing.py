"""Encoders that training leaves as they are."""

from __future__ import annotations

from types import MethodType

from torch import nn

from unpool.errors import UnpoolError, UsageError


def freeze(network: nn.Module) -> None:
    """Freeze a network's `encoder`, in place.

    It gets no gradients, and stays in evaluation mode whatever `train()` is called later. Without the second,
    batch normalisation would still move its running statistics, and dropout drop, each time the network around the
    encoder is put in training mode. The names of the weights stay as they are.

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
    for module in encoder.modules():
        _freeze_module(module)


def freeze_start(network: nn.Module, last: str) -> None:
    """Freeze a network's `encoder` up to a module, in place.

    Edges and textures are what training on a few hundred images changes least, and on maps as large as the image they
    cost most: without their gradients a step takes two thirds of the time.

    Args:
        network: with an `encoder`.
        last: name of the last module of the encoder that is frozen; those defined before it are too.

    >>> network = nn.Module()
    >>> network.encoder = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 3))
    >>> freeze_start(network, "1")
    >>> network.train().encoder[1].training, [weight.requires_grad for weight in network.encoder.parameters()]
    (False, [False, False, False, False, True, True])
    """
    modules = dict(network.encoder.named_modules())  # type: ignore[union-attr]
    names = list(modules)
    stop = max(place for place, name in enumerate(names) if f"{name}.".startswith(f"{last}."))
    for name in names[: stop + 1]:
        if name and not f"{last}.".startswith(f"{name}."):  # what it lies in goes on after it
            _freeze_module(modules[name])
    _freeze_module(modules[last])


def _freeze_module(module: nn.Module) -> None:
    for parameter in module.parameters(recurse=False):
        parameter.requires_grad_(False)
    module.training = False
    # A method of each module, not a hook: hooks come too late for readers of `module.training`, and a bound method
    # follows its module into a deep copy.
    module.train = MethodType(_keep_evaluating, module)  # type: ignore[method-assign]


def keep_statistics(network: nn.Module) -> None:
    """Freeze batch normalisation's statistics in a network's `encoder`.

    Its weights go on learning. What was learnt from a million images knows them better than a collection with
    other colours and crops does: with statistics of the collection the features themselves lose
    (docs/decisions/0011).

    >>> network = nn.Module()
    >>> network.encoder = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    >>> keep_statistics(network)
    >>> network.train().encoder[1].training, network.encoder[1].weight.requires_grad, network.encoder[0].training
    (False, True, True)
    """
    for module in network.encoder.modules():  # type: ignore[union-attr]
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()
            module.train = MethodType(_keep_evaluating, module)  # type: ignore[method-assign]


def check_anything_trains(network: nn.Module, is_frozen: bool) -> None:
    """Raise UsageError where nothing of a network would be trained.

    What the objective trains beside the network does not count.

    >>> check_anything_trains(nn.ReLU(), is_frozen=False)
    Traceback (most recent call last):
    unpool.errors.UsageError: ReLU has no weights to train; give a network with layers that have some
    """
    if any(parameter.requires_grad for parameter in network.parameters()):
        return
    name = getattr(network, "architecture", type(network).__name__)
    if is_frozen:
        raise UsageError(
            f"--freeze leaves nothing of {name} to train, which is an encoder alone; leave it out"
        )
    raise UsageError(f"{name} has no weights to train; give a network with layers that have some")


def _keep_evaluating(module: nn.Module, mode: bool = True) -> nn.Module:
    return module
