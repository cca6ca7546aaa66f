"""Encoders of other libraries, as embedders.

B images in a batch, C channels, H height, W width, D numbers in a vector.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from unpool.images.values.rules import NO_RULES, ValueRules
from unpool.networks.decoders.base import EmbedsOnly
from unpool.networks.image_batch import describe_input, takes_images
from unpool.networks.preprocessing import Preprocessing


class ImageEncoder(EmbedsOnly):
    """An encoder with its library's own pooling.

    Args:
        body: The library's module.
        architecture: What the model is called.
        preprocessing: How pictures become its input.
        options: What builds it again, with its `dimension`.
    """

    part = "body"  # what the library's module is called here, and in stored weights
    rules: ValueRules = NO_RULES

    def __init__(
        self,
        body: nn.Module,
        *,
        architecture: str,
        preprocessing: Preprocessing,
        options: Mapping[str, Any],
    ) -> None:
        super().__init__()
        self.add_module(self.part, body)
        self.architecture, self.preprocessing = architecture, preprocessing
        self.built_with = dict(options)

    @property
    def expects(self) -> str:
        """What images it takes."""
        side = self.preprocessing.size
        return describe_input(self.preprocessing, f"{side} × {side} pixels")

    def dimension(self, size: int | None = None) -> int:
        """Return D; images have one size, whatever `size` is."""
        number: int = self.built_with["dimension"]
        return number

    @takes_images
    def encode(self, x_BCHW: Tensor) -> Tensor:
        """Return a vector for each image, (B, D)."""
        return self.pool(x_BCHW)

    @takes_images
    def embed(self, x_BCHW: Tensor) -> Tensor:
        """Return a vector for each image, (B, D)."""
        return self.pool(x_BCHW)

    def pool(self, x_BCHW: Tensor) -> Tensor:
        """Compute vectors (B, D) as the library pools."""
        vector_BD: Tensor = getattr(self, self.part)(x_BCHW)
        return vector_BD
