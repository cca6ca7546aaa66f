"""The arithmetic of sliding windows.

Sizes are spatial only, (H, W) in two dimensions and (L,) in one; batch and channels are left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from torch import nn

Size = tuple[int, ...]

CONVOLUTIONS: tuple[type[nn.Conv1d] | type[nn.Conv2d] | type[nn.Conv3d], ...] = (
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
)
MAX_POOLS: tuple[type[nn.MaxPool1d] | type[nn.MaxPool2d] | type[nn.MaxPool3d], ...] = (
    nn.MaxPool1d,
    nn.MaxPool2d,
    nn.MaxPool3d,
)
AVERAGE_POOLS: tuple[type[nn.AvgPool1d] | type[nn.AvgPool2d] | type[nn.AvgPool3d], ...] = (
    nn.AvgPool1d,
    nn.AvgPool2d,
    nn.AvgPool3d,
)


@dataclass(frozen=True)
class Window:
    """The window of a convolution or pool, per axis.

    >>> pool = Window(kernel=(2, 2), stride=(2, 2), padding=(0, 0), dilation=(1, 1))
    >>> pool.output((7, 9)), pool.smallest_input((3, 4))
    ((3, 4), (6, 8))
    """

    kernel: Size
    stride: Size
    padding: Size
    dilation: Size

    def output(self, size: Iterable[int]) -> Size:
        """Return the output size, below 1 for too small inputs."""
        axes = zip(size, self.kernel, self.stride, self.padding, self.dilation, strict=True)
        return tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in axes)

    def smallest_input(self, size: Iterable[int]) -> Size:
        """Return the smallest input size that gives `size`."""
        axes = zip(size, self.kernel, self.stride, self.padding, self.dilation, strict=True)
        return tuple(max(1, (n - 1) * s + d * (k - 1) + 1 - 2 * p) for n, k, s, p, d in axes)

    @property
    def is_strided(self) -> bool:
        """Whether several input sizes give the same output size."""
        return any(s != 1 for s in self.stride)


def window_of(module: nn.Module) -> Window | None:
    """Return a convolution's or pool's window, else None.

    Padding "same" is exact where it is symmetric; where it is not, the size is still right by rounding down.
    """
    for dimensions, kinds in enumerate(zip(CONVOLUTIONS, MAX_POOLS, AVERAGE_POOLS, strict=True), start=1):
        if isinstance(module, kinds):
            return Window(
                kernel=_per_axis(module.kernel_size, dimensions),
                stride=_per_axis(module.stride, dimensions),
                padding=_padding(module, dimensions),
                dilation=_per_axis(getattr(module, "dilation", 1), dimensions),
            )
    return None


def pixels(size: Iterable[int]) -> str:
    """Format a size as people write it.

    >>> pixels((28, 32))
    '28×32'
    """
    return "×".join(str(n) for n in size)


def _per_axis(value: int | Iterable[int], dimensions: int) -> Size:
    if isinstance(value, int):
        return (value,) * dimensions
    numbers = tuple(value)
    return numbers * dimensions if len(numbers) == 1 else numbers


def _padding(module: nn.Module, dimensions: int) -> Size:
    padding = module.padding
    if padding == "valid":
        return (0,) * dimensions
    if padding == "same":
        kernel = _per_axis(module.kernel_size, dimensions)  # type: ignore[arg-type]
        dilation = _per_axis(module.dilation, dimensions)  # type: ignore[arg-type]
        return tuple(d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True))
    return _per_axis(padding, dimensions)  # type: ignore[arg-type]
