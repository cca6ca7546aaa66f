"""Networks with a linear head that adapts their features.

Shapes: B batch, C channels, H and W height and width, N images, D numbers in a code, E in a vector.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unpool.errors import UsageError
from unpool.networks.autoencoder import Autoencoder
from unpool.networks.decoders.base import EmbedsOnly
from unpool.networks.image_batch import takes_images

DIMENSION = 128


class NetworkWithHead(Autoencoder):
    """A network whose vectors pass a linear head.

    `embed` gives the head's output for the code at unit length; encoder and decoder are unchanged.

    Args:
        encoder: Images to codes.
        head: Merged codes (B, D) to vectors (B, E).
        decoder: None mirrors the encoder.
        options: Those of `Autoencoder`.

    >>> from unpool.networks.decoders.base import NoDecoder
    >>> net = NetworkWithHead(nn.Conv2d(3, 4, 3), nn.Linear(4, 2), NoDecoder(), merge="mean")
    >>> net.encode(torch.zeros(5, 3, 8, 8)).shape, net.embed(torch.zeros(5, 3, 8, 8)).shape
    (torch.Size([5, 4, 6, 6]), torch.Size([5, 2]))
    """

    def __init__(
        self, encoder: nn.Module, head: nn.Linear, decoder: nn.Module | None = None, **options: object
    ) -> None:
        super().__init__(encoder, decoder, **options)  # type: ignore[arg-type]
        self.head = head

    @takes_images
    def embed(self, x_BCHW: Tensor) -> Tensor:
        """Return one vector for each image, (B, E)."""
        vector_BE: Tensor = self.head(F.normalize(super().embed(x_BCHW), dim=1))
        return vector_BE


class Head(EmbedsOnly):
    """The head of a network over codes computed before.

    It stands where a network is expected: its inputs are merged codes (B, D); `encode` and `embed` give vectors
    (B, E). The head is shared, so that training it trains the network's.
    """

    def __init__(self, network: NetworkWithHead) -> None:
        super().__init__()
        self.head = network.head
        self.architecture, self.preprocessing = network.architecture, network.preprocessing

    def encode(self, code_BD: Tensor) -> Tensor:
        """Return vectors (B, E) of codes (B, D)."""
        vector_BE: Tensor = self.head(F.normalize(code_BD, dim=1))
        return vector_BE

    embed = encode

    def dimension(self) -> int:
        """Return E, the length of a vector."""
        return self.head.out_features

    @torch.no_grad()
    def start(self, code_ND: Tensor) -> None:
        """Initialise the head with some codes' principal directions.

        Training then begins with most of what the codes hold.
        """
        unit_ND = F.normalize(code_ND.float(), dim=1)
        mean_D = unit_ND.mean(dim=0)
        _, spread_M, direction_MD = torch.linalg.svd(unit_ND - mean_D, full_matrices=False)
        count = min(self.head.out_features, len(spread_M))
        # One scale for all, so that angles between images stay as they are.
        scale = (len(unit_ND) / spread_M.square().sum().clamp_min(1e-12)).sqrt()
        self.head.weight[:count] = direction_MD[:count] * scale
        self.head.weight[count:] = 0
        self.head.bias.copy_(-(self.head.weight @ mean_D))


def with_head(network: Autoencoder, dimension: int = DIMENSION) -> NetworkWithHead:
    """Put a linear head on a network.

    Vectors then have `dimension` numbers. It keeps its own encoder and decoder; one that has such a head already
    is returned. Raises UsageError for a dimension below 2.

    >>> network = Autoencoder(nn.Conv2d(3, 4, 3), merge="mean")
    >>> with_head(network, 2).head
    Linear(in_features=4, out_features=2, bias=True)
    """
    if isinstance(network, NetworkWithHead):
        return network
    if dimension < 2:
        raise UsageError(f"head {dimension} leaves vectors that all lie on a line; give at least 2")
    head = nn.Linear(network.dimension(), dimension).to(next(network.encoder.parameters()))
    adapted = NetworkWithHead(
        network.encoder, head, network.decoder, architecture=network.architecture,
        preprocessing=network.preprocessing, merge=network.merge, use_indices=network.use_indices,
    )  # fmt: skip
    if network.built_with is not None:
        adapted.built_with = {**network.built_with, "head": dimension}
        if adapted.built_with.pop("num_classes", None) is not None:
            adapted.built_with["decoder"] = "none"
    return adapted
