"""Models of OpenCLIP as model folders, with their text side."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unpool.core.calls.apart import call_apart
from unpool.core.file_identity import digest_files
from unpool.core.user_cache import is_kept, kept_folder
from unpool.errors import UnpoolError
from unpool.inference.encoder import export_encoder
from unpool.inference.exports import (
    Export,
    as_file_name,
    digest_versions,
    first_line,
    write_onnx,
)
from unpool.inference.model import copy_model
from unpool.inference.words.hub_vocabulary import copy_vocabulary
from unpool.inference.words.text import INPUT, OUTPUT, open_text
from unpool.inference.words.tokens import Tokenizer, TokenSettings
from unpool.inference.words.vocabulary import write_byte_pairs
from unpool.networks.encoders.agreement import MIN_COSINE, cosine
from unpool.networks.encoders.open_clip_names import CONFIG, ENDINGS, INSTALL, check_folder, read_name
from unpool.training.foreign_model import change_description
from unpool.training.model_file import ONNX, OPEN_CLIP, TEXT, TOKENIZER, save_model

if TYPE_CHECKING:
    from torch import nn

    from unpool.networks.encoders.open_clip_towers import TextTower, TwoTowers

CHECKED_TEXTS = (
    "a red shoe on grass", "", "A Photo Of THE Eiffel-Tower, 1889!!!", "it's we're I'VE they'll he'd don't 'S",
    "fish &amp; chips &lt;b&gt;", "cafÃ© naÃ¯ve — “quotes” … ½", "一双红色的鞋在草地上 犬と猫 고양이", "👟🏽 ❤️ emoji",
    "numbers 12345 3.14 ⅔ Ⅷ", "under_score e-mail@example.org C++ #1 $5", "word " * 100,
)  # fmt: skip
READERS = ("transformers", "tokenizers")  # packages that some text sides need
NUM_EXAMPLES = 3  # texts that the exporter sees


def check_two_towers(name: str) -> None:
    """Check that there is such a model; download its weights.

    Args:
        name: A model of OpenCLIP.

    Raises:
        UnpoolError: a package is missing, or the weights cannot be had.
        UsageError: OpenCLIP has no such model.
    """
    if find_spec("open_clip") is None:
        raise UnpoolError(f"{name} needs the package open_clip_torch, which is not installed; {INSTALL}")
    read = read_name(name)
    if read.folder is not None:
        check_folder(read.folder)
    elif not is_kept(entry_of(name)):
        call_apart(__name__, "fetch", name, is_shown=True)


def digest_two_towers(name: str) -> str:
    """Return what changes with the model behind a name.

    Published weights never change.
    """
    folder = read_name(name).folder
    if folder is None:
        return name
    return digest_files(
        *(path for path in sorted(folder.iterdir()) if path.name == CONFIG or path.suffix in ENDINGS)
    )


def write_two_towers(name: str, folder: Path, weights: Path | None = None) -> None:
    """Write a model folder that embeds images and texts.

    What is downloaded is converted once per user.

    Args:
        name: A model of OpenCLIP.
        folder: Where to write.
        weights: A file with its weights; None for those that the name stands for.

    Raises:
        UnpoolError: a package is missing, or the weights cannot be had, or are another model's.
        UsageError: OpenCLIP has no such model.
    """
    if weights is not None or read_name(name).folder is not None:
        call_apart(__name__, "convert", name, folder, weights)
        return
    copy_model(keep_two_towers(name), folder)


def keep_two_towers(name: str) -> Path:
    """Return the model folder of a name.

    It is made once per user.

    Args:
        name: A model of OpenCLIP.

    Raises:
        UnpoolError: the weights cannot be had, or the folder is damaged.
        UsageError: OpenCLIP has no such model.
    """
    return kept_folder(entry_of(name), partial(call_apart, __name__, "convert", name))


def entry_of(name: str) -> str:
    """Name the folder of the cache that keeps a network.

    A text side that could not be had is tried again once a package or a file was added.
    """
    folder = read_name(name).folder
    files = [] if folder is None else [path for path in sorted(folder.rglob("*")) if path.is_file()]
    parts = [digest_two_towers(name), version("open_clip_torch"), *map(_version_of, READERS)]
    digest = digest_versions(*parts, *([digest_files(*files)] if files else []))
    return f"pretrained-{as_file_name(name)}-{digest}"


def _version_of(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"no {package}"


def fetch(name: str) -> None:
    """Download weights; called in another process."""
    from unpool.networks.encoders.open_clip_towers import fetch_weights

    fetch_weights(read_name(name))


def convert(name: str, folder_name: str, weights: str | None = None) -> None:
    """Write a model folder; called in another process.

    Where its text side cannot be had, a note says why.

    Args:
        name: A model of OpenCLIP.
        folder_name: Where to write.
        weights: A file with its weights.
    """
    from unpool.networks.encoders.open_clip_towers import load_towers

    folder = Path(folder_name)
    towers = load_towers(read_name(name), None if weights is None else Path(weights))
    save_model(folder, towers.images)
    with contextlib.suppress(UnpoolError):  # then torch embeds
        export_encoder(towers.images, folder / ONNX)
    encoder: dict[str, Any] = {"kind": OPEN_CLIP, "name": name, "source": digest_two_towers(name)}
    words: dict[str, Any] = {}
    try:
        words["text"] = _write_text_side(towers, folder)
    except Exception as error:  # whatever it is, images are embedded all the same
        for file in (TEXT, TOKENIZER):
            (folder / file).unlink(missing_ok=True)
        encoder["notes"] = [f"words cannot be searched: {first_line(error)}"]
    change_description(folder, encoder=encoder, **words)


def _write_text_side(towers: TwoTowers, folder: Path) -> dict[str, Any]:
    """Write tokenizer and text.onnx; returns what model.json says of them."""
    settings = _write_tokenizer(towers, folder)
    settings = _export_text(towers, settings, folder)
    return {
        "tokens": settings.to_dict(), "scale": towers.scale, "bias": towers.bias,
        "weights": digest_files(folder / TEXT),
    }  # fmt: skip


def _write_tokenizer(towers: TwoTowers, folder: Path) -> TokenSettings:
    """Write tokenizer.json, and check that it gives the tokens of OpenCLIP."""
    import open_clip

    config = towers.text_config
    length = config.get("context_length", open_clip.tokenizer.DEFAULT_CONTEXT_LENGTH)
    if config.get("hf_tokenizer_name"):
        return copy_vocabulary(config, length, towers.folder, folder / TOKENIZER)
    try:
        source = open_clip.get_tokenizer(towers.source)
    except Exception as error:  # such as one that only another library can read
        raise UnpoolError(f"its tokenizer cannot be built ({first_line(error)})") from error
    if not isinstance(source, open_clip.SimpleTokenizer):
        raise UnpoolError(f"its tokenizer is a {type(source).__name__}, which is not supported")
    options = config.get("tokenizer_kwargs") or {}
    settings = TokenSettings(length, options.get("clean", "lower"))
    write_byte_pairs(source, folder / TOKENIZER)
    source.reduction_fn = None  # what training left out at random of long texts is their end here
    expected_KL = source(list(CHECKED_TEXTS)).numpy()
    if (Tokenizer(folder / TOKENIZER, settings)(CHECKED_TEXTS) != expected_KL).any():
        raise UnpoolError("its tokens are not those of OpenCLIP; report the model's name as a bug of unpool")
    return settings


def _export_text(towers: TwoTowers, settings: TokenSettings, folder: Path) -> TokenSettings:
    """Write text.onnx, that takes short texts as they are where the model allows it."""
    from unpool.networks.encoders.open_clip_towers import TextTower, takes_short

    tokens_KL = Tokenizer(folder / TOKENIZER, settings)(CHECKED_TEXTS)
    tower = TextTower(towers.model, is_short=False).eval()
    expected_KD = _embed_tokens(tower, tokens_KL)
    structure = repr((towers.config, settings))
    if takes_short(towers.model) and settings.length > NUM_EXAMPLES:
        short = replace(settings, is_short=True)
        with contextlib.suppress(UnpoolError):
            _write_onnx(TextTower(towers.model, is_short=True).eval(), short, expected_KD, folder, structure)
            return short
    _write_onnx(tower, settings, expected_KD, folder, structure)
    return settings


def _write_onnx(
    tower: TextTower, settings: TokenSettings, expected_KD: np.ndarray, folder: Path, structure: str
) -> None:
    import torch

    tokens_KL = Tokenizer(folder / TOKENIZER, settings)(CHECKED_TEXTS[:NUM_EXAMPLES])
    shapes = {0: torch.export.Dim("batch")}
    if settings.is_short:
        shapes[1] = torch.export.Dim("tokens", min=2, max=settings.length)
    export = Export(tower, torch.from_numpy(tokens_KL), INPUT, OUTPUT, shapes, structure)

    def check(file: Path) -> None:
        encoder = open_text(file, Tokenizer(folder / TOKENIZER, settings), dimension=expected_KD.shape[1])
        agreement = cosine(encoder.embed(CHECKED_TEXTS), expected_KD)
        if not agreement >= MIN_COSINE:
            raise UnpoolError(
                f"the export of its text side disagrees with torch (cosine {agreement:.6f}, at least {MIN_COSINE})"
            )

    write_onnx(export, folder / TEXT, check)


def _embed_tokens(tower: nn.Module, tokens_KL: np.ndarray) -> np.ndarray:
    import torch

    with torch.inference_mode():
        vectors_KD: np.ndarray = tower(torch.from_numpy(tokens_KL)).numpy()
    return vectors_KD
