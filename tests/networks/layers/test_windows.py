"""Sizes through windows are those that torch's layers give."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from unpool.networks.layers.windows import Window, pixels, window_of

LAYERS = [
    nn.Conv1d(1, 1, 5, stride=2, padding=3, dilation=2),
    nn.Conv2d(1, 1, (3, 5), stride=(2, 1), padding=(0, 2)),
    nn.Conv2d(1, 1, 3, padding="same"),
    nn.Conv2d(1, 1, 4, padding="valid"),
    nn.Conv3d(1, 1, 2, stride=2),
    nn.MaxPool1d(3, padding=1),
    nn.MaxPool2d((2, 3), stride=(1, 2)),
    nn.MaxPool3d(2),
    nn.AvgPool2d(3, stride=2, padding=1),
]


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_sizes_are_torchs(layer: nn.Module) -> None:
    window = window_of(layer)
    assert window is not None
    axes = len(window.kernel)
    for length in range(9, 15):
        size = (length, length + 2, length + 1)[:axes]
        assert window.output(size) == tuple(layer(torch.zeros(1, 1, *size)).shape[2:])


@settings(max_examples=200)
@given(
    st.integers(1, 6), st.integers(1, 4), st.integers(0, 3), st.integers(1, 3), st.integers(1, 40)
)  # fmt: skip
def test_the_smallest_input_is_the_smallest(
    kernel: int, stride: int, padding: int, dilation: int, size: int
) -> None:
    window = Window((kernel,), (stride,), (padding,), (dilation,))
    (smallest,) = window.smallest_input((size,))
    if smallest > 1:
        assert window.output((smallest,)) == (size,)
        assert window.output((smallest - 1,))[0] < size
    else:
        assert window.output((1,))[0] >= size


def test_other_modules_have_no_window() -> None:
    assert window_of(nn.ReLU()) is None
    assert window_of(nn.ConvTranspose2d(1, 1, 2)) is None
    assert Window((2,), (2,), (0,), (1,)).is_strided
    assert not Window((2,), (1,), (0,), (1,)).is_strided
    assert pixels((3,)) == "3"
