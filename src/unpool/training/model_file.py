"""The model folder: model.json, model.safetensors, and encoder.onnx once it embedded on a CPU.

Weights are safetensors, never pickles: loading a stranger's model runs no code.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unpool.errors import UnpoolError
from unpool.files import write_json, write_whole

if TYPE_CHECKING:
    from torch import nn

JSON, WEIGHTS, ONNX, TRAINING = "model.json", "model.safetensors", "encoder.onnx", "training"


def save_model(
    folder: Path, network: Any, *, options: dict[str, Any], training: dict[str, Any] | None = None
) -> None:
    """Write weights, then model.json, each whole or not at all; a folder with model.json is complete.

    `options` are the arguments of `build_network` that make this network again; `training` is kept as it is.
    Weights that do not change give a file that does not change, byte for byte.
    """
    from safetensors.torch import save_file

    state = {name: value.contiguous().cpu() for name, value in network.state_dict().items()}
    (folder / ONNX).unlink(missing_ok=True)
    write_whole(folder / WEIGHTS, lambda part: save_file(state, part))
    size = network.preprocessing.size
    described = {
        "network": network.network,
        "options": options,
        "preprocessing": asdict(network.preprocessing),
        "dimension": network.dimension(size),
        "weights": _digest(folder / WEIGHTS),
        "training": training,
        "versions": {name: version(name) for name in ("unpool", "torch", "torchvision", "timm")},
    }
    write_json(folder / JSON, described)


def describe_model(folder: Path) -> dict[str, Any]:
    """What model.json says; UnpoolError where there is none or it is damaged."""
    path = folder / JSON
    try:
        described = json.loads(path.read_text("utf-8"))
        described["network"], described["options"], described["preprocessing"]["size"]
    except FileNotFoundError as error:
        raise UnpoolError(f"{folder} is no model folder: it has no {JSON}; name one with --model") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UnpoolError(f"{path} is damaged ({error}); train the model again") from error
    return dict(described)


def has_model(folder: Path) -> bool:
    """Whether a complete model lies in `folder`."""
    return (folder / JSON).is_file() and (folder / WEIGHTS).is_file()


def model_id(folder: Path) -> str:
    """A short name that changes with the weights, for the `model` column."""
    described = describe_model(folder)
    return f"{described['network']}-{described['weights'][:10]}"


def load_model(folder: Path | str) -> nn.Module:
    """The network of a model folder with its weights, in evaluation mode.

    Raises `UnpoolError` where the folder is no model, is damaged, or belongs to another network.
    """
    from safetensors.torch import load_file

    from unpool.networks.catalogue import build_network

    folder = Path(folder)
    described = describe_model(folder)
    network = build_network(described["network"], weights="none", **described["options"])
    try:
        state = load_file(folder / WEIGHTS)
        network.load_state_dict(state)
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UnpoolError(
            f"{folder / WEIGHTS} does not hold the weights of {described['network']}: {reason}"
        ) from error
    return network.eval()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
