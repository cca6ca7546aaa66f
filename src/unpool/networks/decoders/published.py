"""Published decoders that are no exact mirror."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from unpool.errors import UnpoolError, UsageError
from unpool.networks.decoders.base import Decoder, PlainDecoder, SteppedDecoder
from unpool.networks.decoders.mirror import undo_pool
from unpool.networks.encoders.small import pooled_length
from unpool.networks.layers.pooling import Pool
from unpool.networks.layers.windows import Window, pixels


def conv_small_decoder(channels: int = 1, width: int = 32) -> PlainDecoder:
    """Build three transposed convolutions (system B).

    (B, 64, 2, 2) → (B, 1, 28, 28) in [-1, 1].
    """
    return PlainDecoder(
        nn.Sequential(
            nn.ConvTranspose2d(2 * width, width, 3, stride=2),
            nn.ReLU(),
            nn.ConvTranspose2d(width, width // 2, 5, stride=3, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(width // 2, channels, 2, stride=2, padding=1),
            nn.Tanh(),
        )
    )


def dense_decoder(channels: int = 1, size: int = 28, code: int = 12) -> PlainDecoder:
    """Build three linear layers (system B).

    Args:
        channels: Of the images.
        size: Side of the images, pixels.
        code: Numbers of the code.

    Returns:
        (B, 12) → (B, 1, 28, 28) in [-1, 1] by default.
    """
    return PlainDecoder(
        nn.Sequential(
            nn.Linear(code, 64),
            nn.ReLU(),
            nn.Linear(64, 128),
            nn.ReLU(),
            nn.Linear(128, channels * size * size),
            nn.Tanh(),
            nn.Unflatten(1, (channels, size, size)),
        )
    )


def denoiser_decoder(channels: int = 3, form: str = "unpool") -> SteppedDecoder:
    """Build the decoder of the denoising autoencoder (system D).

    (B, 16, 16, 16) → (B, 3, 32, 32), not negative, with stride 1 throughout.
    """
    conv = Window((3, 3), (1, 1), (1, 1), (1, 1))
    pool = Window((2, 2), (2, 2), (0, 0), (1, 1))
    layers = [
        undo_pool(pool, form, 16),
        nn.ConvTranspose2d(16, 16, 3, padding=1),
        nn.ReLU(),
        nn.BatchNorm2d(16),
        nn.ConvTranspose2d(16, channels, 3, padding=1),
        nn.ReLU(),
    ]
    return SteppedDecoder(layers, [(conv, False), (pool, True)])


class SequenceDecoder(SteppedDecoder):
    """The 1-D decoder (system D), through the image's rows.

    (B, 30) → (B, 1, 28, 28).

    Args:
        channels: Of the images.
        size: Side of the images, pixels.
        form: How pooling is undone: "unpool", "transpose" or "upsample".
    """

    def __init__(self, channels: int = 1, size: int = 28, form: str = "unpool") -> None:
        pool = Window((3,), (3,), (1,), (1,))
        pooled = pooled_length(pooled_length(size * size))
        layers = [
            nn.Linear(30, 1024),
            nn.Linear(1024, 64 * pooled),
            nn.Unflatten(1, (64, pooled)),
            undo_pool(pool, form, 64),
            nn.ReLU(),
            nn.BatchNorm1d(64),
            nn.ConvTranspose1d(64, 32, 25, padding=12),
            undo_pool(pool, form, 32),
            nn.ReLU(),
            nn.BatchNorm1d(32),
            nn.ConvTranspose1d(32, channels, 25, padding=12),
            nn.Unflatten(2, (size, size)),
        ]
        super().__init__(layers, [(pool, True), (pool, True)])
        self.size = size

    def infer_pools(self, code: Tensor, size: Sequence[int] | None) -> list[Pool]:
        """Return the lengths that the encoder's pools had."""
        if size is not None and tuple(size) != (self.size, self.size):
            seen = f"this network decodes to {self.size}×{self.size} pixels, not {pixels(size)}"
            raise UnpoolError(f"{seen}; leave size out")
        length = self.size * self.size
        return [Pool((length,)), Pool((pooled_length(length),))]


def decode_conv_small(channels: int, size: int, width: int, form: str | None) -> Decoder | None:
    """Build the decoder of conv-small.

    Args:
        channels: of the images.
        size: of the images, not used.
        width: channels of the first layer.
        form: that was requested; None for its own.

    Returns:
        The decoder; None where another form is requested.
    """
    return conv_small_decoder(channels, width) if form is None else None


def decode_dense(channels: int, size: int, width: int, form: str | None) -> Decoder:
    """Build the decoder of dense.

    Args:
        channels: of the images.
        size: of the images, pixels.
        width: not used.
        form: that was requested.

    Returns:
        The decoder.

    Raises:
        UsageError: for any form, since it has nothing to undo.
    """
    if form is not None:
        raise UsageError(f"dense has nothing to {form}: it has no pooling; leave decoder out")
    return dense_decoder(channels, size)


def decode_denoiser(channels: int, size: int, width: int, form: str | None) -> Decoder:
    """Build the decoder of denoiser.

    Args:
        channels: of the images.
        size: of the images, not used.
        width: not used.
        form: that was requested; None for "unpool".

    Returns:
        The decoder.
    """
    return denoiser_decoder(channels, form or "unpool")


def decode_sequence(channels: int, size: int, width: int, form: str | None) -> Decoder:
    """Build the decoder of sequence.

    Args:
        channels: of the images.
        size: of the images, pixels.
        width: not used.
        form: that was requested; None for "unpool".

    Returns:
        The decoder.
    """
    return SequenceDecoder(channels, size, form or "unpool")
