"""Pooling that remembers: the published golden case, NumPy by hand, and properties."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from unpool.errors import UnpoolError
from unpool.networks.layers.pooling import Pool, Pools, Unpool, leaves, remember, shrinks
from unpool.networks.layers.windows import Window, window_of

TWO_BY_TWO = Window((2, 2), (2, 2), (0, 0), (1, 1))
GOLDEN = torch.tensor([[1.0, 2, 8, 7], [3, 4, 6, 5], [9, 10, 16, 15], [13, 14, 12, 11]]).reshape(1, 1, 4, 4)


def test_golden_case_pooled_and_put_back() -> None:
    y_BCn, pools = remember(nn.MaxPool2d(2), GOLDEN)
    assert y_BCn.tolist() == [[[[4, 8], [14, 16]]]]
    assert pools[0].indices is not None
    assert pools[0].indices.tolist() == [[[[5, 2], [13, 10]]]]
    expected = torch.zeros(4, 4)
    expected[0, 2], expected[1, 1], expected[2, 2], expected[3, 1] = 8, 4, 16, 14
    assert torch.equal(Unpool(TWO_BY_TWO)(y_BCn, pools[0])[0, 0], expected)


def numpy_unpool(x_HW: np.ndarray, kernel: int, stride: int) -> np.ndarray:
    """Keep each window's first maximum where it stands, zero the rest."""
    out_HW = np.zeros_like(x_HW)
    for top in range(0, x_HW.shape[0] - kernel + 1, stride):
        for left in range(0, x_HW.shape[1] - kernel + 1, stride):
            window = x_HW[top : top + kernel, left : left + kernel]
            row, column = np.unravel_index(window.argmax(), window.shape)
            out_HW[top + row, left + column] = window[row, column]
    return out_HW


@settings(max_examples=60)
@given(
    height=st.integers(3, 13),
    width=st.integers(3, 13),
    kernel=st.integers(1, 3),
    stride=st.integers(1, 3),
    seed=st.integers(0, 9),
)
def test_unpooling_agrees_with_numpy_for_every_size(height, width, kernel, stride, seed) -> None:
    x_BCHW = torch.rand(1, 2, height, width, generator=torch.Generator().manual_seed(seed))
    pool = nn.MaxPool2d(kernel, stride)
    y_BCn, pools = remember(pool, x_BCHW)
    window = window_of(pool)
    assert window is not None
    back_BCHW = Unpool(window)(y_BCn, pools[0])
    for channel in range(2):
        expected = numpy_unpool(x_BCHW[0, channel].numpy(), kernel, stride)
        np.testing.assert_array_equal(back_BCHW[0, channel].numpy(), expected)


@settings(max_examples=60)
@given(size=st.integers(3, 20), kernel=st.integers(1, 4), stride=st.integers(1, 4), padding=st.integers(0, 2))
def test_fixed_positions_lie_in_their_own_windows(size, kernel, stride, padding) -> None:
    padding = min(padding, (kernel - 1) // 2)
    pool = nn.MaxPool1d(kernel, stride, padding)
    length = pool(torch.zeros(1, 1, size)).shape[2] if size + 2 * padding >= kernel else 0
    if length == 0:
        return
    window = window_of(pool)
    assert window is not None
    y_BCL = torch.arange(1.0, length + 1).reshape(1, 1, -1)
    back_BCL = Unpool(window)(y_BCL, Pool((size,)))
    assert back_BCL.shape == (1, 1, size)
    places = back_BCL[0, 0].nonzero().flatten().tolist()
    assert len(places) == length
    for number, place in enumerate(places):
        start = number * stride - padding
        assert start <= place < start + kernel
        assert back_BCL[0, 0, place] == number + 1


def test_fixed_positions_are_the_middle() -> None:
    y_BCn = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    assert Unpool(TWO_BY_TWO)(y_BCn, Pool((4, 4)))[0, 0].tolist() == [
        [1, 0, 2, 0],
        [0, 0, 0, 0],
        [3, 0, 4, 0],
        [0, 0, 0, 0],
    ]
    three = Window((3,), (3,), (1,), (1,))
    assert Unpool(three)(torch.tensor([[[1.0, 2.0]]]), Pool((5,)))[0, 0].tolist() == [1, 0, 0, 2, 0]


def test_fixed_positions_stay_inside_the_image() -> None:
    padded = Window((2,), (2,), (1,), (1,))
    y_BCL = torch.tensor([[[1.0, 2.0, 3.0]]])
    assert Unpool(padded)(y_BCL, Pool((4,)))[0, 0].tolist() == [1, 2, 0, 3]


def test_unpooling_has_a_right_gradient() -> None:
    x_BCHW = torch.rand(1, 2, 5, 6, dtype=torch.float64)
    y_BCn, pools = remember(nn.MaxPool2d(2), x_BCHW)
    y_BCn.requires_grad_()
    assert torch.autograd.gradcheck(lambda y: Unpool(TWO_BY_TWO)(y, pools[0]), y_BCn)


@pytest.mark.parametrize("shape", [(7,), (7, 6), (5, 6, 7)])
def test_deterministic_algorithms_give_the_same(shape) -> None:
    pool = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}[len(shape)](2)
    y_BCn, pools = remember(pool, torch.rand(2, 3, *shape))
    window = window_of(pool)
    assert window is not None
    usual = Unpool(window)(y_BCn, pools[0])
    torch.use_deterministic_algorithms(True)
    try:
        assert torch.equal(Unpool(window)(y_BCn, pools[0]), usual)
    finally:
        torch.use_deterministic_algorithms(False)


def test_three_dimensions_too() -> None:
    x_BCDHW = torch.rand(1, 2, 5, 4, 7)
    y_BCn, pools = remember(nn.MaxPool3d(2), x_BCDHW)
    window = window_of(nn.MaxPool3d(2))
    assert window is not None
    back_BCDHW = Unpool(window)(y_BCn, pools[0])
    assert torch.equal(nn.MaxPool3d(2)(back_BCDHW), y_BCn)
    assert int((back_BCDHW != 0).sum()) == y_BCn.numel()


def test_pools_of_other_images_are_refused() -> None:
    _, pools = remember(nn.MaxPool2d(2), torch.rand(3, 1, 4, 4))
    with pytest.raises(UnpoolError, match=r"indices are 3×1×2×2, the values 1×1×2×2; pass the pools"):
        Unpool(TWO_BY_TWO)(torch.rand(1, 1, 2, 2), pools[0])


def test_remembering_alters_nothing_and_runs_hooks() -> None:
    pool = nn.MaxPool2d(2)
    seen: list[str] = []
    pool.register_forward_hook(lambda *_: seen.append("ran"))
    before = dict(vars(pool))
    remember(nn.Sequential(pool), GOLDEN)
    assert pool.return_indices is False
    assert vars(pool) == before
    assert seen == ["ran"]


def test_one_pool_for_each_layer_that_shrinks() -> None:
    encoder = nn.Sequential(
        nn.Conv2d(1, 2, 3, stride=2, padding=1), nn.Conv2d(2, 2, 3), nn.MaxPool2d(2), nn.AvgPool2d(2)
    )
    assert [shrinks(leaf) for _, leaf in leaves(encoder)] == [True, False, True, True]
    _, pools = remember(encoder, torch.rand(1, 1, 29, 31))
    assert pools.size == (29, 31)
    assert [pool.size for pool in pools] == [(29, 31), (13, 14), (6, 7)]
    assert [pool.indices is None for pool in pools] == [True, False, True]


def test_a_module_that_stands_twice_runs_twice() -> None:
    relu = nn.ReLU()
    assert len(list(leaves(nn.Sequential(relu, nn.Conv2d(1, 1, 1), relu)))) == 3


@settings(max_examples=80)
@given(
    size=st.integers(1, 40),
    kernel=st.integers(1, 5),
    stride=st.integers(1, 4),
    padding=st.integers(0, 2),
    dilation=st.integers(1, 2),
)
def test_window_arithmetic_is_torchs(size, kernel, stride, padding, dilation) -> None:
    conv = nn.Conv1d(1, 1, kernel, stride, padding, dilation)
    window = window_of(conv)
    assert window is not None
    if size + 2 * padding < dilation * (kernel - 1) + 1:
        assert window.output((size,))[0] < 1
        return
    output = tuple(conv(torch.zeros(1, 1, size)).shape[2:])
    assert window.output((size,)) == output
    smallest = window.smallest_input(output)
    assert smallest <= (size,)
    assert window.output(smallest) == output or smallest == (1,)


def test_pools_are_a_sequence_of_what_each_layer_kept() -> None:
    first, second = Pool((8, 6)), Pool((4, 3))
    pools = Pools((8, 6), (first, second))
    assert (len(pools), list(pools), pools[1]) == (2, [first, second], second)


def test_fixed_positions_count_row_by_row_in_every_axis() -> None:
    window = Window((3, 2), (3, 2), (1, 0), (1, 1))
    positions = Unpool(window).fixed_positions(torch.zeros(2, 1, 2, 3), (5, 7))
    assert positions.shape == (2, 1, 2, 3)
    assert positions[1, 0].tolist() == [[0, 2, 4], [21, 23, 25]]
    assert repr(Unpool(window)) == "Unpool(kernel=(3, 2), stride=(3, 2), padding=(1, 0))"


def test_a_sequential_with_a_forward_of_its_own_is_one_leaf() -> None:
    class Twice(nn.Sequential):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x) * 2

    encoder = nn.Sequential(Twice(nn.MaxPool2d(2)), nn.MaxPool2d(2))
    assert [name for name, _ in leaves(encoder)] == ["0", "1"]
    code, pools = remember(encoder, GOLDEN)
    assert code.tolist() == [[[[32]]]]
    assert [pool.size for pool in pools] == [(2, 2)]
