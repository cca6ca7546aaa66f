"""Find layers that do not fit, by running on zeros.

B batch, C channels, S side.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from torch import nn

from unpool.errors import UnpoolError, UsageError
from unpool.networks.autoencoder import Autoencoder
from unpool.networks.classifier import Classifier
from unpool.networks.decoders.base import NoDecoder
from unpool.networks.layers.evaluation import evaluating

MISFITS = (RuntimeError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError)
BATCH = 2  # of one image, a layer that takes the batch for an axis would go unseen


def check_layers_fit(network: Autoencoder, places: Mapping[nn.Module, str]) -> None:
    """Check that a network's layers fit, on images of zeros.

    `places` maps layers to their names in errors. Raises `UsageError` naming the layer that does not accept the
    output of the one before it, and where the output is no image of the input's shape, or no scores.

    >>> from unpool.networks.autoencoder import Preprocessing
    >>> encoder = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(8, 4, 3))
    >>> network = Autoencoder(encoder, nn.Identity(), preprocessing=Preprocessing(size=9))
    >>> check_layers_fit(network, {encoder[1]: "layer 2"})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    unpool.errors.UsageError: layer 2 cannot take 4×7×7: expected input[2, 4, 7, 7] to have 8 channels...
    """
    seen = ["the network", ""]
    hooks = [layer.register_forward_pre_hook(_record_input(place, seen)) for layer, place in places.items()]
    x_BCSS = next(network.parameters()).new_zeros(BATCH, network.channels, network.size, network.size)
    try:
        with evaluating(network):
            has_output = isinstance(network, Classifier) or not isinstance(network.decoder, NoDecoder)
            output = network(x_BCSS) if has_output else network.encode(x_BCSS)
    except UnpoolError as error:
        raise UsageError(str(error)) from error
    except MISFITS as error:
        raise UsageError(f"{seen[0]} cannot take {seen[1]}: {_reason(error)}") from error
    finally:
        for hook in hooks:
            hook.remove()
    _check_output(network, tuple(output.shape), tuple(x_BCSS.shape))


def _record_input(place: str, seen: list[str]) -> Callable[[nn.Module, tuple[object, ...]], None]:
    def note(_: nn.Module, inputs: tuple[object, ...]) -> None:
        seen[:] = [place, _shape(tuple(getattr(inputs[0], "shape", ()))[1:])]

    return note


def _check_output(network: Autoencoder, output: tuple[int, ...], images: tuple[int, ...]) -> None:
    if isinstance(network, Classifier):
        if len(output) != 2 or output[0] != images[0]:
            raise UsageError(
                f"the head gives {_shape(output[1:])} for each image, but must give one score for each class; "
                "end it with Linear"
            )
    elif isinstance(network.decoder, NoDecoder):
        if output[:1] != images[:1]:
            raise UsageError(
                f"the encoder makes {output[0]} codes of {images[0]} images, but must keep each apart"
            )
    elif output != images:
        raise UsageError(
            f"the decoder gives {_shape(output[1:])}, but the images are {_shape(images[1:])}; "
            "let its last layer give as many channels as the first takes"
        )


def _reason(error: BaseException) -> str:
    lines = str(error).split("\n") if str(error) else [type(error).__name__]
    return re.sub(r"^Given groups=.*?weight of size \[.*?\], ", "", lines[0])


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(str(number) for number in shape) or "one number"
