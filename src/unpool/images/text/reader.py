"""Text in pictures, read by RapidOCR on the CPU.

Its wheel holds the weights, for English, Chinese and Japanese among others: nothing is fetched.

Source: https://github.com/RapidAI/RapidOCR, networks of https://github.com/PaddlePaddle/PaddleOCR

Shapes: H, W height and width.
"""

from __future__ import annotations

import unicodedata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from unpool.errors import UnpoolError
from unpool.images.text.lines import Found, join_lines
from unpool.images.text.pieces import cut_pieces

if TYPE_CHECKING:
    from collections.abc import Sequence

MIN_CONFIDENCE = 0.5  # of a piece of text, 0 to 1; RapidOCR's own
# Families of the files in the wheel, by the part of RapidOCR that they belong to; its versions change.
WEIGHTS = {"Det": "*_det_*.onnx", "Cls": "*_cls_*.onnx", "Rec": "*_rec_*.onnx"}


class TextEngine(Protocol):
    """What finds and reads text: RapidOCR, or a stand-in."""

    def __call__(self, image: np.ndarray) -> EngineOutput:
        """Read a picture (H, W, 3) uint8 BGR."""


class EngineOutput(Protocol):
    """What an engine has found.

    Texts, and the corners (4, 2) of their boxes.
    """

    txts: Sequence[str] | None
    boxes: np.ndarray | None


class TextReader:
    """Reads the text in pictures, one after the other.

    A thread of its own needs a reader of its own.

    Args:
        engine: What reads; None opens RapidOCR.
    """

    def __init__(self, engine: TextEngine | None = None) -> None:
        self._engine = engine or open_engine()

    def __call__(self, pixels: np.ndarray) -> str:
        """Read a picture.

        Args:
            pixels: (H, W, 3) uint8 RGB, upright.

        Returns:
            Its text, a line for each line of the picture; empty where there is none.
        """
        parts = [self._read(piece) for piece in cut_pieces(pixels)]
        return "\n".join(part for part in parts if part)

    def _read(self, pixels: np.ndarray) -> str:
        output = self._engine(np.ascontiguousarray(pixels[..., ::-1]))
        if output.txts is None or output.boxes is None:
            return ""
        pairs = ((_clean(text), box) for text, box in zip(output.txts, output.boxes, strict=True))
        return join_lines(
            Found(text, *np.min(box, 0).tolist(), *np.max(box, 0).tolist()) for text, box in pairs if text
        )


def check_installed() -> None:
    """Check that text can be read here. Raises `UnpoolError` where it cannot."""
    if find_spec("rapidocr") is None:
        raise UnpoolError('text in images needs RapidOCR; install it with: pip install "unpool[ocr]"')
    find_weights()


def find_weights() -> dict[str, Path]:
    """Find the weights that came with RapidOCR.

    Returns:
        The file of each part.

    Raises:
        UnpoolError: One is missing; RapidOCR itself would fetch it.
    """
    spec = find_spec("rapidocr")
    folder = Path(str(spec.origin if spec else "")).parent / "models"
    found = {part: sorted(folder.glob(pattern)) for part, pattern in WEIGHTS.items()}
    missing = [pattern for part, pattern in WEIGHTS.items() if not found[part]]
    if missing:
        raise UnpoolError(
            f"RapidOCR's weights {', '.join(missing)} are missing in {folder}; "
            "install it anew: pip install --force-reinstall --no-deps rapidocr"
        )
    return {part: files[-1] for part, files in found.items()}


def open_engine() -> TextEngine:
    """Open RapidOCR with one thread. Raises `UnpoolError` where it is not installed."""
    check_installed()
    import cv2
    from rapidocr import RapidOCR

    cv2.setNumThreads(1)  # each worker is a thread already
    threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
    weights = {f"{part}.model_path": str(file) for part, file in find_weights().items()}
    parameters = {"Global.log_level": "critical", "Global.text_score": MIN_CONFIDENCE}
    engine: TextEngine = RapidOCR(params=parameters | threads | weights)
    return engine


def _clean(text: str) -> str:
    """One line without signs that no text has."""
    kept = (" " if unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp") else sign for sign in text)
    return " ".join("".join(kept).split())
