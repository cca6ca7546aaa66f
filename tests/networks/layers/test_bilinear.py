"""Enlarging equals bilinear interpolation."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from unpool.networks.layers.bilinear import bilinear_transposed


@pytest.mark.parametrize("factor", [2, 3, 5, 8, 32])
@pytest.mark.parametrize("grouped", [True, False])
def test_a_bilinear_transposed_convolution_interpolates_in_the_interior(factor: int, grouped: bool) -> None:
    x = torch.rand(2, 3, 6, 7)
    found = bilinear_transposed(3, factor, grouped=grouped)(x)
    wanted = F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)
    assert found.shape == wanted.shape
    inside = (..., slice(factor, -factor), slice(factor, -factor))
    assert torch.allclose(found[inside], wanted[inside], atol=1e-5)
    assert not torch.allclose(found, wanted, atol=1e-3)  # at the border it fades, as the docs say
