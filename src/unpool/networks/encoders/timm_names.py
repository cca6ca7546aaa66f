"""Names of timm's networks, read without torch."""

from __future__ import annotations

import functools
import json
import re
from importlib.util import find_spec
from pathlib import Path

from unpool.errors import UnpoolError

HUB = "hf-hub:"  # timm's own mark of a model on a hub
CONFIG = "config.json"
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
# These keep the preprocessing and the vectors that they have as networks of the catalogue.
CATALOGUED = frozenset({"resnet18"})

_NAME = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)?")
_DEFINITION = re.compile(r"^@register_model\s*\ndef (\w+)\(", re.MULTILINE)


def is_timm(text: str) -> bool:
    """Whether a name is one of timm's networks.

    That is a name with or without the tag of its weights, a model on a hub, or a folder as timm writes it.

    >>> is_timm("vit_small_patch14_dinov2.lvd142m"), is_timm("resnet34"), is_timm("resnet18"), is_timm("own.onnx")
    (True, True, False, False)
    """
    if text.startswith(HUB) or is_timm_folder(Path(text)):
        return True
    is_name = _NAME.fullmatch(text) is not None and text not in CATALOGUED
    return is_name and text.split(".")[0] in timm_names()


def is_timm_folder(folder: Path) -> bool:
    """Whether a folder says which of timm's networks it holds."""
    try:
        return isinstance(json.loads((folder / CONFIG).read_text("utf-8"))["architecture"], str)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def find_folder_weights(folder: Path) -> Path:
    """Return the file with the weights of a folder.

    Raises:
        UnpoolError: it holds none.
    """
    for name in WEIGHTS:
        if (folder / name).is_file():
            return folder / name
    raise UnpoolError(f"{folder} holds no weights; put {WEIGHTS[0]} there, or give --weights FILE")


@functools.cache
def timm_names() -> frozenset[str]:
    """Read the names of timm's networks.

    They stand in its source, since importing it takes torch.
    """
    spec = find_spec("timm")
    names: set[str] = set()
    for place in (spec.submodule_search_locations or []) if spec else []:
        for file in (Path(place) / "models").glob("*.py"):
            names.update(_DEFINITION.findall(file.read_text("utf-8")))
    return frozenset(names)
