"""Encoders of timm.

Pooling and preprocessing are those of their weights.

B images in a batch, C channels, H height, W width, D numbers in a vector.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from unpool.errors import UnpoolError, shorten_reason, unknown_name
from unpool.networks.encoders.timm_names import CONFIG, HUB, WEIGHTS, find_folder_weights, is_timm_folder
from unpool.networks.image_encoder import ImageEncoder
from unpool.networks.preprocessing import Preprocessing
from unpool.networks.weights import (
    REMEDY,
    match_weights,
    place_on_hub,
    read_state,
    without_long_retries,
    without_messages,
)

CROPS = {"center": "centre", "squash": "squash", "border": "pad"}
# Arguments of timm's `create_model` that would fetch or read files.
FILES = frozenset({"pretrained", "pretrained_cfg", "pretrained_cfg_overlay", "checkpoint_path", "cache_dir"})


class TimmEncoder(ImageEncoder):
    """A network of timm, up to its classifier."""

    def pool(self, x_BCHW: Tensor) -> Tensor:
        """Compute vectors (B, D) by the network's own pooling."""
        body: Any = self.body
        if "pre_logits" not in inspect.signature(body.forward_head).parameters:
            vector_BD: Tensor = body(x_BCHW)
            return vector_BD
        found: Tensor = body.forward_head(body.forward_features(x_BCHW), pre_logits=True)
        return found


def load_timm(name: str, weights: Path | None = None) -> TimmEncoder:
    """Load a network of timm.

    Weights are downloaded where they have to be.

    Args:
        name: Its name, with or without the tag of its weights; a model on a hub; or a folder as timm writes it.
        weights: A file with its weights, instead of those that the name stands for.

    Returns:
        The network, in evaluation mode.

    Raises:
        UnpoolError: the weights cannot be had, or are another network's.
        UsageError: timm has no such weights.
    """
    import timm

    folder = Path(name)
    if is_timm_folder(folder):
        architecture, options, config = _read_folder(folder)
        body = _create(architecture, {**options, "pretrained_cfg": config})
        _fill(body, weights or find_folder_weights(folder), architecture)
    elif weights is not None and not name.startswith(HUB):
        architecture, options = name.split(".")[0], {}
        _check_tag(name)
        body = _create(name, {})
        _fill(body, weights, name)
    else:
        with _explain(name), without_long_retries(), without_messages():
            if name.startswith(HUB):
                _, architecture, options = timm.models.load_model_config_from_hf(name.removeprefix(HUB))
            else:
                architecture, options = name.split(".")[0], {}
                _check_tag(name)
            body = _create(name, {"pretrained": weights is None})
        if weights is not None:
            _fill(body, weights, name)
    return _encoder(body, name, architecture, options)


def fetch_timm(name: str) -> None:
    """Download the weights of a name, unless they are there.

    Args:
        name: One that is no folder.

    Raises:
        UnpoolError: they cannot be had.
        UsageError: timm has no such weights.
    """
    import timm

    with _explain(name), without_long_retries(), without_messages():
        if name.startswith(HUB):
            place, file = name.removeprefix(HUB), None
            timm.models.load_model_config_from_hf(place)
        else:
            _check_tag(name)
            config = timm.models.get_pretrained_cfg(name)
            place, file = (config.hf_hub_id or "", config.hf_hub_filename) if config else ("", None)
        if place:
            timm.models.load_state_dict_from_hf(place, **({"filename": file} if file else {}))
        else:  # some weights lie elsewhere
            _create(name, {"pretrained": True})


def build_timm(options: Mapping[str, Any], architecture: str, preprocessing: Preprocessing) -> TimmEncoder:
    """Build a network of timm with random weights.

    Args:
        options: As `TimmEncoder` keeps them.
        architecture: What the model is called.
        preprocessing: How pictures become its input.

    Returns:
        It, for the weights of a model folder.

    Raises:
        ValueError: timm cannot build it.
    """
    import timm

    architecture_of_timm, arguments = options["architecture"], dict(options["arguments"])
    if not timm.is_model(architecture_of_timm) or FILES & set(arguments):
        raise ValueError(f"timm has no network {architecture_of_timm}")
    body = _create(architecture_of_timm, arguments)
    return TimmEncoder(body, architecture=architecture, preprocessing=preprocessing, options=options)


def find_preprocessing(body: nn.Module) -> Preprocessing:
    """Translate timm's statement of preprocessing.

    Args:
        body: Its network, which keeps that of its weights.

    Raises:
        UnpoolError: its pictures are not square, or are resized in a way that is not known here.
    """
    import timm

    stated = timm.data.resolve_data_config({}, model=body)
    channels, height, width = stated["input_size"]
    if height != width or channels != 3:
        raise UnpoolError(
            f"the network takes pictures of {width} × {height} pixels and {channels} channels; only squares in colour "
            "are supported"
        )
    mean, std = tuple(map(float, stated["mean"])), tuple(map(float, stated["std"]))
    crop = CROPS[stated["crop_mode"]]
    # What a middle that is larger than the picture lacks is black, as with VOLO's weights.
    fill = tuple(round(255 * value) for value in mean) if crop == "pad" else (0, 0, 0)
    return Preprocessing(
        height, 3, mean, std, stated["interpolation"], crop, exact=True,
        crop_ratio=float(stated["crop_pct"]), fill=fill,
    )  # fmt: skip


def _encoder(body: nn.Module, name: str, architecture: str, options: Mapping[str, Any]) -> TimmEncoder:
    preprocessing = find_preprocessing(body)
    arguments = dict(options)
    if body.pretrained_cfg.get("fixed_input_size"):  # type: ignore[union-attr,operator]
        arguments.setdefault("img_size", preprocessing.size)
    shown = Path(name).resolve().name if is_timm_folder(Path(name)) else name
    built_with: dict[str, Any] = {"architecture": architecture, "arguments": arguments, "dimension": 0}
    encoder = TimmEncoder(body.eval(), architecture=shown, preprocessing=preprocessing, options=built_with)
    with torch.inference_mode():
        vector_1D = encoder.pool(torch.zeros(1, 3, preprocessing.size, preprocessing.size))
    if vector_1D.ndim != 2:
        seen = "×".join(str(number) for number in vector_1D.shape)
        raise UnpoolError(f"{name} gives {seen} numbers an image, not a vector; try another network")
    encoder.built_with["dimension"] = vector_1D.shape[1]
    return encoder


def _create(name: str, options: Mapping[str, Any]) -> nn.Module:
    """Build timm's network, without its classifier."""
    import timm

    body: nn.Module = timm.create_model(name, **{**options, "num_classes": 0})
    return body


def _read_folder(folder: Path) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Architecture, arguments and preprocessing of a folder, which may be a stranger's."""
    import timm
    from timm.models._hub import load_model_config_from_path

    try:
        config, architecture, options = load_model_config_from_path(folder)
        is_plain = not FILES & set(options)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnpoolError(f"{folder / CONFIG} is damaged ({error}); copy the folder again") from error
    if not timm.is_model(architecture) or not is_plain:
        raise UnpoolError(
            f"{folder / CONFIG} describes {architecture}, which is no network of timm's; update timm, or name another"
        )
    return architecture, options, config


def _fill(body: nn.Module, weights: Path, name: str) -> None:
    """Put the weights of a file into a network; its classifier is left out."""
    state, target = read_state(weights), body.state_dict()
    try:
        found = match_weights(state, target, str(weights), name)
    except UnpoolError as error:
        # Files of a network's authors may name their weights otherwise; timm knows how.
        rename = getattr(sys.modules[type(body).__module__], "checkpoint_filter_fn", None)
        try:
            renamed = state if rename is None else rename(dict(state), body)
            found = match_weights(renamed, target, str(weights), name)
        except Exception:
            reason = str(error).removesuffix(f"; {REMEDY}")
            raise UnpoolError(f"{reason}; give the file of this network with --weights") from error
    body.load_state_dict(found, strict=False)  # old files lack the counts of batches seen


def _check_tag(name: str) -> None:
    import timm

    architecture, _, tag = name.partition(".")
    tags = [known.partition(".")[2] for known in timm.list_pretrained(f"{architecture}.*")]
    if tag and tag not in tags:
        raise unknown_name(f"weights of {architecture}", tag, tags)


@contextmanager
def _explain(name: str) -> Iterator[None]:
    """Say in one line what is missing, and what to do."""
    try:
        yield
    except (UnpoolError, KeyboardInterrupt, MemoryError):
        raise
    except Exception as error:
        reason = shorten_reason(error)
        raise UnpoolError(
            f"the weights of {name} could not be fetched ({reason}); {_remedy(name)}, or name a mirror with HF_ENDPOINT"
        ) from error


def _remedy(name: str) -> str:
    """Which file is missing, and what to do with it."""
    import timm

    if name.startswith(HUB):
        place = name.removeprefix(HUB)
        return f"put {CONFIG} and {WEIGHTS[0]} of https://huggingface.co/{place} into a folder, and name that"
    config = timm.models.get_pretrained_cfg(name)
    file = place_on_hub(name) or (config.url if config else None)
    return (
        f"fetch {file} and give it with --weights FILE" if file else "give a file of them with --weights FILE"
    )
