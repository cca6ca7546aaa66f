"""Networks of timm as model folders."""

from __future__ import annotations

import contextlib
from functools import partial
from pathlib import Path

from unpool.core.calls.apart import call_apart
from unpool.core.file_identity import digest_files
from unpool.core.user_cache import is_kept, kept_folder
from unpool.errors import UnpoolError
from unpool.inference.encoder import export_encoder
from unpool.inference.exports import as_file_name, digest_versions
from unpool.inference.model import copy_model
from unpool.networks.encoders.timm_names import CONFIG, WEIGHTS, find_folder_weights, is_timm_folder
from unpool.training.foreign_model import change_description
from unpool.training.model_file import ONNX, TIMM, save_model


def check_timm(name: str) -> None:
    """Check that there is such a network; download its weights.

    Args:
        name: A network of timm.

    Raises:
        UnpoolError: the weights cannot be had.
        UsageError: timm has no such weights.
    """
    if is_timm_folder(Path(name)):
        find_folder_weights(Path(name))
    elif not is_kept(entry_of(name)):
        call_apart(__name__, "fetch", name, is_shown=True)


def digest_timm(name: str) -> str:
    """Return what changes with the network behind a name.

    Published weights never change.
    """
    folder = Path(name)
    if not is_timm_folder(folder):
        return name
    weights = [path for path in (folder / name for name in WEIGHTS) if path.is_file()][:1]
    return digest_files(folder / CONFIG, *weights)  # there are none where they are given beside it


def write_timm(name: str, folder: Path, weights: Path | None = None) -> None:
    """Write a model folder of a network of timm.

    What is downloaded is converted once per user.

    Args:
        name: A network of timm.
        folder: Where to write.
        weights: A file with its weights; None for those that the name stands for.

    Raises:
        UnpoolError: the weights cannot be had, or are another network's.
        UsageError: timm has no such weights.
    """
    if weights is not None or is_timm_folder(Path(name)):
        call_apart(__name__, "convert", name, folder, weights)
        return
    copy_model(keep_timm(name), folder)


def keep_timm(name: str) -> Path:
    """Return the model folder of a name.

    It is made once per user.

    Args:
        name: A network of timm.

    Raises:
        UnpoolError: the weights cannot be had, or the folder is damaged.
        UsageError: timm has no such weights.
    """
    return kept_folder(entry_of(name), partial(call_apart, __name__, "convert", name))


def fetch(name: str) -> None:
    """Download weights; called in another process."""
    from unpool.networks.encoders.timm_encoder import fetch_timm

    fetch_timm(name)


def convert(name: str, folder_name: str, weights: str | None = None) -> None:
    """Write a model folder; called in another process.

    Args:
        name: A network of timm.
        folder_name: Where to write.
        weights: A file with its weights.
    """
    from unpool.networks.encoders.timm_encoder import load_timm

    folder = Path(folder_name)
    network = load_timm(name, None if weights is None else Path(weights))
    save_model(folder, network)
    with contextlib.suppress(UnpoolError):  # then torch embeds
        export_encoder(network, folder / ONNX)
    change_description(folder, encoder={"kind": TIMM, "name": name, "source": digest_timm(name)})


def entry_of(name: str) -> str:
    """Name the folder of the cache that keeps a network."""
    return f"pretrained-{as_file_name(name)}-{digest_versions('timm', digest_timm(name))}"
