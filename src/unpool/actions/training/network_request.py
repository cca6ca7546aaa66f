"""The network of a training: of the catalogue, from a description, or a model to go on from."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError, unknown_name
from unpool.options import COMPARING
from unpool.training.model_file import describe_model, expect_kind

DEFAULT = "conv"
DESCRIPTIONS = (".yaml", ".yml")


@dataclass(frozen=True)
class NetworkRequest:
    """What the user asked of a network: a name with its options, a description, or a model folder."""

    name: str
    is_backbone: bool
    seed: int
    weights: str | None = None  # None: pretrained where that is the network's habit and they can be had
    init: str = "default"
    use_indices: bool | None = None
    options: dict[str, Any] = field(default_factory=dict)
    description: dict[str, Any] | None = None
    from_model: Path | None = None

    def asked(self) -> dict[str, Any]:
        """The same for the same wishes, as model.json and checkpoints keep it."""
        start = None if self.from_model is None else describe_model(self.from_model)["weights"]
        return {
            "network": self.name, "weights": self.weights, "init": self.init, "use_indices": self.use_indices,
            "options": json.dumps(self.options, sort_keys=True),
            "description": json.dumps(self.description, sort_keys=True), "from": start,
        }  # fmt: skip


class InputShape(NamedTuple):
    """How images are decoded for a network: side in pixels, channels (None: as the images are)."""

    size: int
    channels: int | None


def parse_network_spec(
    network: str | None, from_model: Path | None, size: int | None, width: int | None, decoder: str | None,
    weights: str | None, init: str | None, no_indices: bool, seed: int,
) -> NetworkRequest:  # fmt: skip
    """The options of the command line as one wish; UsageError where they do not go together."""
    from unpool.networks.catalogue import is_backbone
    from unpool.networks.layers.initialisation import INITIALISATIONS

    if init is not None and init not in INITIALISATIONS:
        raise unknown_name("initialisation", init, INITIALISATIONS)
    use_indices = False if no_indices else None
    options = {"size": size, "width": width, "decoder": decoder}
    given = {name: value for name, value in options.items() if value is not None}
    start = given | {"weights": weights, "init": init}
    if from_model is not None:
        _refuse("--from", start | {"network": network}, "the model already fixes it")
        described = expect_kind(from_model, "encoder")
        return NetworkRequest(
            described["network"], False, seed, use_indices=use_indices, from_model=from_model
        )
    if network is not None and network.endswith(DESCRIPTIONS):
        _refuse(f"--network {network}", given, "the file itself says it")
        description = _read_description(Path(network))
        _try_description(network, description, seed)
        name = str(description.get("name", "described"))
        return NetworkRequest(
            name, False, seed, weights, init or "default", use_indices, description=description
        )
    name = network or DEFAULT
    return NetworkRequest(name, is_backbone(name), seed, weights, init or "default", use_indices, given)


def _refuse(by: str, options: dict[str, Any], reason: str) -> None:
    for name, value in options.items():
        if value is not None:
            raise UsageError(f"--{name} {value} and {by} exclude each other: {reason}; leave one out")


def _read_description(path: Path) -> dict[str, Any]:
    import yaml

    try:
        description = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        raise UsageError(f"--network {path}: there is no such file") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"--network {path} cannot be read as YAML: {error}") from None
    if not isinstance(description, dict):
        raise UsageError(
            f"--network {path} must hold `encoder:` with a list of layers, and what goes with it"
        )
    return description


def _try_description(file: str, description: dict[str, Any], seed: int) -> None:
    """`UsageError` naming the file and what is wrong in it, before anything is opened."""
    from unpool.networks.catalogue import seeded
    from unpool.networks.description import network_from_description

    try:
        with seeded(seed):
            channels = network_from_description(description).channels
    except UnpoolError as error:
        raise UsageError(f"--network {file}: {error}") from error
    if channels not in (1, 3):
        raise UsageError(f"--network {file}: channels is {channels}, but must be 1 (grey) or 3 (colour)")


def input_shape_for(wanted: NetworkRequest, typical: Callable[[], int]) -> InputShape:
    """How images are decoded; `typical` gives the side at which a network of free depth fits them."""
    from unpool.networks.catalogue import default_size
    from unpool.networks.description import preprocessing_from_description

    if wanted.from_model is not None:
        prep = describe_model(wanted.from_model)["preprocessing"]
        return InputShape(prep["size"], prep["channels"])
    if wanted.description is not None:
        pixels = preprocessing_from_description(wanted.description)
        return InputShape(pixels.size, pixels.channels)
    size = wanted.options.get("size")
    if size is None:
        size = typical() if wanted.name == DEFAULT else default_size(wanted.name)
    return InputShape(size, None)


def build_requested_network(
    wanted: NetworkRequest,
    frame: InputShape,
    objective: str,
    num_classes: int | None,
    freeze: bool,
    progress: Progress,
) -> tuple[Any, bool]:
    """The network ready to be trained: built or loaded, with a head where it classifies, frozen on request.

    And whether its encoder is to be adapted, not trained anew: it has learnt from other images, and is now
    compared on these. Then its batch statistics stay. Raises `UnpoolError` where there is no decoder and the
    objective needs one.
    """
    from unpool.networks.layers.freezing import check_anything_trains, keep_statistics
    from unpool.networks.layers.freezing import freeze as freeze_encoder

    only_head = freeze and objective in COMPARING  # it gets one, which is then all that is trained
    if only_head and wanted.is_backbone:
        wanted = replace(wanted, options={"decoder": "none"} | wanted.options)
    network, has_learnt = _made(wanted, frame, num_classes, progress)
    if num_classes is not None:
        network = _with_head(network, num_classes, wanted.seed)
    elif objective not in COMPARING:
        _refuse_without_decoder(network, objective)
    # Comparing shapes the code alone, and its decoder shows what the code holds without more.
    if wanted.use_indices is not None or objective in COMPARING:
        network.use_indices = False
    if freeze:
        freeze_encoder(network)
    if not only_head:
        check_anything_trains(network, freeze)
    adapts = has_learnt and objective in COMPARING and not freeze
    if adapts:
        keep_statistics(network)
    return network, adapts


def _made(
    wanted: NetworkRequest, frame: InputShape, num_classes: int | None, progress: Progress
) -> tuple[Any, bool]:
    """The network, and whether it starts from what was learnt elsewhere."""
    from unpool.networks.catalogue import seeded
    from unpool.networks.description import network_from_description
    from unpool.networks.encoders.backbones import Backbone
    from unpool.networks.layers.initialisation import initialise
    from unpool.networks.weights import load_weights
    from unpool.training.model_file import load_model

    if wanted.from_model is not None:
        network = load_model(wanted.from_model)
        return network, isinstance(getattr(network, "encoder", None), Backbone)
    if wanted.description is None:
        return _built(wanted, frame, num_classes, progress)
    with seeded(wanted.seed):
        network = network_from_description(wanted.description)
        initialise(network, wanted.init)
    load_weights(network, wanted.weights or "none")
    _tell_start(wanted, progress)
    return network, wanted.weights not in (None, "none")


def _built(
    wanted: NetworkRequest, frame: InputShape, num_classes: int | None, progress: Progress
) -> tuple[Any, bool]:
    from unpool.networks.catalogue import build_network
    from unpool.networks.weights import has_imagenet

    options = {"size": frame.size, "channels": frame.channels} | wanted.options
    if num_classes is None and wanted.name == "lenet":
        options.setdefault("decoder", "unpool")
    common: dict[str, Any] = {"num_classes": num_classes, "init": wanted.init, "seed": wanted.seed, **options}
    network = build_network(wanted.name, weights=wanted.weights or "none", **common)
    if wanted.weights is not None:
        _tell_start(wanted, progress)
        return network, wanted.weights != "none"
    if has_imagenet(wanted.name) and wanted.init != "default":
        progress.message(f"--init {wanted.init} draws all weights: the ImageNet weights are not used")
        return network, False
    return network, fill_from_imagenet(network, progress)


def fill_from_imagenet(network: Any, progress: Progress) -> bool:
    """Load the ImageNet weights where there are some that can be had, and tell; whether they were."""
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


def _tell_start(wanted: NetworkRequest, progress: Progress) -> None:
    """Which of `--weights` and `--init` fills what."""
    if wanted.weights == "none":
        return
    source = "the ImageNet weights" if wanted.weights == "imagenet" else wanted.weights
    rest = f"; --init {wanted.init} draws only what they lack" if wanted.init != "default" else ""
    progress.message(f"training starts from {source}{rest}")


def _with_head(network: Any, num_classes: int, seed: int) -> Any:
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


def _refuse_without_decoder(network: Any, objective: str) -> None:
    from unpool.networks.decoders.base import NoDecoder

    if isinstance(network.decoder, NoDecoder):
        told = f"{network.architecture} has no decoder, which --objective {objective} trains"
        raise UnpoolError(f"{told}; build it with --decoder unpool, transpose or upsample")
