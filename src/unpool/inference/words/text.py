"""The text side of a two-tower model, on ONNX Runtime.

Words and images lie in one space of vectors: a text finds the images that it fits.

K texts, D numbers in a vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unpool.core.cpu import usable_cores
from unpool.errors import UnpoolError
from unpool.inference.encoder import open_session
from unpool.inference.words.tokens import Tokenizer, TokenSettings
from unpool.store.spaces.paths import known_space, outer_workspace, space_folder, spaces_of
from unpool.store.state import MODEL
from unpool.training.model_file import JSON, TEXT, TOKENIZER, describe_model, model_id

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

INPUT, OUTPUT = "tokens", "vector"
BATCH = 64  # texts that are embedded at a time
EXAMPLE = "open_clip:ViT-B-32/laion2b_s34b_b79k"


class TextEncoder:
    """Texts → unit vectors, in the space of the images' vectors.

    Args:
        session: The exported text side.
        tokenizer: Texts to its input.
        id: A name that changes with the weights.
        scale: What the model multiplies cosines by before a softmax over texts.
        bias: What it then adds before a sigmoid; None for a model that has none.
        dimension: Length of a vector.
    """

    def __init__(
        self,
        session: InferenceSession,
        tokenizer: Tokenizer,
        *,
        id: str,  # noqa: A002
        scale: float,
        bias: float | None,
        dimension: int,
    ) -> None:
        self._session, self._tokenizer = session, tokenizer
        self.id, self.scale, self.bias, self.dimension = id, scale, bias, dimension

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return a vector of length 1 for each text, (K, D) float32."""
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for start in range(0, len(texts), BATCH):
            tokens_KL = self._tokenizer(texts[start : start + BATCH])
            vectors[start : start + BATCH] = self._session.run([OUTPUT], {INPUT: tokens_KL})[0]
        return vectors

    def find_cut(self, texts: Sequence[str]) -> list[int]:
        """Return the positions of texts whose end is not read."""
        return self._tokenizer.find_cut(texts)


def has_text(folder: Path) -> bool:
    """Return whether a model has a text side.

    Args:
        folder: A model folder, or a workspace or space that has one.
    """
    model = _model_folder(folder)
    if not (model / TEXT).is_file():
        return False
    try:
        return bool(describe_model(model).get("text"))
    except UnpoolError:  # whoever loads it gets the reason
        return False


def load_text(folder: Path) -> TextEncoder:
    """Open the text side of a model.

    Args:
        folder: A model folder, or a workspace or space that has one.

    Returns:
        The encoder, on all cores of this process.

    Raises:
        UnpoolError: it has no text side, is damaged, or a library is missing.
    """
    model = _model_folder(folder)
    described = describe_model(model)
    stored = described.get("text")
    if not stored or not (model / TEXT).is_file():
        raise UnpoolError(f"{model} holds {described['network']}, which has no text side; {_remedy()}")
    try:
        settings = TokenSettings.from_dict(stored["tokens"])
        scale, bias, digest = float(stored["scale"]), stored["bias"], str(stored["weights"])
    except (KeyError, TypeError, ValueError) as error:
        raise UnpoolError(f"{model / JSON} describes no text side ({error}); embed again") from error
    return open_text(
        model / TEXT, Tokenizer(model / TOKENIZER, settings), dimension=described["dimension"],
        id=f"{model_id(model)}-{digest[:10]}", scale=scale, bias=bias, threads=usable_cores(),
    )  # fmt: skip


def open_text(
    file: Path,
    tokenizer: Tokenizer,
    *,
    dimension: int,
    id: str = "",  # noqa: A002
    scale: float = 1.0,
    bias: float | None = None,
    threads: int = 1,
) -> TextEncoder:
    """Open an exported text side.

    Args:
        file: The ONNX file.
        tokenizer: Texts to its input.
        dimension: Length of a vector.
        id: As for `TextEncoder`, and so are the next two.
        scale: See there.
        bias: See there.
        threads: Of one run.

    Returns:
        The encoder.

    Raises:
        UnpoolError: the file cannot be read.
    """
    session = open_session(file, threads, "text encoder")
    return TextEncoder(session, tokenizer, id=id, scale=scale, bias=bias, dimension=dimension)


def find_text_space(work: Path, space: str | None) -> Path:
    """Find the vectors that words can search.

    Args:
        work: The workspace, or a space of it.
        space: The space to use; None for the vectors of `work`, or else the only space with a text side.

    Returns:
        The folder of the workspace or of the space.

    Raises:
        UnpoolError: it has no text side, or several have one.
        UsageError: there is no such space.
    """
    outer = outer_workspace(work)
    if space is not None:
        folder = known_space(outer, space)
        if has_text(folder):
            return folder
        raise UnpoolError(f"the vectors of space '{space}' in {outer} have no text side; {_remedy(outer)}")
    if has_text(work):
        return work
    every = [space_folder(outer, name) for name in spaces_of(work)]
    folders = [folder for folder in every if has_text(folder)]
    if len(folders) == 1:
        return folders[0]
    if not folders:
        raise UnpoolError(f"the vectors of {work} have no text side; {_remedy(outer)}")
    names = ", ".join(folder.name for folder in folders)
    raise UnpoolError(f"several spaces of {work} have a text side: {names}; name one with --space")


def _model_folder(folder: Path) -> Path:
    return folder if (folder / JSON).is_file() else folder / MODEL


def _remedy(work: Path | None = None) -> str:
    """How to get a text side."""
    place = "WORK" if work is None else work
    return (
        f"embed with a model that has one: unpool embed FOLDER --work {place} --space words --model {EXAMPLE}"
    )
