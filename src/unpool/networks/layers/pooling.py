"""Pooling that keeps the maxima's positions, and its unpooling.

Shapes: B batch, C channels, S any number of spatial axes (L, or H and W, or D, H and W); n the pooled size.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unpool.errors import UnpoolError
from unpool.networks.layers.windows import CONVOLUTIONS, MAX_POOLS, Size, Window, pixels, window_of


@dataclass(frozen=True)
class Pool:
    """Input size and maxima's positions of one shrinking layer.

    `indices` has the shape of the pooled tensor and counts row by row within each plane, as torch does. It
    is None for a strided convolution and for average pooling; unpooling then puts values at fixed
    positions.
    """

    size: Size
    indices: Tensor | None = None


@dataclass(frozen=True)
class Pools:
    """The input's spatial size, and a Pool per shrinking layer."""

    size: Size
    pools: tuple[Pool, ...] = ()

    def __len__(self) -> int:
        return len(self.pools)

    def __iter__(self) -> Iterator[Pool]:
        return iter(self.pools)

    def __getitem__(self, position: int) -> Pool:
        return self.pools[position]


def leaves(encoder: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Iterate over nested Sequentials' modules with their dotted names.

    They come in the order in which they run.

    >>> block = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU())
    >>> [name for name, _ in leaves(nn.Sequential(block, nn.MaxPool2d(2)))]
    ['0.0', '0.1', '1']
    """
    if not is_sequential(encoder):
        yield prefix, encoder
        return
    for name, child in _children(encoder):
        yield from leaves(child, f"{prefix}.{name}" if prefix else name)


def is_sequential(module: nn.Module) -> bool:
    """Return whether a module only runs its children in order."""
    return isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward


def shrinks(module: nn.Module) -> bool:
    """Return whether an encoder keeps a Pool for this module.

    It does for max and average pooling, and for strided convolutions.
    """
    window = window_of(module)
    return window is not None and (not isinstance(module, CONVOLUTIONS) or window.is_strided)


def remember(encoder: nn.Module, x_BCS: Tensor) -> tuple[Tensor, Pools]:
    """Run an encoder and keep what its mirror needs.

    Returns the code and the pools.
    An encoder that is not a Sequential is run as it is; then only the input's size is kept.

    >>> code, pools = remember(nn.MaxPool2d(2), torch.arange(16.0).reshape(1, 1, 4, 4))
    >>> pools[0].indices.tolist(), pools.size
    ([[[[5, 7], [13, 15]]]], (4, 4))
    """
    size, pools = tuple(x_BCS.shape[2:]), []
    for _, leaf in leaves(encoder):
        if shrinks(leaf):
            before = tuple(x_BCS.shape[2:])
            x_BCS, indices_BCn = run_with_indices(leaf, x_BCS)
            pools.append(Pool(before, indices_BCn))
        else:
            x_BCS = leaf(x_BCS)
    return x_BCS, Pools(size, tuple(pools))


def run_with_indices(module: nn.Module, x_BCS: Tensor) -> tuple[Tensor, Tensor | None]:
    """Run one layer, a max-pool with its maxima's positions.

    They come whatever the pool's own `return_indices` says; other layers give None.
    """
    if not isinstance(module, MAX_POOLS):
        return module(x_BCS), None
    # A shallow copy shares the hooks and may return indices; the user's own module stays as it is.
    remembering = copy.copy(module)
    remembering.return_indices = True
    pooled_BCn, indices_BCn = remembering(x_BCS)
    return pooled_BCn, indices_BCn


class Unpool(nn.Module):
    """Put pooled values back where they stood, zeros elsewhere.

    Source: Zeiler and Fergus 2014, section 2.1.

    Without indices each value goes to the middle of its window (for an even kernel the pixel before the
    middle: the top left of a 2×2 window), so the result depends on the values alone.

    Where windows overlap two values may share a place and one of them stays: on a GPU which one is left open,
    unless torch is set to use deterministic algorithms.

    >>> unpool = Unpool(Window((2, 2), (2, 2), (0, 0), (1, 1)))
    >>> unpool(torch.tensor([[[[7.0]]]]), Pool((3, 2))).squeeze().tolist()
    [[7.0, 0.0], [0.0, 0.0], [0.0, 0.0]]
    """

    def __init__(self, window: Window) -> None:
        super().__init__()
        self.window = window

    def forward(self, y_BCn: Tensor, pool: Pool) -> Tensor:
        """Unpool (B, C, n) to (B, C, S).

        Raises UnpoolError where the indices are another tensor's.
        """
        indices_BCn = self.fixed_positions(y_BCn, pool.size) if pool.indices is None else pool.indices
        if indices_BCn.shape != y_BCn.shape:
            raise UnpoolError(
                f"the pooling indices are {pixels(indices_BCn.shape)}, the values {pixels(y_BCn.shape)}; "
                "pass the pools of the same images"
            )
        if torch.are_deterministic_algorithms_enabled():
            return _scattered(y_BCn, indices_BCn, pool.size)
        window = self.window
        return _UNPOOL[len(pool.size)](
            y_BCn,
            indices_BCn,
            list(window.kernel),
            list(window.stride),
            list(window.padding),
            list(pool.size),
        )

    def fixed_positions(self, y_BCn: Tensor, size: Size) -> Tensor:
        """Return the index of each window's middle, in y's shape."""
        index_n = torch.zeros((1,) * len(size), dtype=torch.int64, device=y_BCn.device)
        for axis, length in enumerate(size):
            middle = (self.window.kernel[axis] - 1) // 2 - self.window.padding[axis]
            steps = (
                torch.arange(y_BCn.shape[2 + axis], device=y_BCn.device) * self.window.stride[axis] + middle
            )
            shape = [-1 if other == axis else 1 for other in range(len(size))]
            index_n = index_n * length + steps.clamp(0, length - 1).reshape(shape)
        return index_n.expand(y_BCn.shape)

    def extra_repr(self) -> str:
        """Return the window, for `repr`."""
        window = self.window
        return f"kernel={window.kernel}, stride={window.stride}, padding={window.padding}"


_UNPOOL: dict[int, Callable[..., Tensor]] = {1: F.max_unpool1d, 2: F.max_unpool2d, 3: F.max_unpool3d}


def _scattered(y_BCn: Tensor, indices_BCn: Tensor, size: Size) -> Tensor:
    # torch's own unpooling refuses to run deterministically, even where no place is shared.
    planes = y_BCn.shape[:2]
    empty = y_BCn.new_zeros(*planes, math.prod(size))
    return empty.scatter(2, indices_BCn.flatten(2), y_BCn.flatten(2)).reshape(*planes, *size)


def _children(sequential: nn.Module) -> list[tuple[str, nn.Module]]:
    # named_children leaves out a module that stands twice; a Sequential runs it twice.
    return [(name, child) for name, child in sequential._modules.items() if child is not None]
