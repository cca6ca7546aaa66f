"""The network of a training, as requested and as built."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from unpool.actions.training.settings import TrainSettings
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError, unknown_name
from unpool.objectives.catalogue import find_objective
from unpool.training.model_file import describe_model, expect_kind

if TYPE_CHECKING:
    from unpool.networks.autoencoder import Autoencoder

DEFAULT = "conv"
DESCRIPTION_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class NetworkRequest:
    """A network as requested: by name, description or model folder.

    Args:
        name: of the catalogue, of timm or torchvision, of the description, or of the model's network.
        is_backbone: an encoder of the catalogue, timm or torchvision.
        seed: of fresh weights.
        weights: "imagenet", "none" or a file; None: pretrained where the network has such weights by default.
        init: how fresh weights are drawn.
        use_indices: whether pooling indices reach the decoder; None: the network's default.
        options: size, width and decoder, as far as typed.
        description: what a YAML file says.
        from_model: the model folder to go on from.
    """

    name: str
    is_backbone: bool
    seed: int
    weights: str | None = None
    init: str = "default"
    use_indices: bool | None = None
    options: dict[str, Any] = field(default_factory=dict)
    description: dict[str, Any] | None = None
    from_model: Path | None = None

    def run_key(self) -> dict[str, Any]:
        """Return the request as flat values, equal for equal requests."""
        start = None if self.from_model is None else describe_model(self.from_model)["weights"]
        return {
            "network": self.name, "weights": self.weights, "init": self.init, "use_indices": self.use_indices,
            "options": json.dumps(self.options, sort_keys=True),
            "description": json.dumps(self.description, sort_keys=True), "from": start,
        }  # fmt: skip


class InputShape(NamedTuple):
    """How images are decoded: side in pixels, and channels.

    Channels None are those of the images.
    """

    size: int
    channels: int | None


def parse_network_request(settings: TrainSettings) -> NetworkRequest:
    """Read the network's options.

    Raises:
        UsageError: where they exclude each other, or a name is unknown.
    """
    from unpool.networks.catalogue import is_backbone
    from unpool.networks.layers.initialisation import INITIALISATIONS

    init, weights, seed = settings.init, settings.weights, settings.seed
    if init is not None and init not in INITIALISATIONS:
        raise unknown_name("initialisation", init, INITIALISATIONS)
    use_indices = False if settings.no_indices else None
    shape = {"size": settings.size, "width": settings.width, "decoder": settings.decoder}
    options = {name: value for name, value in shape.items() if value is not None}
    if settings.from_ is not None:
        fixed = options | {"weights": weights, "init": init, "network": settings.network}
        _check_unset("--from", fixed, "the model already fixes it")
        described = expect_kind(settings.from_, "encoder")
        return NetworkRequest(
            described["network"], False, seed, use_indices=use_indices, from_model=settings.from_
        )
    name = settings.network or DEFAULT
    if name.endswith(DESCRIPTION_SUFFIXES):
        _check_unset(f"--network {name}", options, "the file itself says it")
        description = _read_description(Path(name))
        _check_description(name, description, seed)
        name = str(description.get("name", "described"))
        return NetworkRequest(
            name, False, seed, weights, init or "default", use_indices, description=description
        )
    return NetworkRequest(name, is_backbone(name), seed, weights, init or "default", use_indices, options)


def _check_unset(by: str, options: Mapping[str, object], reason: str) -> None:
    for name, value in options.items():
        if value is not None:
            raise UsageError(f"--{name} {value} and {by} exclude each other: {reason}; leave one out")


def _read_description(path: Path) -> dict[str, Any]:
    import yaml

    from unpool.core.text.yaml_files import describe_error, load_yaml

    try:
        description = load_yaml(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise UsageError(f"--network {path}: there is no such file") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"--network {path} cannot be read as YAML: {describe_error(error)}") from None
    if not isinstance(description, dict):
        raise UsageError(
            f"--network {path} must hold `encoder:` with a list of layers, and what goes with it"
        )
    return description


def _check_description(file: str, description: dict[str, Any], seed: int) -> None:
    """Raise `UsageError` naming the file and what is wrong in it."""
    from unpool.networks.catalogue import seeded
    from unpool.networks.description import network_from_description

    try:
        with seeded(seed):
            channels = network_from_description(description).channels
    except UnpoolError as error:
        raise UsageError(f"--network {file}: {error}") from error
    if channels not in (1, 3):
        raise UsageError(f"--network {file}: channels is {channels}, but must be 1 (grey) or 3 (colour)")


def input_shape_for(request: NetworkRequest, typical_side: Callable[[], int]) -> InputShape:
    """Decide how images are decoded for a network.

    Args:
        request: the network.
        typical_side: gives the side of the images, pixels, for a network whose depth follows it.
    """
    from unpool.networks.catalogue import default_size
    from unpool.networks.description import preprocessing_from_description

    if request.from_model is not None:
        prep = describe_model(request.from_model)["preprocessing"]
        return InputShape(prep["size"], prep["channels"])
    if request.description is not None:
        pixels = preprocessing_from_description(request.description)
        return InputShape(pixels.size, pixels.channels)
    size = request.options.get("size")
    if size is None:
        size = typical_side() if request.name == DEFAULT else default_size(request.name)
    return InputShape(size, None)


class BuiltNetwork(NamedTuple):
    """A network, and whether its encoder is adapted.

    Else it is trained from scratch.
    """

    network: Autoencoder
    adapts: bool


def build_requested_network(
    request: NetworkRequest,
    shape: InputShape,
    objective: str,
    *,
    num_classes: int | None,
    freeze: bool,
    progress: Progress,
) -> BuiltNetwork:
    """Build or load a network, ready to be trained.

    Where it classifies it has a head. An encoder with weights from elsewhere is adapted where the objective compares
    codes: its batch statistics stay.

    Args:
        request: which network.
        shape: of the images.
        objective: what it will be trained for.
        num_classes: of an objective that needs labels.
        freeze: leave the encoder as it is.
        progress: receives which weights it starts from.

    Returns:
        The network, and whether its encoder is adapted.

    Raises:
        UnpoolError: where the objective needs a decoder and there is none, or nothing would be trained.
    """
    from unpool.networks.layers import freezing

    spec = find_objective(objective)
    trains_head = freeze and spec.compares_codes  # it gets one, which is then all that is trained
    if trains_head and request.is_backbone:
        request = replace(request, options={"decoder": "none"} | request.options)
    network, is_pretrained = _build(request, shape, num_classes, progress)
    if num_classes is not None:
        network = _with_head(network, num_classes, request.seed)
    elif spec.needs_decoder:
        _check_has_decoder(network, objective)
    # Comparing trains the code alone, and its decoder shows what the code holds without more.
    if request.use_indices is not None or spec.compares_codes:
        network.use_indices = False
    if freeze:
        freezing.freeze(network)
    if not trains_head:
        freezing.check_anything_trains(network, freeze)
    adapts = is_pretrained and spec.compares_codes and not freeze
    if adapts:
        freezing.keep_statistics(network)
    return BuiltNetwork(network, adapts)


def _build(
    request: NetworkRequest, shape: InputShape, num_classes: int | None, progress: Progress
) -> tuple[Autoencoder, bool]:
    """The network, and whether it has weights from elsewhere."""
    from unpool.networks.catalogue import seeded
    from unpool.networks.description import network_from_description
    from unpool.networks.encoders.backbones import Backbone
    from unpool.networks.layers.initialisation import initialise
    from unpool.networks.weights import load_weights
    from unpool.training.model_file import load_model

    if request.from_model is not None:
        network = load_model(request.from_model)
        return network, isinstance(getattr(network, "encoder", None), Backbone)
    if request.description is None:
        return _build_from_catalogue(request, shape, num_classes, progress)
    with seeded(request.seed):
        network = network_from_description(request.description)
        initialise(network, request.init)
    load_weights(network, request.weights or "none")
    _report_start(request, progress)
    return network, request.weights not in (None, "none")


def _build_from_catalogue(
    request: NetworkRequest, shape: InputShape, num_classes: int | None, progress: Progress
) -> tuple[Autoencoder, bool]:
    from unpool.networks.catalogue import build_network
    from unpool.networks.weights import has_imagenet

    options = {"size": shape.size, "channels": shape.channels} | request.options
    if num_classes is None and request.name == "lenet":
        options.setdefault("decoder", "unpool")
    common: dict[str, Any] = {
        "num_classes": num_classes,
        "init": request.init,
        "seed": request.seed,
        **options,
    }
    network = build_network(request.name, weights=request.weights or "none", **common)
    if request.weights is not None:
        _report_start(request, progress)
        return network, request.weights != "none"
    if has_imagenet(request.name) and request.init != "default":
        progress.message(f"--init {request.init} draws all weights: the ImageNet weights are not used")
        return network, False
    return network, fill_from_imagenet(network, progress)


def fill_from_imagenet(network: Autoencoder, progress: Progress) -> bool:
    """Load ImageNet weights where they can be fetched; returns whether."""
    from unpool.networks.weights import has_imagenet, load_weights

    if not has_imagenet(network.architecture):
        return False
    try:
        load_weights(network, "imagenet")
    except UnpoolError as error:
        reason = str(error).partition(";")[0]
        progress.message(f"training starts from random weights, since {reason}; --weights FILE gives others")
        return False
    progress.message("training starts from the ImageNet weights")
    return True


def _report_start(request: NetworkRequest, progress: Progress) -> None:
    """Report which of `--weights` and `--init` is used."""
    if request.weights == "none":
        return
    source = "the ImageNet weights" if request.weights == "imagenet" else request.weights
    rest = f"; --init {request.init} draws only what they lack" if request.init != "default" else ""
    progress.message(f"training starts from {source}{rest}")


def _with_head(network: Autoencoder, num_classes: int, seed: int) -> Autoencoder:
    from unpool.networks.catalogue import seeded
    from unpool.networks.classifier import Classifier, with_classes

    if isinstance(network, Classifier):
        import torch

        network.eval()
        prep = network.preprocessing
        with torch.no_grad():
            found = network(torch.zeros(1, prep.channels, prep.size, prep.size)).shape[1]
        if found == num_classes:
            return network
    with seeded(seed):
        return with_classes(network, num_classes)


def _check_has_decoder(network: Autoencoder, objective: str) -> None:
    from unpool.networks.decoders.base import NoDecoder

    if isinstance(network.decoder, NoDecoder):
        raise UnpoolError(
            f"{network.architecture} has no decoder, which --objective {objective} trains; build it with --decoder "
            "unpool, transpose or upsample"
        )
