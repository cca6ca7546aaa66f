"""A function of the user's as an encoder.

H, W height and width of an image, B images at once, D numbers in a vector.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from unpool.errors import UnpoolError
from unpool.networks.encoders.functions import Function, describe_error

NOT_FINITE = "the vector holds numbers that are not finite"


class FunctionEncoder:
    """Images to vectors by a function, call by call.

    Where a call fails, each of its images is tried alone, so that only those fail that the function cannot take.

    Args:
        name: Of the function, for messages.
        function: A list of images (H, W, 3) uint8 → vectors (B, D).
        dimension: D; None until the first vector says it.
    """

    batch = None  # workers decode a few images each, and call

    def __init__(self, name: str, function: Function, dimension: int | None = None) -> None:
        self.name, self.dimension = name, dimension
        self._function, self._lock = function, threading.Lock()

    def __call__(self, pixels_BHWC: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
        """Embed images, (B, D) float32; `UnpoolError` where one fails."""
        found = self.embed_each(pixels_BHWC)
        if failed := [each for each in found if isinstance(each, str)]:
            raise UnpoolError(f"{failed[0]}; mend the function, or take another image")
        return np.stack([each for each in found if not isinstance(each, str)])

    def embed_each(self, images: Sequence[np.ndarray] | np.ndarray) -> list[np.ndarray | str]:
        """Embed images: a vector (D,) of each, or a reason."""
        with self._lock:
            try:
                return list(self._vectors(list(images)))
            except (Exception, SystemExit) as error:
                if len(images) == 1:
                    return [self._reason(error)]
            return [self._embed_alone(each) for each in images]

    def _embed_alone(self, image: np.ndarray) -> np.ndarray | str:
        try:
            vector_D: np.ndarray = self._vectors([image])[0]
            return vector_D
        except (Exception, SystemExit) as error:
            return self._reason(error)

    def _reason(self, error: BaseException) -> str:
        return (
            str(error)
            if isinstance(error, _WrongVectorsError)
            else f"{self.name} raised {describe_error(error)}"
        )

    def _vectors(self, images: list[np.ndarray]) -> np.ndarray:
        copies = [np.array(each) for each in images]  # which it may write to
        with contextlib.redirect_stdout(sys.stderr):  # standard output has the result of the command alone
            result: Any = self._function(copies)
        try:
            vectors_BD = np.asarray(result, np.float32)
        except (TypeError, ValueError) as error:
            raise _WrongVectorsError(
                f"{self.name} gave no array of numbers ({describe_error(error)})"
            ) from error
        expected = f"({len(images)}, {self.dimension or 'D'})"
        is_right = vectors_BD.ndim == 2 and len(vectors_BD) == len(images) and vectors_BD.shape[1] > 0
        if not is_right or self.dimension not in (None, vectors_BD.shape[1]):
            raise _WrongVectorsError(
                f"{self.name} gave an array of shape {vectors_BD.shape}, expected {expected}"
            )
        if not np.isfinite(vectors_BD).all():
            raise _WrongVectorsError(f"{self.name}: {NOT_FINITE}")
        self.dimension = vectors_BD.shape[1]
        return np.array(vectors_BD)


class _WrongVectorsError(Exception):
    """A function gave what are no vectors."""
