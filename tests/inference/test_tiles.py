"""Windows: every pixel once, the same as untiled where the context is the same, no seam, resumed exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unpool.errors import UsageError
from unpool.inference.tiles import raised_cosine, score_blocks, window_starts


def pointwise(pixels_BHW3: np.ndarray) -> np.ndarray:
    """Scores that depend on the pixel alone."""
    return pixels_BHW3.transpose(0, 3, 1, 2).astype(np.float32)


def averaging(reach: int):
    """Scores that see `reach` pixels around, and zeros beyond the window: a network's context."""

    def score(pixels_BHW3: np.ndarray) -> np.ndarray:
        x = pointwise(pixels_BHW3)
        padded = np.pad(x, ((0, 0), (0, 0), (reach, reach), (reach, reach)))
        size = 2 * reach + 1
        shifted = [
            padded[:, :, dy : dy + x.shape[2], dx : dx + x.shape[3]]
            for dy in range(size)
            for dx in range(size)
        ]
        return np.mean(shifted, axis=0, dtype=np.float32)

    return score


def tiled(pixels: np.ndarray, score, first_row: int = 0, **windows) -> np.ndarray:
    height, width = pixels.shape[:2]
    out = np.full((3, height, width), np.nan, np.float32)
    read = lambda top, bottom: pixels[top:bottom]  # noqa: E731
    for block in score_blocks(height, width, read, score, first_row=first_row, **windows):
        rows, columns = block.scores_KRC.shape[1:]
        place = out[:, block.top : block.top + rows, block.left : block.left + columns]
        assert np.isnan(place).all()  # no pixel is given out twice
        place[:] = block.scores_KRC
    return out


@given(
    st.integers(1, 90), st.integers(1, 90), st.integers(8, 40), st.floats(0, 0.8), st.integers(1, 4),
    st.sampled_from([1, 3]), st.integers(0, 2**31),
)  # fmt: skip
def test_every_pixel_is_given_out_once_and_right(
    height: int, width: int, tile: int, overlap: float, batch: int, workers: int, seed: int
) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    found = tiled(pixels, pointwise, tile=tile, overlap=overlap, batch=batch, workers=workers)
    assert np.allclose(found, pointwise(pixels[None])[0], atol=1e-3)


@given(st.integers(1, 5000), st.integers(8, 600), st.floats(0, 0.9))
def test_windows_cover_all_and_overlap_as_asked(length: int, tile: int, overlap: float) -> None:
    starts = window_starts(length, tile, overlap)
    assert starts[0] == 0
    if length <= tile:
        assert starts == [0]
        return
    assert starts[-1] + tile == length
    steps = np.diff(starts)
    assert (steps > 0).all()
    assert steps.max() <= max(1, np.floor(tile * (1 - overlap))) + 1  # rounding


def test_tiled_equals_untiled_where_the_windows_see_the_same() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    score = averaging(3)
    whole, found = score(pixels[None])[0], tiled(pixels, score, tile=64, overlap=0.25)
    lines = {start + edge for start in window_starts(200, 64, 0.25) for edge in (0, 64)} - {0, 200}
    near = np.zeros(200, bool)
    for line in lines:
        near[line - 3 : line + 3] = True
    same = ~near[:, None] & ~near[None, :]
    assert np.allclose(found[:, same], whole[:, same], atol=1e-3)
    assert not np.allclose(found, whole, atol=1e-3)  # near the windows' borders the context does differ


def test_no_seam_shows_on_a_smooth_image() -> None:
    """Where windows end, neighbouring pixels differ no more than elsewhere; without weights they would."""
    ramp = np.linspace(60, 200, 256)
    pixels = np.repeat(np.round((ramp[:, None] + ramp[None, :]) / 2)[..., None], 3, axis=2).astype(np.uint8)

    def biased(pixels_BHW3: np.ndarray) -> np.ndarray:
        # Each window has an opinion of its own, as networks do that see other context.
        x = averaging(5)(pixels_BHW3)
        return x + 10 * np.sin(x.mean(axis=(1, 2, 3), keepdims=True))

    found = tiled(pixels, biased, tile=64, overlap=0.25)[0]
    inside = found[8:-8, 8:-8]
    steps = np.abs(np.diff(inside, axis=1))
    assert steps.max() < 3.0
    plain = np.zeros_like(found)
    for top in range(0, 256, 64):
        for left in range(0, 256, 64):
            plain[top : top + 64, left : left + 64] = biased(pixels[None, top : top + 64, left : left + 64])[
                0, 0
            ]
    assert np.abs(np.diff(plain[8:-8, 8:-8], axis=1)).max() > 8.0


@pytest.mark.parametrize("overlap", [0.1, 0.25, 0.6])
def test_gone_on_with_from_a_row_of_windows_the_rest_is_the_same(overlap: float) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (300, 90, 3), dtype=np.uint8)
    whole = tiled(pixels, averaging(2), tile=50, overlap=overlap)
    tops = window_starts(300, 50, overlap)
    again = 4
    first = next(row for row in range(again + 1) if tops[row] + 50 > tops[again])
    rest = tiled(pixels, averaging(2), first_row=first, tile=50, overlap=overlap)
    assert np.allclose(rest[:, tops[again] :], whole[:, tops[again] :], atol=1e-3)


def test_memory_does_not_grow_with_the_height() -> None:
    import tracemalloc

    def peak(height: int) -> int:
        read = lambda top, bottom: np.zeros((bottom - top, 128, 3), np.uint8)  # noqa: E731
        tracemalloc.start()
        for _ in score_blocks(height, 128, read, pointwise, tile=64):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(6400) < 1.2 * peak(640)


def test_weights_fall_to_nothing_at_the_ends_and_are_never_zero() -> None:
    weight = raised_cosine(64)
    assert weight.min() > 0
    assert weight[0] < 0.01
    assert weight[32] > 0.99
    assert np.allclose(weight, weight[::-1], atol=1e-6)
    with pytest.raises(UsageError, match="--overlap is 1"):
        window_starts(100, 10, 1)


def test_windows_are_scored_in_batches_and_counted() -> None:
    counts, shapes = [], []

    def score(pixels_BHW3: np.ndarray) -> np.ndarray:
        shapes.append(pixels_BHW3.shape)
        return pointwise(pixels_BHW3)

    pixels = np.zeros((12, 50, 3), np.uint8)
    tiled(pixels, score, tile=10, overlap=0, batch=3, on_progress=counts.append)
    assert window_starts(12, 10, 0) == [0, 2]
    assert counts == [3, 2, 3, 2]
    assert shapes == [(count, 10, 10, 3) for count in counts]


def test_bounds_of_a_side_and_of_the_overlap() -> None:
    assert window_starts(40, 40, 0) == [0]
    assert window_starts(41, 40, 0.99) == [0, 1]
    assert window_starts(4, 1, 0.9) == [0, 1, 2, 3], "a step of one pixel at least"
    with pytest.raises(UsageError, match=r"--overlap is -0\.1"):
        window_starts(100, 10, -0.1)
