"""Default training settings of each network.

As published where it was, else what did well here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """Defaults of `unpool train` for one network.

    Every part can be set by its flag.
    """

    epochs: int | None = 20
    batch: int = 128
    optimizer: str = "adamw"
    schedule: str = "cosine"
    lr: float = 2e-3
    weight_decay: float = 1e-5
    objective: str = "reconstruct"
    steps: int | None = None  # instead of epochs, where small sets need as many steps as large ones


SYSTEM_B = Recipe(20, 256, "adamw", "constant", 1e-3, 1e-5)
SYSTEM_D = Recipe(5, 100, "adam", "constant", 1e-3, 0.0)
PHOTOGRAPHS = Recipe(20, 32, "adamw", "cosine", 1e-3, 1e-4)

RECIPES = {
    "conv-small": SYSTEM_B,
    "dense": SYSTEM_B,
    "unpooling": SYSTEM_D,
    "strided": SYSTEM_D,
    "denoiser": Recipe(None, 32, "adamw", "cosine", 1e-2, 0.0, objective="denoise", steps=5000),
    "sequence": Recipe(10, 100, "adam", "cosine", 1e-3, 0.0),
    "lenet": Recipe(20, 64, "adamw", "cosine", 2e-3, 1e-2, objective="classify"),
    "vgg11-bn": PHOTOGRAPHS,
    "vgg13-bn": PHOTOGRAPHS,
    "vgg16-bn": PHOTOGRAPHS,
    "vgg19-bn": PHOTOGRAPHS,
}

HEAD = Recipe(50, 256, "adamw", "cosine", 1e-3, 1e-4, objective="contrast")
"""Of a head on frozen features, whose steps cost next to nothing."""

ADAPTED_SHARE = 0.1
"""Of the learning rate, for an encoder that comparing adapts from what it learnt before (docs/decisions/0011)."""


def recipe_for(network: str, is_backbone: bool = False) -> Recipe:
    """Return the recipe of a network.

    Networks of the catalogue have their own, backbones and all others a common one.

    >>> recipe_for("conv-small").batch, recipe_for("resnet50", is_backbone=True).batch
    (256, 32)
    """
    return RECIPES.get(network, PHOTOGRAPHS if is_backbone else Recipe())
