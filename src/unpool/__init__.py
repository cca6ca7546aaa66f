"""See, search, group, clean and segment a folder of images."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unpool.actions.training.fit import fit
    from unpool.errors import UnpoolError
    from unpool.networks.autoencoder import Autoencoder
    from unpool.networks.catalogue import build_network
    from unpool.networks.decoders.mirror import mirror
    from unpool.networks.segmentation.segmenter import Segmenter
    from unpool.objectives.local_aggregation.loss import LocalAggregation
    from unpool.training.model_file import load_model, save_model
    from unpool.workspace import Workspace

__version__ = "0.1.0"

# Public name → its module. Loaded on first use: `import unpool` and `unpool --help` stay quick.
_MODULES = {
    "Autoencoder": "unpool.networks.autoencoder",
    "LocalAggregation": "unpool.objectives.local_aggregation.loss",
    "Segmenter": "unpool.networks.segmentation.segmenter",
    "UnpoolError": "unpool.errors",
    "Workspace": "unpool.workspace",
    "build_network": "unpool.networks.catalogue",
    "fit": "unpool.actions.training.fit",
    "load_model": "unpool.training.model_file",
    "mirror": "unpool.networks.decoders.mirror",
    "save_model": "unpool.training.model_file",
}

__all__ = [
    "Autoencoder",
    "LocalAggregation",
    "Segmenter",
    "UnpoolError",
    "Workspace",
    "build_network",
    "fit",
    "load_model",
    "mirror",
    "save_model",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    nearest_name = import_module("unpool.errors").nearest_name
    raise AttributeError(f"module 'unpool' has no attribute {name!r}{nearest_name(name, __all__)}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
