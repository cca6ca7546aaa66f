"""Runtimes of tests that score windows one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from unpool.inference.tiles import Scorer


class PlainScoring:
    """What a runtime needs besides its call."""

    def __call__(self, pixels_BHW3: np.ndarray) -> torch.Tensor:
        raise NotImplementedError

    @contextmanager
    def scoring(self, num_windows: int, side: int) -> Iterator[tuple[Scorer, int]]:
        yield (lambda pixels_BHW3: self(pixels_BHW3).numpy()), 1
