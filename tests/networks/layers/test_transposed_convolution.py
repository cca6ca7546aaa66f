"""A convolution is a product with a matrix, and a transposed convolution one with its transpose (system D).

The matrix is written out by index arithmetic alone: a row for each output pixel, a column for each input pixel.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from unpool.networks.decoders.mirror import mirror
from unpool.networks.layers.pooling import remember

FLOAT64_ROUNDING = 1e-12


def matrix(
    weight_OIkk: np.ndarray, size: tuple[int, int], stride: int, padding: int, dilation: int
) -> np.ndarray:
    """W with W x = conv(x) for x laid out channel by channel, row by row."""
    outside, inside, kernel, _ = weight_OIkk.shape
    height, width = size
    reach = dilation * (kernel - 1) + 1
    rows, columns = ((n + 2 * padding - reach) // stride + 1 for n in size)
    W = np.zeros((outside, rows, columns, inside, height, width))
    for o, row, column, i, down, right in np.ndindex(outside, rows, columns, inside, kernel, kernel):
        y = row * stride + down * dilation - padding
        x = column * stride + right * dilation - padding
        if 0 <= y < height and 0 <= x < width:
            W[o, row, column, i, y, x] = weight_OIkk[o, i, down, right]
    return W.reshape(outside * rows * columns, inside * height * width)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize(("kernel", "dilation"), [(1, 1), (2, 1), (3, 1), (3, 2), (4, 1)])
@pytest.mark.parametrize("size", [(7, 7), (8, 6)])
def test_the_mirror_multiplies_by_the_transpose(kernel, stride, padding, dilation, size) -> None:
    generator = torch.Generator().manual_seed(0)
    encoder = nn.Sequential(nn.Conv2d(2, 3, kernel, stride, padding, dilation, bias=False)).double()
    decoder = mirror(encoder)
    decoder.load_state_dict({name: encoder[0].weight.detach() for name in decoder.state_dict()})
    W = matrix(encoder[0].weight.detach().numpy(), size, stride, padding, dilation)
    x_BCHW = torch.randn(1, 2, *size, dtype=torch.float64, generator=generator)
    with torch.no_grad():
        code, pools = remember(encoder, x_BCHW)
        np.testing.assert_allclose(code.numpy().ravel(), W @ x_BCHW.numpy().ravel(), atol=FLOAT64_ROUNDING)
        y_BCn = torch.randn(code.shape, dtype=torch.float64, generator=generator)
        back_BCHW = decoder(y_BCn, pools)
    assert back_BCHW.shape == x_BCHW.shape
    np.testing.assert_allclose(back_BCHW.numpy().ravel(), W.T @ y_BCn.numpy().ravel(), atol=FLOAT64_ROUNDING)


def test_the_matrix_of_a_small_convolution_can_be_read() -> None:
    """3×3 pixels under a 2×2 kernel: the kernel, moved along."""
    kernel_OIkk = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    assert matrix(kernel_OIkk, (3, 3), stride=1, padding=0, dilation=1).tolist() == [
        [1, 2, 0, 3, 4, 0, 0, 0, 0],
        [0, 1, 2, 0, 3, 4, 0, 0, 0],
        [0, 0, 0, 1, 2, 0, 3, 4, 0],
        [0, 0, 0, 0, 1, 2, 0, 3, 4],
    ]
