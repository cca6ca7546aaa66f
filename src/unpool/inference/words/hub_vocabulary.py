"""Tokenizers of two-tower models that bring their own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unpool.errors import UnpoolError, shorten_reason
from unpool.inference.words.tokens import CLEANINGS, TokenSettings
from unpool.training.model_file import TOKENIZER

CONFIGS = ("tokenizer_config.json", "special_tokens_map.json")  # the first says more


def copy_vocabulary(config: Mapping[str, Any], length: int, folder: Path | None, file: Path) -> TokenSettings:
    """Copy a model's own tokenizer.

    Args:
        config: OpenCLIP's `text_cfg`.
        length: Number of tokens of a text.
        folder: Where it lies; None for the hub.
        file: Where to write.

    Returns:
        What goes with it.

    Raises:
        UnpoolError: it cannot be had, or is of a kind that is not supported.
    """
    name = str(config["hf_tokenizer_name"])
    if config.get("tokenizer_mode"):
        raise UnpoolError(f"tokenizers of mode '{config['tokenizer_mode']}' are not supported")
    options = config.get("tokenizer_kwargs") or {}
    clean = str(options.get("clean", "whitespace"))
    if clean not in CLEANINGS:
        raise UnpoolError(f"texts cleaned by '{clean}' are not supported; known are {', '.join(CLEANINGS)}")
    source = _find(TOKENIZER, name, folder)
    if source is None:
        where = folder or "a folder with the model"
        raise UnpoolError(
            f"its tokenizer is not there: put {TOKENIZER} of {name} into {where}, and embed again"
        )
    shutil.copyfile(source, file)
    stated = _read_configs(name, folder)
    if stated.get("padding_side", "right") != "right":
        raise UnpoolError("texts that are filled up on the left are not supported")
    return TokenSettings(
        length, clean, pad=_number(stated, "pad_token", file, name) or 0,
        zeroed=_number(stated, "sep_token", file, name) if options.get("strip_sep_token") else None,
    )  # fmt: skip


def _find(file: str, name: str, folder: Path | None) -> Path | None:
    """The path of a file of the tokenizer; None where it has none."""
    if folder is not None:
        return folder / file if (folder / file).is_file() else None
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    from unpool.networks.weights import without_long_retries

    try:
        with without_long_retries():
            return Path(hf_hub_download(name, file))
    except EntryNotFoundError as error:
        if type(error).__name__ == "LocalEntryNotFoundError" and file == TOKENIZER:
            raise _unreachable(name, error) from error
        return None
    except Exception as error:  # of the network, in many classes
        if file == TOKENIZER:
            raise _unreachable(name, error) from error
        return None


def _unreachable(name: str, error: Exception) -> UnpoolError:
    return UnpoolError(
        f"its tokenizer could not be fetched ({shorten_reason(error)}): put {TOKENIZER} of "
        f"https://huggingface.co/{name} into a folder with the weights and open_clip_config.json, and name that, or "
        "name a mirror with HF_ENDPOINT"
    )


def _read_configs(name: str, folder: Path | None) -> dict[str, Any]:
    """What is stated beside the vocabulary."""
    stated: dict[str, Any] = {}
    for file in reversed(CONFIGS):
        path = _find(file, name, folder)
        try:
            stated |= json.loads(path.read_text("utf-8")) if path else {}
        except (OSError, ValueError) as error:
            raise UnpoolError(f"{path} is damaged ({error}); copy it again") from error
    return stated


def _number(stated: Mapping[str, Any], key: str, file: Path, name: str) -> int | None:
    """The number of a special token; None where there is none."""
    from tokenizers import Tokenizer

    token = stated.get(key)
    token = token.get("content") if isinstance(token, dict) else token
    if token is None:
        return None
    number: int | None = Tokenizer.from_file(str(file)).token_to_id(token)
    if number is None:
        raise UnpoolError(f"the tokenizer of {name} has no token {token!r}, its {key}; copy its files again")
    return number
