"""The small encoders of the catalogue, as plain Sequentials."""

from __future__ import annotations

from torch import nn

VGG_WIDTHS: dict[int, tuple[tuple[int, ...], ...]] = {
    11: ((64,), (128,), (256, 256), (512, 512), (512, 512)),
    13: ((64, 64), (128, 128), (256, 256), (512, 512), (512, 512)),
    16: ((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3),
    19: ((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4),
}

MIN_SIZE_POOL_FIRST = 16  # side in pixels; smaller images lose too much by it


def conv(channels: int = 3, size: int = 64, width: int = 32) -> nn.Sequential:
    """Build blocks of convolution and pooling.

    Blocks follow until at most 3 pixels a side are left, and one convolution there. From 16 pixels on each pool
    comes before its convolution, so that most of the work is done on small planes.

    (B, channels, size, size) → (B, 2·width, n, n) with n 2 or 3: 256 numbers for 8, 16, 32 or 64 pixels at
    width 32.

    Args:
        channels: Of the images.
        size: Side of the images, pixels.
        width: Channels of the first convolution.

    Returns:
        The encoder.

    >>> import torch
    >>> conv(channels=1, size=8)(torch.zeros(2, 1, 8, 8)).shape
    torch.Size([2, 64, 2, 2])
    """
    layers = _conv_norm_relu(channels, width)
    inside = width
    for outside in conv_widths(size, width):
        block = _conv_norm_relu(inside, outside)
        layers += [nn.MaxPool2d(2), *block] if size >= MIN_SIZE_POOL_FIRST else [*block, nn.MaxPool2d(2)]
        inside = outside
    return nn.Sequential(*layers)


def conv_widths(size: int, width: int) -> list[int]:
    """Return the channels of each block of `conv`.

    They double up to four times the width; the last block has twice the width.

    >>> conv_widths(8, 32), conv_widths(28, 32), conv_widths(64, 32)
    ([64, 64], [64, 128, 64], [64, 128, 128, 128, 64])
    """
    depth = 1
    while size // 2**depth > 3:
        depth += 1
    return [min(2 ** (block + 1), 4) * width for block in range(depth - 1)] + [2 * width]


def conv_small(channels: int = 1, width: int = 32) -> nn.Sequential:
    """Build the small convolutional encoder (system B).

    (B, 1, 28, 28) → (B, 64, 2, 2) at width 32.
    """
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, stride=3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2, stride=2),
        nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2, stride=1),
    )


def dense(channels: int = 1, size: int = 28, code: int = 12) -> nn.Sequential:
    """Build the fully connected encoder (system B).

    Args:
        channels: Of the images.
        size: Side of the images, pixels.
        code: Numbers of the code.

    Returns:
        The encoder, (B, 1, 28, 28) → (B, 12) by default.
    """
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(channels * size * size, 128),
        nn.ReLU(),
        nn.Linear(128, 64),
        nn.ReLU(),
        nn.Linear(64, code),
    )


def vgg(depth: int = 16, channels: int = 3) -> nn.Sequential:
    """Build the convolutions of VGG with batch normalisation.

    Source: Simonyan and Zisserman 2015, table 1.

    (B, channels, H, W) → (B, 512, H/32, W/32). Laid out as torchvision's `features`, so that its weights
    load.
    """
    layers: list[nn.Module] = []
    inside = channels
    for block in VGG_WIDTHS[depth]:
        for outside in block:
            layers += _conv_norm_relu(inside, outside)
            inside = outside
        layers.append(nn.MaxPool2d(2))
    encoder = nn.Sequential(*layers)
    for layer in encoder:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return encoder


def lenet(channels: int = 3) -> nn.Sequential:
    """Build the convolutions of LeNet, with ReLU.

    (B, 3, 32, 32) → (B, 16, 5, 5). Source: LeCun et al. 1998.
    """
    return nn.Sequential(
        nn.Conv2d(channels, 6, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
    )


def unpooling(channels: int = 1) -> nn.Sequential:
    """Build one convolution and one pool (system D).

    (B, 1, 28, 28) → (B, 1, 13, 13).
    """
    return nn.Sequential(nn.Conv2d(channels, channels, 3), nn.MaxPool2d(2))


def strided(channels: int = 1) -> nn.Sequential:
    """Build a convolution and one of stride 2 (system D)."""
    return nn.Sequential(nn.Conv2d(channels, channels, 3), nn.Conv2d(channels, channels, 2, stride=2))


def denoiser(channels: int = 3) -> nn.Sequential:
    """Build the encoder of the denoising autoencoder (system D).

    (B, 3, 32, 32) → (B, 16, 16, 16).
    """
    return nn.Sequential(
        nn.Conv2d(channels, 16, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(16), nn.MaxPool2d(2)
    )


def sequence(channels: int = 1, size: int = 28) -> nn.Sequential:
    """Build the 1-D encoder (system D).

    It reads an image row by row, (B, 1, 28, 28) → (B, 30).
    """
    pooled = pooled_length(pooled_length(size * size))
    return nn.Sequential(
        nn.Flatten(2),
        nn.Conv1d(channels, 32, 25, padding=12),
        nn.BatchNorm1d(32),
        nn.ReLU(),
        nn.MaxPool1d(3, stride=3, padding=1),
        nn.Conv1d(32, 64, 25, padding=12),
        nn.BatchNorm1d(64),
        nn.ReLU(),
        nn.MaxPool1d(3, stride=3, padding=1),
        nn.Flatten(),
        nn.Linear(64 * pooled, 1024),
        nn.Linear(1024, 30),
    )


def pooled_length(length: int) -> int:
    """Return the length that `sequence`'s pool leaves.

    >>> pooled_length(784), pooled_length(262)
    (262, 88)
    """
    return (length - 1) // 3 + 1


def _conv_norm_relu(inside: int, outside: int) -> list[nn.Module]:
    return [nn.Conv2d(inside, outside, 3, padding=1), nn.BatchNorm2d(outside), nn.ReLU(inplace=True)]
