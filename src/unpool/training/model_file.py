"""The model folder.

model.json, model.safetensors, and encoder.onnx once it embedded on a CPU.

Weights are safetensors, never pickles: loading somebody else's model runs no code. The network is rebuilt from the
options or the description in model.json.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unpool.core.atomic_files import write_text, write_whole
from unpool.core.calls.signatures import explain_calls, shorten
from unpool.core.file_identity import digest_files
from unpool.core.markers import MODEL_FILES, WORKSPACE_TABLE
from unpool.errors import UnpoolError, UsageError, shorten_reason
from unpool.images.values.rules import VALUES, ValueRules
from unpool.store.state import NewerVersionError, newer_format

if TYPE_CHECKING:
    from torch import Tensor


JSON, WEIGHTS = MODEL_FILES
ONNX, SEGMENTER_ONNX, LAST = "encoder.onnx", "segmenter.onnx", "last.safetensors"
TEXT, TOKENIZER = "text.onnx", "tokenizer.json"  # of a model that embeds words too
OPEN_CLIP, TIMM = "open_clip", "timm"  # kinds of encoders that other libraries build
FOREIGN = ("onnx", "function", "vectors")  # kinds of encoders without weights here
SCALES = "scales"  # the sizes that a segmenter was trained on
COMMANDS = {"segmenter": "unpool segment", "inspector": "unpool inspect"}  # by the kind of a model
FORMAT = 1  # of model.json; those of version 0.1.0 do not say theirs, and have this one
REMEDY = "train the model again, or copy the whole folder anew"


@explain_calls
def save_model(
    folder: Path | str,
    network: Any,
    *,
    options: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
    classes: Sequence[str] | None = None,
    last: Mapping[str, Tensor] | None = None,
    masks: Mapping[str, Any] | None = None,
) -> None:
    """Write weights, then model.json, each whole or not at all.

    A folder with model.json is complete.

    Weights that do not change give a file that does not change, byte for byte.

    Args:
        folder: where to write.
        network: an Autoencoder, Classifier or Segmenter that can be built from options.
        options: what rebuilds the network: the arguments of `build_network`, or `{"description": …}`, either with
            `num_classes`; by default those it was built with.
        training: the record of its training, kept as it is.
        classes: names of its scores.
        last: the weights at the end of training where the network holds better ones, for last.safetensors.
        masks: how a segmenter's classes are encoded in masks.

    Raises:
        UnpoolError: before anything is written, for a network of the user's own, which could not be rebuilt.

    >>> import tempfile
    >>> from unpool.networks.catalogue import build_network
    >>> folder = tempfile.mkdtemp()
    >>> save_model(folder, build_network("conv", size=8, channels=1))
    >>> load_model(folder).dimension()
    256
    """
    folder = Path(folder)
    described = _describe(network, options, training, classes)
    if masks is not None:
        described["masks"] = dict(masks)
    for name in (ONNX, SEGMENTER_ONNX, LAST, TEXT, TOKENIZER):
        (folder / name).unlink(missing_ok=True)
    if last is not None:
        _write_weights(folder / LAST, last)
    described["weights"] = _write_weights(folder / WEIGHTS, network.state_dict())
    write_text(folder / JSON, _json(described))


def describe_model(folder: Path | str) -> dict[str, Any]:
    """Read model.json.

    Raises UnpoolError where there is none or it is damaged.

    `classes` are the names of the class scores, None for a network without or from before they were kept.
    """
    path = Path(folder) / JSON
    try:
        described = json.loads(path.read_text("utf-8"))
        _check_format(path, described)
        described["network"], described["options"], described["preprocessing"]["size"]
    except (FileNotFoundError, NotADirectoryError) as error:
        raise no_model(Path(folder)) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnpoolError(f"{path} is damaged ({error}); train the model again") from error
    return {"classes": None, "kind": "encoder", **described}


def _check_format(path: Path, described: Mapping[str, Any]) -> None:
    """Raise `UnpoolError` where a newer version has written model.json in another format."""
    stated = described.get("format", FORMAT)
    if stated > FORMAT:
        version = described.get("versions", {}).get("unpool", "")
        raise NewerVersionError(newer_format(path, stated, version, FORMAT))


def no_model(folder: Path) -> UnpoolError:
    """Build the error for a path without a model.

    It says what the path is, and which one is meant where that is known.
    """
    if folder.is_file():
        return UnpoolError(
            f"{folder} is a file, but a model is a folder: it holds {JSON} and {WEIGHTS}; name one"
        )
    if (folder / WORKSPACE_TABLE).is_dir():
        own = folder / "model"
        hint = f"its model is {own}" if has_model(own) else "it has no model yet: run `unpool run` first"
        return UnpoolError(f"{folder} is a workspace, not a model folder; {hint}")
    if not folder.exists():
        return UnpoolError(f"there is no model folder {folder}; check the path")
    return UnpoolError(f"{folder} is no model folder: it has no {JSON}; name one with --model")


def rules_of_model(folder: Path | str) -> ValueRules:
    """Read the rules that scaled a model's deep values.

    Models of older versions have none.
    """
    return ValueRules.from_dict((describe_model(folder).get("training") or {}).get(VALUES))


def expect_kind(folder: Path | str, kind: str) -> dict[str, Any]:
    """Read model.json, and check the model's kind.

    Raises UnpoolError where it is not of `kind`, "encoder", "segmenter" or "inspector".
    """
    described = describe_model(folder)
    if described["kind"] != kind:
        if kind in COMMANDS:
            way = f"make one with {COMMANDS[kind]} train"
        else:
            takers = COMMANDS.get(described["kind"])
            way = f"{takers} predict takes it" if takers else "name another model"
        raise UnpoolError(f"{folder} holds {described['network']}, which is no {kind}; {way}")
    return described


def has_model(folder: Path) -> bool:
    """Return whether `folder` holds a complete model.

    Encoders from elsewhere have no weights of their own, but model.json says what they are.
    """
    if not (folder / JSON).is_file():
        return False
    return (folder / WEIGHTS).is_file() or kind_of_encoder(folder) in FOREIGN


def kind_of_encoder(folder: Path) -> str | None:
    """Return what kind of encoder a model folder has.

    None for a network that unpool builds from its options, and where there is no model.
    """
    try:
        described = json.loads((folder / JSON).read_text("utf-8"))
        return (described.get("encoder") or {}).get("kind")
    except (OSError, ValueError, AttributeError):
        return None


def model_id(folder: Path) -> str:
    """Return a short name that changes with the weights.

    It stands in the `model` column.
    """
    described = describe_model(folder)
    return f"{described['network']}-{described['weights'][:10]}"


@explain_calls
def load_model(folder: Path | str) -> Any:
    """Load the network of a model folder.

    It is an Autoencoder, Classifier or Segmenter as it was saved, in evaluation mode. Its `expects` says what images
    it takes; `embed`, `reconstruct` and `predict` take them as paths, pictures and arrays too.

    Raises `UnpoolError` where the folder is no model, is damaged, or its weights are another network's: then it
    names the first entry that differs, and both shapes.
    """
    from unpool.networks.weights import first_difference

    folder = Path(folder)
    described = describe_model(folder)
    network = _rebuild(folder / JSON, described)
    path, state = folder / WEIGHTS, _read_weights(folder / WEIGHTS)
    if different := first_difference(state, network.state_dict()):
        problem = f"{path} does not hold the weights of {described['network']}: {different}"
        raise UnpoolError(f"{problem}; {REMEDY}")
    if described.get("weights") not in (None, digest_files(path)):
        raise UnpoolError(f"{path} is damaged: it is not the file that {JSON} was written for; {REMEDY}")
    network.to(next(value.dtype for value in state.values() if value.is_floating_point()))
    network.load_state_dict(state, strict=False)  # old files lack the counts of batches seen
    network.rules = ValueRules.from_dict((described.get("training") or {}).get(VALUES))
    return network.eval()


def _describe(
    network: Any,
    options: Mapping[str, Any] | None,
    training: Mapping[str, Any] | None,
    classes: Sequence[str] | None,
) -> dict[str, Any]:
    """What model.json will say, but for the weights; UnpoolError for what could not be read back."""
    if not hasattr(network, "state_dict"):
        raise UsageError(f"{shorten(network)} is no network; give an Autoencoder, Classifier or Segmenter")
    made_of = getattr(network, "built_with", None) if options is None else dict(options)
    if made_of is None:
        name = getattr(network, "architecture", "of your own")
        problem = f"{type(network).__name__} '{name}' cannot be rebuilt from a model folder"
        raise UnpoolError(f"{problem}, which holds no code; build it with build_network or a description")
    described = {
        "format": FORMAT,
        "network": network.architecture,
        "kind": "segmenter" if hasattr(network, "coarse") else "encoder",
        "options": made_of,
        "preprocessing": asdict(network.preprocessing),
        "classes": None if classes is None else list(classes),
        **_of_encoder(network),
        **_of_segmenter(network),
        "weights": None,
        "training": None if training is None else dict(training),
        "versions": {name: version(name) for name in ("unpool", "torch", "torchvision", "timm")},
    }
    try:
        _json(described)
    except (TypeError, ValueError) as error:
        problem = (
            f"the options or the training of {network.architecture} cannot be written to {JSON} ({error})"
        )
        raise UnpoolError(f"{problem}; describe it with names and finite numbers alone") from error
    return described


def _of_encoder(network: Any) -> dict[str, Any]:
    """What only networks that embed have."""
    if not hasattr(network, "merge"):
        return {}
    return {
        "merge": network.merge,
        "use_indices": network.use_indices,
        "dimension": network.dimension(network.preprocessing.size),
    }


def _of_segmenter(network: Any) -> dict[str, Any]:
    """What only segmenters that were trained have."""
    learnt = getattr(network, "learnt", None)
    return {} if learnt is None else {SCALES: learnt.to_dict()}


def _rebuild(path: Path, described: Mapping[str, Any]) -> Any:
    """The network that model.json describes, with random weights."""
    if described["kind"] == "segmenter":
        return _segmenter(path, described)
    if described["kind"] == "inspector":
        raise UnpoolError(
            f"{path.parent} holds an inspector, which is no network; unpool inspect predict takes it"
        )
    return _encoder(path, described)


def _segmenter(path: Path, described: Mapping[str, Any]) -> Any:
    from unpool.networks.preprocessing import Preprocessing
    from unpool.networks.segmentation.scales import LearntScales
    from unpool.networks.segmentation.segmenter import Segmenter

    try:
        options = dict(described["options"])
        body = options.pop("backbone")
        if isinstance(body, dict):
            body = _encoder(path, {**body, "preprocessing": described["preprocessing"]})
        network = Segmenter(backbone=body, **{"finest_width": None, **options})  # earlier versions had none
        network.preprocessing = Preprocessing.from_dict(described["preprocessing"])
        if described.get(SCALES) is not None:  # models of earlier versions do not say it
            network.learnt = LearntScales.from_dict(described[SCALES])
    except (UnpoolError, TypeError, ValueError, KeyError, AttributeError) as error:
        raise UnpoolError(f"{path} describes no segmenter that can be built ({error}); {REMEDY}") from error
    return network


def _encoder(path: Path, described: Mapping[str, Any]) -> Any:
    from unpool.networks.catalogue import build_network
    from unpool.networks.classifier import with_classes
    from unpool.networks.description import network_from_description
    from unpool.networks.head import with_head
    from unpool.networks.preprocessing import Preprocessing

    if (described.get("encoder") or {}).get("kind") in (OPEN_CLIP, TIMM):
        return _of_library(path, described)
    try:
        options = dict(described["options"])
        description, num_classes = options.get("description"), options.get("num_classes")
        if description is None:
            network = build_network(described["network"], weights="none", **options)
        else:
            network = network_from_description(description)
            network = network if num_classes is None else with_classes(network, num_classes)
            network = network if options.get("head") is None else with_head(network, options["head"])
        network.preprocessing = Preprocessing.from_dict(described["preprocessing"])
    except (UnpoolError, TypeError, ValueError, KeyError, AttributeError) as error:
        raise UnpoolError(f"{path} describes no network that can be built ({error}); {REMEDY}") from error
    network.merge = described.get("merge", network.merge)
    network.use_indices = described.get("use_indices", True)
    return network


def _of_library(path: Path, described: Mapping[str, Any]) -> Any:
    """The encoder that another library builds."""
    from unpool.networks.encoders.open_clip_towers import build_images
    from unpool.networks.encoders.timm_encoder import build_timm
    from unpool.networks.preprocessing import Preprocessing

    kind = described["encoder"]["kind"]
    build = build_timm if kind == TIMM else build_images
    try:
        preprocessing = Preprocessing.from_dict(described["preprocessing"])
        return build(described["options"], described["network"], preprocessing)
    except (RuntimeError, TypeError, ValueError, KeyError, AttributeError, AssertionError) as error:
        reason = shorten_reason(error)
        raise UnpoolError(
            f"{path} describes no model of {kind} that can be built ({reason}); {REMEDY}"
        ) from error


def _write_weights(path: Path, state: Mapping[str, Tensor]) -> str:
    """Write weights as safetensors; returns the file's digest."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    numbers = {name: value.detach().contiguous().cpu() for name, value in state.items()}
    digests = []

    def write(part: Path) -> None:
        save_file(numbers, part)
        digests.append(digest_files(part))

    try:
        write_whole(path, write)
    except SafetensorError as error:  # a full disk is no OSError there
        raise UnpoolError(f"{path} cannot be written ({error}); is there space left?") from error
    return digests[0]


def _read_weights(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(path))
    except FileNotFoundError as error:
        raise UnpoolError(f"{path.parent} is no complete model: it has no {path.name}; {REMEDY}") from error
    except (SafetensorError, OSError, ValueError) as error:
        raise UnpoolError(f"{path} is damaged ({shorten_reason(error)}); {REMEDY}") from error


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
