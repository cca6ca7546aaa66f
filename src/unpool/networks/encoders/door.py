"""Every kind of encoder that a user can name.

A kind is one entry of `ENCODERS`, in the order in which a name is tried. Names that none of them takes are those of
model folders, the catalogue and torchvision.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from unpool.core.file_identity import digest_files
from unpool.core.user_cache import kept_folder
from unpool.errors import UnpoolError
from unpool.inference.exports import as_file_name, digest_versions
from unpool.inference.model import save_pretrained_in_subprocess
from unpool.inference.vectors.timm_model import check_timm, digest_timm, keep_timm, write_timm
from unpool.inference.words.two_towers import (
    check_two_towers,
    digest_two_towers,
    keep_two_towers,
    write_two_towers,
)
from unpool.networks.encoders.function_encoder import FunctionEncoder
from unpool.networks.encoders.functions import (
    digest_function,
    find_entry_point,
    find_function,
    is_function_name,
)
from unpool.networks.encoders.onnx_file import (
    check_onnx_file,
    files_of_onnx,
    is_onnx_name,
    write_onnx_encoder,
)
from unpool.networks.encoders.open_clip_names import is_open_clip
from unpool.networks.encoders.timm_names import is_timm
from unpool.networks.preprocessing import Preprocessing
from unpool.training.foreign_model import write_foreign_model
from unpool.training.model_file import ONNX, has_model

MAX_SIDE = 2048  # pixels of the longer side of what a function gets
FUNCTION_PREPROCESSING = Preprocessing(MAX_SIDE, crop="none")


@dataclass(frozen=True)
class EncoderKind:
    """A kind of encoder.

    Args:
        name: Of the kind, as model.json says it.
        description: What a user types, in a few words.
        matches: Whether a name is of this kind; it reads no weights and runs no code.
        write: Writes a complete model folder of a name, with weights of a file where there is one.
        check: Raises `UnpoolError` before any work, where the name cannot be written.
        digest: What changes with the encoder behind a name; None where a name always means the same.
        keep: Returns a model folder of a name that is made once per user; None for functions, which only images
            show to work.
    """

    name: str
    description: str
    matches: Callable[[str], bool]
    write: Callable[[str, Path, Path | None], None]
    check: Callable[[str], None] = lambda name: None
    digest: Callable[[str], str] | None = None
    keep: Callable[[str], Path] | None = None


def find_encoder(name: str) -> EncoderKind | None:
    """Return the kind of encoder that a name stands for.

    None for a network by its name alone, and for model folders.

    >>> find_encoder("own.onnx").name, find_encoder("resnet18")
    ('onnx', None)
    """
    if has_model(Path(name)):
        return None
    return next((kind for kind in ENCODERS.values() if kind.matches(name)), None)


def function_of(name: str) -> str | None:
    """Return the `module:function` that a name stands for.

    None for other kinds.

    >>> function_of("colours:mean"), function_of("resnet18")
    ('colours:mean', None)
    """
    kind = find_encoder(name)
    if kind is None or kind.name not in ("function", "entry-point"):
        return None
    return name if kind.name == "function" else find_entry_point(name)


def prepare_function(function: str) -> tuple[FunctionEncoder, Preprocessing]:
    """Import a function that the user has typed.

    Returns:
        The encoder, of unknown dimension, and what its images are.

    Raises:
        UnpoolError: there is no such function.
    """
    return FunctionEncoder(function, find_function(function)), FUNCTION_PREPROCESSING


def keep_encoder(name: str, weights: Path) -> Path:
    """Return the model folder of a name with given weights.

    It is made once per user, before anything else changes.

    Args:
        name: Any that can be embedded by.
        weights: Its weights, as safetensors or a state dict.

    Raises:
        UnpoolError: the file cannot be read, or is another network's.
        UsageError: no network has this name.
    """
    kind = find_encoder(name)
    try:
        digest = digest_files(weights)
    except OSError as error:
        raise UnpoolError(
            f"the weights {weights} cannot be read ({error.strerror}); check the path"
        ) from error
    known = name if kind is None or kind.digest is None else kind.digest(name)
    entry = f"pretrained-{as_file_name(name)}-{digest_versions(name, known, digest)}"
    write = save_pretrained_in_subprocess if kind is None else kind.write
    return kept_folder(entry, lambda part: write(name, part, weights))


def _write_onnx(name: str, folder: Path, weights: Path | None) -> None:
    _check_no_weights(name, weights)
    written = write_onnx_encoder(name, folder)
    digest = digest_files(folder / ONNX)
    encoder = {**written.encoder, "source": _digest_onnx(name)}
    write_foreign_model(
        folder, written.network, written.preprocessing, written.dimension, digest=digest, encoder=encoder
    )


def _digest_onnx(name: str) -> str:
    """Of all files that decide what vectors are."""
    return digest_files(*files_of_onnx(name))


def _keep_onnx(name: str) -> Path:
    entry = f"pretrained-{as_file_name(name)}-{digest_versions('onnx', _digest_onnx(name))}"
    return kept_folder(entry, lambda part: _write_onnx(name, part, None))


def _write_function(name: str, folder: Path, weights: Path | None) -> None:
    _check_no_weights(name, weights)
    function = function_of(name) or name
    digest = digest_function(function)
    encoder = {"kind": "function", "function": function, "source": digest}
    write_foreign_model(folder, name, FUNCTION_PREPROCESSING, None, digest=digest, encoder=encoder)


def _check_function(name: str) -> None:
    find_function(function_of(name) or name)


def _check_no_weights(name: str, weights: Path | None) -> None:
    if weights is not None:
        raise UnpoolError(
            f"{name} brings its own weights, so that --weights {weights} has no use; leave it out"
        )


def _digest_named(name: str) -> str:
    return digest_function(function_of(name) or name)


def _is_entry_point(name: str) -> bool:
    return find_entry_point(name) is not None


# By name, in the order in which a name is tried.
ENCODERS: dict[str, EncoderKind] = {
    kind.name: kind
    for kind in (
        EncoderKind(
            "open_clip", "open_clip:ARCHITECTURE/TAG, or a folder as OpenCLIP writes it", is_open_clip,
            write_two_towers, check_two_towers, digest_two_towers, keep_two_towers,
        ),
        EncoderKind(
            "onnx", "FILE.onnx with its FILE.json", is_onnx_name, _write_onnx, check_onnx_file, _digest_onnx,
            _keep_onnx,
        ),
        EncoderKind(
            "function", "module:function, images to vectors", is_function_name, _write_function, _check_function,
            _digest_named,
        ),
        EncoderKind(
            "entry-point", "a name that an installed package offers", _is_entry_point, _write_function,
            _check_function, _digest_named,
        ),
        EncoderKind(
            "timm", "a name of timm, with or without the tag of its weights, or a folder as timm writes it", is_timm,
            write_timm, check_timm, digest_timm, keep_timm,
        ),
    )
}  # fmt: skip
