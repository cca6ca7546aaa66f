"""The protocol of a network that embeds.

All code downstream of the networks relies on it.

B batch, C channels, H height, W width, D numbers in a vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor

from unpool.networks.layers.pooling import Pools
from unpool.networks.preprocessing import Preprocessing


class Embedder(Protocol):
    """A network that turns images into vectors, and perhaps back.

    `Autoencoder` is one, with or without a decoder, and so is `Head`, over codes that are known already.
    `merge` is how `embed` makes one vector of a code, "flatten" or "mean".
    """

    architecture: str
    preprocessing: Preprocessing
    merge: str

    @property
    def has_decoder(self) -> bool:
        """Whether `reconstruct` and `decode` work."""

    def dimension(self) -> int:
        """Return D, the length of a vector."""

    def encode(self, x_BCHW: Tensor, /) -> Tensor:
        """Compute the code of each image, (B, c, h, w) or (B, D)."""

    def embed(self, x_BCHW: Tensor, /) -> Tensor:
        """Compute one vector for each image, (B, D)."""

    def decode(
        self, code: Tensor, pools: Pools | None = None, *, size: Sequence[int] | None = None
    ) -> Tensor:
        """Compute images from a code.

        Args:
            code: As `encode` returns it.
            pools: As `encode` returns them; None decodes from the code alone.
            size: Height and width of the images.

        Returns:
            Images (B, C, H, W).
        """

    def reconstruct(self, x_BCHW: Tensor, /) -> Tensor:
        """Compute the reconstruction of each image, of its exact shape."""
