"""Names of OpenCLIP's models, read without OpenCLIP."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from unpool.errors import UnpoolError

PREFIX = "open_clip:"
HUB, LOCAL = "hf-hub:", "local-dir:"  # OpenCLIP's own marks of where a model lies
CONFIG = "open_clip_config.json"
WEIGHTS = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
ENDINGS = (".safetensors", ".bin", ".pth")  # of files with weights
INSTALL = "pip install 'unpool[words]'"
EXAMPLE = "open_clip:ViT-B-32/laion2b_s34b_b79k"


@dataclass(frozen=True)
class OpenClipName:
    """What a name stands for.

    Args:
        text: As the user typed it.
        source: OpenCLIP's name of the model: an architecture, or a place with its mark.
        tag: The published weights of an architecture; None where they are named otherwise.
        folder: The local folder, where it is one.
    """

    text: str
    source: str
    tag: str | None = None
    folder: Path | None = None

    @property
    def architecture(self) -> str:
        """What models of it are called."""
        if self.folder is not None:
            return f"{PREFIX}{self.folder.resolve().name}"
        return self.text if self.text.startswith(PREFIX) else f"{PREFIX}{self.text}"


def is_open_clip(text: str) -> bool:
    """Whether a name is one of OpenCLIP's models.

    >>> is_open_clip("open_clip:ViT-B-32/openai"), is_open_clip("resnet18")
    (True, False)
    """
    return text.startswith(PREFIX) or (Path(text) / CONFIG).is_file()


def read_name(text: str) -> OpenClipName:
    """Read a name of a model.

    It is ARCHITECTURE/TAG, ARCHITECTURE, a folder, or a model on a hub.

    >>> read_name("open_clip:ViT-B-32/openai").tag
    'openai'
    >>> read_name("open_clip:hf-hub:timm/ViT-B-16-SigLIP").source
    'hf-hub:timm/ViT-B-16-SigLIP'
    """
    rest = text.removeprefix(PREFIX)
    path = rest.removeprefix(LOCAL)
    if rest.startswith(LOCAL) or (Path(path) / CONFIG).is_file():
        return OpenClipName(text, f"{LOCAL}{path}", folder=Path(path))
    if rest.startswith(HUB):
        return OpenClipName(text, rest)
    architecture, _, tag = rest.partition("/")
    return OpenClipName(text, architecture, tag or None)


def check_folder(folder: Path, weights: Path | None = None) -> None:
    """Check that a folder is a model of OpenCLIP.

    Args:
        folder: The folder.
        weights: A file with its weights, where they do not lie in it.

    Raises:
        UnpoolError: it is none, or damaged.
    """
    try:
        is_complete = "model_cfg" in json.loads((folder / CONFIG).read_text("utf-8"))
    except OSError as error:
        raise UnpoolError(
            f"{folder} is no model of OpenCLIP: it has no {CONFIG}; name a folder that has"
        ) from error
    except ValueError as error:
        raise UnpoolError(f"{folder / CONFIG} is damaged ({error}); copy the folder again") from error
    if not is_complete:
        raise UnpoolError(
            f"{folder / CONFIG} has no 'model_cfg', so it is of another program; copy the folder again"
        )
    if weights is None and not any(path.suffix in ENDINGS for path in folder.iterdir()):
        raise UnpoolError(
            f"{folder} holds no weights; put {' or '.join(WEIGHTS)} there, or give --weights FILE"
        )
