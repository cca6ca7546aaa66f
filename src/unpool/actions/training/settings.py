"""What a network is trained for and how: a recipe, with what was typed in place of its parts."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from unpool.errors import UsageError
from unpool.options import COMPARING
from unpool.training.plan import Plan
from unpool.training.recipes import Recipe

DURATION_OPTIONS = ("epochs", "steps", "minutes")
RANGE_CHECKED_OPTIONS = (*DURATION_OPTIONS, "batch", "lr", "weight_decay", "patience", "precision", "seed")


@dataclass(frozen=True)
class TrainingSettings:
    """What a network is trained for and how, nothing left open; `plan` is how long and how fast."""

    objective: str
    plan: Plan
    loss: str | None = None
    corruption: str | None = None
    augment: str | None = None
    freeze: bool = False
    precision: str = "auto"

    @property
    def views(self) -> str | None:
        """The name of the views that an objective compares; None for its default."""
        from unpool.objectives.views import VIEWS

        return self.augment if self.augment in VIEWS else None

    def asked(self) -> dict[str, Any]:
        """The same for the same wishes, flat, as model.json and checkpoints keep it."""
        told = {name: value for name, value in asdict(self).items() if name != "plan"}
        return told | asdict(self.plan)


def resolve_settings(recipe: Recipe, objective: str | None, typed: dict[str, Any]) -> TrainingSettings:
    """The recipe with what was typed in place of its parts; UsageError where two lengths are given."""
    given = {name: value for name, value in typed.items() if value is not None}
    if sum(name in given for name in DURATION_OPTIONS) > 1:
        raise UsageError("--epochs, --steps and --minutes each say how long to train; give one of them")
    chosen = objective or recipe.objective
    if given.get("corruption") and chosen != "denoise":
        raise UsageError(f"--corruption is for --objective denoise, not {chosen}")
    if given.get("loss") and chosen in COMPARING:
        raise UsageError(f"--loss has no say in --objective {chosen}; leave it out")
    if given.get("augment") == "none" and chosen in COMPARING:
        raise UsageError(
            f"--augment none: --objective {chosen} compares two views of an image, which would be the same; "
            "name views, such as shift, or leave it out"
        )
    is_given = any(name in given for name in DURATION_OPTIONS)
    plan = Plan(
        epochs=None if is_given else recipe.epochs,
        steps=None if is_given else recipe.steps,
        batch=recipe.batch, optimizer=recipe.optimizer, schedule=recipe.schedule, lr=recipe.lr,
        weight_decay=_decay(recipe, given),
    )  # fmt: skip
    names = set(asdict(plan))
    plan = replace(plan, **{name: value for name, value in given.items() if name in names})
    how = TrainingSettings(
        chosen, plan, **{name: value for name, value in given.items() if name not in names}
    )
    _try_names(how)
    return how


def check_patience_has_validation(plan: Plan, validates: bool) -> None:
    """`UsageError` where patience waits for a validation that never comes."""
    if plan.patience is not None and not validates:
        raise UsageError(
            f"--patience {plan.patience} waits for a better validation loss, but --val 0 validates on nothing; "
            "give a share or a folder to validate on, or leave --patience out"
        )


def _try_names(how: TrainingSettings) -> None:
    """Raise `UsageError` for names that are wrong before anything is opened."""
    import torch

    from unpool.images.augment.noise import read_corruption
    from unpool.objectives.losses.registry import class_loss, elementwise_loss
    from unpool.training.optimisation.optimisers import build_optimiser
    from unpool.training.optimisation.schedules import build_schedule

    plan = how.plan
    weight = torch.nn.Parameter(torch.zeros(2, 2))
    optimiser = build_optimiser(plan.optimizer, [weight], plan.lr, plan.weight_decay)
    build_schedule(plan.schedule, optimiser, 100, 10)
    if how.loss is not None:
        (class_loss if how.objective == "classify" else elementwise_loss)(how.loss)
    if how.corruption is not None:
        read_corruption(how.corruption, (0.0,), (1.0,))


def _decay(recipe: Recipe, given: dict[str, Any]) -> float | None:
    """The recipe's weight decay; None where the optimiser that was named has none."""
    from unpool.training.optimisation.optimisers import has_weight_decay

    return recipe.weight_decay if has_weight_decay(given.get("optimizer", recipe.optimizer)) else None
