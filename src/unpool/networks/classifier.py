"""An encoder with a head of class scores on top.

Shapes: B batch, C channels, H and W height and width, K classes.
"""

from __future__ import annotations

from torch import Tensor, nn

from unpool.networks.autoencoder import Autoencoder, Preprocessing, merge_code
from unpool.networks.decoders import Decoder, NoDecoder


class Classifier(Autoencoder):
    """`forward` gives class scores; `encode` and `embed` give the code below the head.

    >>> import torch
    >>> net = Classifier(nn.Conv2d(3, 4, 3), nn.Linear(4, 2), merge="mean")
    >>> net(torch.zeros(5, 3, 8, 8)).shape, net.embed(torch.zeros(5, 3, 8, 8)).shape
    (torch.Size([5, 2]), torch.Size([5, 4]))
    """

    def __init__(
        self,
        encoder: nn.Module,
        head: nn.Module,
        *,
        decoder: Decoder | None = None,
        network: str = "custom",
        preprocessing: Preprocessing | None = None,
        merge: str = "flatten",
    ) -> None:
        super().__init__(
            encoder, decoder or NoDecoder(), network=network, preprocessing=preprocessing, merge=merge
        )
        self.head = head

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Class scores before the softmax, (B, K)."""
        logits_BK: Tensor = self.head(merge_code(self.encode(x_BCHW), self.merge))
        return logits_BK


def with_classes(network: Autoencoder, num_classes: int) -> Classifier:
    """A network's own encoder under a fresh linear head of `num_classes` scores."""
    head = nn.Linear(network.dimension(), num_classes).to(next(network.encoder.parameters()))
    return Classifier(
        network.encoder,
        head,
        network=network.network,
        preprocessing=network.preprocessing,
        merge=network.merge,
    )


def lenet_head(size: int = 32, num_classes: int = 10) -> nn.Sequential:
    """LeNet's three linear layers on its 16 feature maps, for images of `size` pixels.

    >>> lenet_head()[0]
    Linear(in_features=400, out_features=120, bias=True)
    """
    side = ((size - 4) // 2 - 4) // 2
    return nn.Sequential(
        nn.Linear(16 * side * side, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, num_classes)
    )
