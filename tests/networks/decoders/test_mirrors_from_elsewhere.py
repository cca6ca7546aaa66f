"""Encoders that others wrote: sizes come back, values stand where they stood, and the mirror is the adjoint.

With its maxima held in place, an encoder of convolutions and pools alone is linear from end to end. Its mirror
with the same weights must then be its transpose: ⟨encode(x), y⟩ = ⟨x, decode(y)⟩.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from torch import Tensor, nn

from unpool.errors import UnpoolError
from unpool.networks.decoders.mirror import mirror
from unpool.networks.layers.pooling import Unpool, leaves, remember
from unpool.networks.layers.windows import CONVOLUTIONS, MAX_POOLS

FLOAT64_ROUNDING = 1e-9


def vgg(letter: str, norm: bool) -> Callable[[], nn.Sequential]:
    # The layers of torchvision.models.vggNN().features, without the classifier's hundred million weights.
    return lambda: torchvision.models.vgg.make_layers(torchvision.models.vgg.cfgs[letter], batch_norm=norm)


def odd_1d() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(2, 6, 9, stride=4, padding=3),
        nn.BatchNorm1d(6),
        nn.ReLU(),
        nn.MaxPool1d(3, stride=3, padding=1),
        nn.Conv1d(6, 4, 5, padding=4, dilation=2),
        nn.GELU(),
        nn.MaxPool1d(2),
    )


def asymmetric() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 4, (5, 3), stride=(1, 2), padding=(0, 1)),
        nn.Tanh(),
        nn.MaxPool2d((2, 3)),
        nn.Conv2d(4, 6, (1, 7), padding=(0, 3)),
        nn.LeakyReLU(),
        nn.MaxPool2d((3, 2), padding=(1, 0)),
    )


def nested() -> nn.Sequential:
    first = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU())
    second = nn.Sequential(nn.Sequential(nn.Conv2d(8, 12, 3)), nn.ReLU(), nn.Dropout2d(0.3))
    return nn.Sequential(first, nn.Sequential(second, nn.MaxPool2d(2)), nn.Identity(), nn.Conv2d(12, 5, 1))


def dilated() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, dilation=2), nn.ELU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, (3, 2), dilation=(1, 3))
    )


def grouped() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(4, 8, 3, padding=1, groups=2),
        nn.SiLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 5, padding=2, groups=8),
        nn.Conv2d(8, 6, 1),
        nn.MaxPool2d(3),
    )


def strides_alone() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 4, 7, 3, 2), nn.ReLU(), nn.Conv2d(4, 8, 4, 2, 1), nn.Conv2d(8, 8, 2, 2))


VGG_SIZES = [(32, 32), (33, 47), (65, 38)]
LINEAR: dict[str, tuple[Callable[[], nn.Module], int, list[tuple[int, ...]]]] = {
    **{f"vgg{n}": (vgg(letter, norm=False), 3, VGG_SIZES) for n, letter in ((11, "A"), (13, "B"))},
    **{f"vgg{n}": (vgg(letter, norm=False), 3, VGG_SIZES) for n, letter in ((16, "D"), (19, "E"))},
    **{f"vgg{n}_bn": (vgg(letter, norm=True), 3, VGG_SIZES) for n, letter in ((11, "A"), (13, "B"))},
    **{f"vgg{n}_bn": (vgg(letter, norm=True), 3, VGG_SIZES) for n, letter in ((16, "D"), (19, "E"))},
    "odd 1-D": (odd_1d, 2, [(31,), (64,), (101,), (102,)]),
    "asymmetric": (asymmetric, 1, [(17, 23), (20, 31), (19, 40)]),
    "nested": (nested, 3, [(11, 13), (24, 31), (33, 18)]),
    "dilated": (dilated, 2, [(13, 15), (18, 21), (31, 16)]),
    "grouped": (grouped, 4, [(12, 13), (17, 29), (30, 31)]),
    "strides alone": (strides_alone, 3, [(19, 23), (40, 41), (37, 52)]),
}
OVERLAPPING = {
    "alexnet": (lambda: torchvision.models.alexnet().features, 3, [(63, 63), (67, 95), (101, 80)]),
    "overlapping 1-D": (lambda: nn.Sequential(nn.Conv1d(1, 3, 3), nn.MaxPool1d(5, 2, 2)), 1, [(11,), (24,)]),
}
ALL = LINEAR | OVERLAPPING
# One of the eight with BatchNorm and one without; the others differ from them in their depth.
DEEPER = {"vgg13", "vgg16", "vgg19", "vgg11_bn", "vgg13_bn", "vgg19_bn"}


def each(names: Iterable[str]) -> list[Any]:
    return [pytest.param(name, marks=pytest.mark.slow) if name in DEEPER else name for name in names]


@pytest.fixture(params=each(ALL))
def elsewhere(request: pytest.FixtureRequest):
    make, channels, sizes = ALL[request.param]
    torch.manual_seed(0)
    return make().eval(), channels, sizes


def test_every_odd_size_comes_back(elsewhere) -> None:
    encoder, channels, sizes = elsewhere
    decoder = mirror(encoder).eval()
    with torch.no_grad():
        for size in sizes:
            x_BCS = torch.rand(1, channels, *size)
            code, pools = remember(encoder, x_BCS)
            assert decoder(code, pools).shape == decoder(code, size=size).shape == x_BCS.shape


def test_unpooled_values_stand_at_the_places_of_the_maxima(elsewhere) -> None:
    """Each Unpool of the decoder, recorded as it runs, against NumPy and the encoder's own indices."""
    encoder, channels, sizes = elsewhere
    decoder = mirror(encoder).eval()
    seen: list[tuple[Tensor, Tensor, Tensor]] = []
    for layer in decoder.layers:
        if isinstance(layer, Unpool):
            layer.register_forward_hook(
                lambda _, given, made: seen.append((given[0], given[1].indices, made))
            )
    with torch.no_grad():
        code, pools = remember(encoder, torch.rand(2, channels, *sizes[-1]))
        decoder(code, pools)
    indices = [pool.indices for pool in pools if pool.indices is not None]
    assert len(seen) == len(indices) == sum(isinstance(leaf, MAX_POOLS) for _, leaf in leaves(encoder))
    for (values_BCn, given_BCn, made_BCS), own_BCn in zip(seen, reversed(indices), strict=True):
        assert torch.equal(given_BCn, own_BCn)
        rows = zip(
            *(t.flatten(2).flatten(0, 1).numpy() for t in (values_BCn, own_BCn, made_BCS)), strict=True
        )
        for value_n, index_n, made_S in rows:
            assert not made_S[np.setdiff1d(np.arange(made_S.size), index_n)].any()
            # Where windows overlap one place may be given several values; one of them is kept.
            kept = made_S[index_n] == value_n
            assert set(index_n[kept]) == set(index_n)
            assert kept.all() or len(set(index_n)) < len(index_n)


@pytest.mark.parametrize("name", each(LINEAR))
def test_the_mirror_of_a_whole_encoder_is_its_transpose(name) -> None:
    make, channels, sizes = LINEAR[name]
    torch.manual_seed(0)
    encoder = linear(make()).double()
    decoder = mirror(encoder)
    tie(encoder, decoder)
    for size in sizes:
        x_BCS = torch.randn(1, channels, *size, dtype=torch.float64)
        with torch.no_grad():
            code, pools = remember(encoder, x_BCS)
            y_BCn = torch.randn_like(code)
            there, back = (code * y_BCn).sum(), (x_BCS * decoder(y_BCn, pools)).sum()
        scale = code.norm() * y_BCn.norm()
        assert scale > 0
        assert (there - back).abs() < FLOAT64_ROUNDING * scale


def linear(encoder: nn.Module) -> nn.Sequential:
    """The convolutions and pools of an encoder alone, without biases."""
    kept = nn.Sequential()
    for _, leaf in leaves(encoder):
        if isinstance(leaf, CONVOLUTIONS):
            leaf = copy.deepcopy(leaf)
            leaf.bias = None
            nn.init.normal_(leaf.weight, std=leaf.weight[0].numel() ** -0.5)
        if isinstance(leaf, CONVOLUTIONS + MAX_POOLS):
            kept.append(leaf)
    return kept


def tie(encoder: nn.Module, decoder: nn.Module) -> None:
    """Give the decoder the encoder's own weights, last first: a transposed convolution stores them alike."""
    down = [p for p in encoder.parameters() if p.ndim > 1]
    up = [p for p in decoder.parameters() if p.ndim > 1]
    with torch.no_grad():
        for mine, theirs in zip(up, reversed(down), strict=True):
            mine.copy_(theirs)


@pytest.mark.parametrize(
    ("pool", "result"), [({"dilation": 2}, "no dilation"), ({"ceil_mode": True}, "no ceil mode")]
)
@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_pools_that_cannot_be_undone_are_named_by_their_path(dimensions, pool, result) -> None:
    last = MAX_POOLS[dimensions - 1](2, **pool)
    inner = nn.Sequential()
    inner.add_module("conv", CONVOLUTIONS[dimensions - 1](1, 2, 3))
    inner.add_module("pool", last)
    encoder = nn.Sequential()
    encoder.add_module("stem", nn.Sequential(nn.Identity(), inner))
    with pytest.raises(UnpoolError, match=rf"cannot mirror 'stem\.1\.pool' MaxPool{dimensions}d.*{result}"):
        mirror(encoder)


def test_the_pool_of_a_vgg_in_ceil_mode_is_named() -> None:
    encoder = vgg("A", norm=False)()
    encoder[5].ceil_mode = True
    with pytest.raises(UnpoolError, match=r"cannot mirror '5' MaxPool2d.*ceil_mode=True"):
        mirror(encoder)
