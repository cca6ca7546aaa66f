"""Each network of the catalogue is trained as published, where it was."""

from __future__ import annotations

import pytest

from unpool.networks.catalogue import CATALOGUE
from unpool.training.optimisation.optimisers import OPTIMISERS
from unpool.training.recipes import HEAD, PHOTOGRAPHS, RECIPES, Recipe, recipe_for


@pytest.mark.parametrize(
    ("network", "published"),
    [
        ("conv-small", (20, 256, "adamw", 1e-3, 1e-5)),
        ("unpooling", (5, 100, "adam", 1e-3, 0.0)),
        ("strided", (5, 100, "adam", 1e-3, 0.0)),
    ],
)
def test_published_settings(network: str, published: tuple[object, ...]) -> None:
    recipe = recipe_for(network)
    assert (recipe.epochs, recipe.batch, recipe.optimizer, recipe.lr, recipe.weight_decay) == published


def test_recipes_are_of_networks_that_exist_and_have_one_length() -> None:
    assert set(RECIPES) <= set(CATALOGUE)
    for recipe in [*RECIPES.values(), HEAD, Recipe()]:
        assert (recipe.epochs is None) != (recipe.steps is None), recipe
        assert recipe.optimizer in OPTIMISERS


def test_backbones_and_others_have_defaults() -> None:
    assert recipe_for("resnet50", is_backbone=True) is PHOTOGRAPHS
    assert recipe_for("mine") == Recipe()
    assert recipe_for("lenet", is_backbone=True).objective == "classify", "the catalogue goes first"
