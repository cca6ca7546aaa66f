"""An encoder with a head of class scores on top.

Shapes: B batch, C channels, H and W height and width, K classes.
"""

from __future__ import annotations

from torch import Tensor, nn

from unpool.errors import UsageError
from unpool.networks.autoencoder import Autoencoder, merge_code
from unpool.networks.decoders.base import Decoder, NoDecoder
from unpool.networks.preprocessing import Preprocessing


class Classifier(Autoencoder):
    """An encoder with class scores; `embed` gives the code.

    Args:
        encoder: Images to codes.
        head: Merged codes to K scores.
        decoder: None stands for no decoder.
        architecture: The network's name.
        preprocessing: How pixels become the input.
        merge: "flatten" or "mean", how a code becomes a vector.

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
        architecture: str = "custom",
        preprocessing: Preprocessing | None = None,
        merge: str = "flatten",
    ) -> None:
        super().__init__(
            encoder,
            decoder or NoDecoder(),
            architecture=architecture,
            preprocessing=preprocessing,
            merge=merge,
        )
        self.head = head

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Return class scores before the softmax, (B, K)."""
        logits_BK: Tensor = self.head(merge_code(self.encode(x_BCHW), self.merge))
        return logits_BK


def with_classes(network: Autoencoder, num_classes: int) -> Classifier:
    """Put a fresh linear classifier on an encoder.

    The network's own encoder is used, its decoder left out.
    Raises UsageError for fewer than two classes.

    >>> import torch
    >>> network = Autoencoder(nn.Conv2d(3, 4, 3), preprocessing=Preprocessing(size=8))
    >>> with_classes(network, 5).head
    Linear(in_features=144, out_features=5, bias=True)
    """
    check_enough_classes(num_classes)
    head = nn.Linear(network.dimension(), num_classes).to(next(network.encoder.parameters()))
    classifier = Classifier(
        network.encoder,
        head,
        architecture=network.architecture,
        preprocessing=network.preprocessing,
        merge=network.merge,
    )
    if network.built_with is not None:
        without_decoder = {} if "description" in network.built_with else {"decoder": "none"}
        classifier.built_with = {**network.built_with, **without_decoder, "num_classes": num_classes}
    return classifier


def check_enough_classes(num_classes: int) -> None:
    """Raise UsageError for fewer than two classes."""
    if num_classes < 2:
        raise UsageError(f"num_classes {num_classes} leaves nothing to distinguish; give at least 2")


def lenet_head(size: int = 32, num_classes: int = 10) -> nn.Sequential:
    """Build LeNet's three linear layers on its 16 feature maps.

    `size` is the side of the images, pixels.

    >>> lenet_head()[0]
    Linear(in_features=400, out_features=120, bias=True)
    """
    check_enough_classes(num_classes)
    side = ((size - 4) // 2 - 4) // 2
    return nn.Sequential(
        nn.Linear(16 * side * side, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, num_classes)
    )
