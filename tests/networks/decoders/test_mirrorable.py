"""What has no mirror is named, with what to do."""

from __future__ import annotations

import pytest
import torch.nn.functional as F
import torchvision
from torch import Tensor, nn

from unpool.errors import UnpoolError
from unpool.networks.decoders.mirror import mirror

REFUSED = {
    "dilated pooling": (
        nn.MaxPool2d(2, dilation=2),
        r"cannot mirror '1\.0' MaxPool2d\(.*dilation=2.*\): unpooling has no dilation",
    ),
    "ceil-mode pooling": (
        nn.MaxPool2d(2, ceil_mode=True),
        r"'1\.0' MaxPool2d\(.*ceil_mode=True\): unpooling has no ceil mode",
    ),
    "ceil-mode average": (nn.AvgPool2d(2, ceil_mode=True), "'1.0' AvgPool2d.*no ceil mode"),
    "reflection": (nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect"), "pads with zeros only"),
    "uneven same": (nn.Conv2d(4, 4, 2, padding="same"), "padding 'same' is uneven"),
    "linear": (nn.Linear(4, 4), r"'1\.0' Linear\(.*only convolutional layers"),
    "flatten": (nn.Flatten(), "only convolutional layers are mirrored"),
    "softmax": (nn.Softmax(1), "it is no convolution"),
    "transposed": (nn.ConvTranspose2d(4, 4, 2), "it is no convolution"),
    "adaptive pool": (nn.AdaptiveAvgPool2d(1), "'1.0' AdaptiveAvgPool2d"),
    "lazy": (nn.LazyConv2d(4, 3), "a lazy module has no shape yet"),
    "composite": (torchvision.models.resnet.BasicBlock(4, 4), "it is no Sequential"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_mirror_is_refused_by_name(name) -> None:
    module, result = REFUSED[name]
    encoder = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Sequential(module))
    with pytest.raises(UnpoolError, match=result):
        mirror(encoder)


def test_a_subclass_that_runs_otherwise_is_refused() -> None:
    class Wrapped(nn.Conv2d):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(F.pad(x, (1, 1, 1, 1), mode="circular"))

    class Renamed(nn.Conv2d):
        pass

    with pytest.raises(UnpoolError, match="cannot mirror '0' Wrapped"):
        mirror(nn.Sequential(Wrapped(3, 4, 3)))
    assert len(mirror(nn.Sequential(Renamed(3, 4, 3))).layers) == 1
