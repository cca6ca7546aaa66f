"""Rows of a resized image, and scores brought back: as for the whole at once."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from unpool.inference import scaling as module
from unpool.inference.scaling import read_scaled, scale_back
from unpool.inference.tiles import score_blocks, window_starts

SIZE = (90, 61)
BLURRED = Image.fromarray(np.random.default_rng(0).integers(0, 255, (14, 10, 3), dtype=np.uint8))
PIXELS = np.asarray(BLURRED.resize(SIZE[::-1], Image.Resampling.BICUBIC))
SIZES = [(27, 18), (45, 31), (81, 55), (153, 104), (4, 3), (1, 1)]


@pytest.mark.parametrize("seen", SIZES)
@pytest.mark.parametrize("rows", [1, 7, 200])
def test_rows_are_those_of_the_whole_image_resized(
    seen: tuple[int, int], rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = np.asarray(Image.fromarray(PIXELS).resize(seen[::-1], Image.Resampling.BILINEAR)).astype(int)
    largest: list[int] = []

    def read(top: int, bottom: int) -> np.ndarray:
        largest.append(bottom - top)
        return PIXELS[top:bottom]

    monkeypatch.setattr(module, "MAX_PIXELS_READ", 600)
    scaled = read_scaled(read, SIZE, seen)
    found = np.concatenate([scaled(top, min(top + rows, seen[0])) for top in range(0, seen[0], rows)])
    assert np.abs(found - whole).max() <= 1
    if seen[0] > 20:
        assert max(largest) < SIZE[0] / 2, "not the whole image at a time"


@pytest.mark.parametrize("seen", SIZES)
@pytest.mark.parametrize("tile", [16, 400])
@pytest.mark.parametrize("first", [0, 1])
def test_scores_come_back_as_interpolated_at_once(
    seen: tuple[int, int], tile: int, first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    tops = window_starts(seen[0], tile, 0.25)
    first = min(first, len(tops) - 1)
    scores = torch.rand(3, *seen, generator=torch.Generator().manual_seed(1))
    numbered = np.arange(seen[0] * seen[1]).reshape(*seen, 1)
    read = lambda top, bottom: numbered[top:bottom]  # noqa: E731
    score = lambda number: scores.flatten(1)[:, number[..., 0]].transpose(0, 1).numpy()  # noqa: E731
    monkeypatch.setattr(module, "MAX_SCORES", 3 * SIZE[1] * 4)
    blocks = score_blocks(*seen, read, score, tile=tile, overlap=0.25, first_row=first)
    expected = torch.nn.functional.interpolate(scores[None], size=SIZE, mode="bilinear")[0].numpy()
    pieces = list(scale_back(blocks, tops, SIZE, seen))
    done = pieces[0].top
    # Begun later, the first row of windows lacks what those above would add; its last pixel row is whole.
    whole_from = 0 if not first else tops[first] + tile - tops[first] // first
    for piece in pieces:
        assert piece.top == done
        rows = piece.scores_KRW.shape[1]
        assert rows <= 4
        if not first or (piece.top + 0.5) * seen[0] / SIZE[0] - 0.5 >= whole_from:
            np.testing.assert_allclose(piece.scores_KRW, expected[:, done : done + rows], atol=1e-4)
        done += rows
    assert done == SIZE[0]
    assert [piece.row for piece in pieces if piece.is_last] == sorted({piece.row for piece in pieces})
