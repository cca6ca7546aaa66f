"""Options of a training, and the plan they become."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from unpool.errors import UsageError
from unpool.objectives.catalogue import ObjectiveSpec, find_objective
from unpool.options import OPTIONS
from unpool.training.plan import Plan
from unpool.training.recipes import Recipe

DEFAULT_VAL = 0.1


@dataclass(frozen=True)
class LoopSettings:
    """Options of every training, of images as of segmenters.

    None leaves a value to the recipe.
    """

    epochs: Annotated[int | None, OPTIONS["epochs"]] = None
    steps: Annotated[int | None, OPTIONS["steps"]] = None
    minutes: Annotated[float | None, OPTIONS["minutes"]] = None
    batch: Annotated[int | None, OPTIONS["batch"]] = None
    optimizer: Annotated[str | None, OPTIONS["optimizer"]] = None
    lr: Annotated[float | None, OPTIONS["lr"]] = None
    weight_decay: Annotated[float | None, OPTIONS["weight-decay"]] = None
    schedule: Annotated[str | None, OPTIONS["schedule"]] = None
    loss: Annotated[str | None, OPTIONS["loss"]] = None
    freeze: Annotated[bool, OPTIONS["freeze"]] = False
    patience: Annotated[int | None, OPTIONS["patience"]] = None
    precision: Annotated[str, OPTIONS["precision"]] = "auto"
    resume: Annotated[bool, OPTIONS["resume"]] = False
    seed: Annotated[int, OPTIONS["seed"]] = 0
    device: Annotated[str, OPTIONS["device"]] = "auto"


@dataclass(frozen=True)
class ImageLoopSettings(LoopSettings):
    """Options of trainings on images without masks."""

    objective: Annotated[str | None, OPTIONS["objective"]] = None
    drop_last: Annotated[bool, OPTIONS["drop-last"]] = False
    corruption: Annotated[str | None, OPTIONS["corruption"]] = None


@dataclass(frozen=True)
class TrainSettings(ImageLoopSettings):
    """Options of `unpool train`; see `unpool train --help` for ranges."""

    network: Annotated[str | None, OPTIONS["train-network"]] = None
    from_: Annotated[Path | None, OPTIONS["from"]] = None
    size: Annotated[int | None, OPTIONS["size"]] = None
    width: Annotated[int | None, OPTIONS["width"]] = None
    decoder: Annotated[str | None, OPTIONS["decoder"]] = None
    no_indices: Annotated[bool, OPTIONS["no-indices"]] = False
    weights: Annotated[str | None, OPTIONS["weights"]] = None
    init: Annotated[str | None, OPTIONS["init"]] = None
    val: Annotated[float | str | None, OPTIONS["val"]] = None
    augment: Annotated[str | None, OPTIONS["augment"]] = None
    labels: Annotated[str | None, OPTIONS["train-labels"]] = None
    data: Annotated[Path | None, OPTIONS["data"]] = None

    @property
    def val_source(self) -> str | None:
        """The folder or set validated on; None: a share is."""
        return self.val if isinstance(self.val, str) else None

    @property
    def val_share(self) -> float:
        """The share of the images that is validated on, 0..0.9."""
        if isinstance(self.val, str):
            return 0.0
        return DEFAULT_VAL if self.val is None else float(self.val)


@dataclass(frozen=True)
class ReconstructSettings:
    """Options of `unpool reconstruct`.

    Args:
        corruption: noise on the input, such as "gaussian:sigma=0.1".
        no_indices: decode from the code alone; else as the model was trained.
        data: folder of named data sets.
        seed: of the corruption.
        device: where the network runs.
    """

    corruption: Annotated[str | None, OPTIONS["corruption"]] = None
    no_indices: Annotated[bool, OPTIONS["no-indices"]] = False
    data: Annotated[Path | None, OPTIONS["data"]] = None
    seed: Annotated[int, OPTIONS["seed"]] = 0
    device: Annotated[str, OPTIONS["device"]] = "auto"


@dataclass(frozen=True)
class ResolvedSettings:
    """The settings of a training with nothing left open.

    Args:
        objective: a name of `objectives.catalogue`.
        plan: how long and how to train.
        loss, corruption, augment: as typed; None for the objective's own.
        freeze: the encoder is not trained.
        precision: "auto", "fp32" or "bf16".
    """

    objective: str
    plan: Plan
    loss: str | None = None
    corruption: str | None = None
    augment: str | None = None
    freeze: bool = False
    precision: str = "auto"

    @property
    def spec(self) -> ObjectiveSpec:
        """What the objective needs."""
        return find_objective(self.objective)

    @property
    def trains_head(self) -> bool:
        """Whether only a head on frozen features is trained."""
        return self.freeze and self.spec.compares_codes

    @property
    def views(self) -> str | None:
        """The name of the compared views; None: the default."""
        from unpool.objectives.views import VIEWS

        return self.augment if self.augment in VIEWS else None

    def run_key(self) -> dict[str, Any]:
        """Return flat values that are equal for equal runs.

        model.json and checkpoints keep them.
        """
        values = {name: value for name, value in asdict(self).items() if name != "plan"}
        return values | asdict(self.plan)


def resolve_settings(
    settings: ImageLoopSettings, recipe: Recipe, *, val: float, augment: str | None = None
) -> ResolvedSettings:
    """Fill what was not typed from a network's recipe.

    Args:
        settings: as typed.
        recipe: the network's defaults.
        val: share of the images that is validated on.
        augment: as typed.

    Returns:
        The settings with nothing left open.

    Raises:
        UsageError: where options exclude each other, or a name is unknown.
    """
    check_one_duration(settings)
    objective = settings.objective or recipe.objective
    _check_objective_takes(find_objective(objective), settings, augment)
    plan = _plan(settings, recipe, val)
    resolved = ResolvedSettings(
        objective, plan, settings.loss, settings.corruption, augment, settings.freeze, settings.precision
    )
    check_optimisation(plan)
    _check_names(resolved)
    return resolved


def has_duration(settings: LoopSettings) -> bool:
    """Whether the length of the training was typed."""
    return any(value is not None for value in (settings.epochs, settings.steps, settings.minutes))


def check_one_duration(settings: LoopSettings) -> None:
    """Raise `UsageError` where more than one length is given."""
    if sum(value is not None for value in (settings.epochs, settings.steps, settings.minutes)) > 1:
        raise UsageError("--epochs, --steps and --minutes each say how long to train; give one of them")


def check_patience_has_validation(plan: Plan, validates: bool) -> None:
    """Raise `UsageError` for patience where nothing is validated."""
    if plan.patience is not None and not validates:
        raise UsageError(
            f"--patience {plan.patience} waits for a better validation loss, but --val 0 validates on nothing; "
            "give a share or a folder to validate on, or leave --patience out"
        )


def check_optimisation(plan: Plan) -> None:
    """Raise `UsageError` for a wrong optimiser or schedule."""
    import torch

    from unpool.training.optimisation.optimisers import build_optimiser
    from unpool.training.optimisation.schedules import build_schedule

    weight = torch.nn.Parameter(torch.zeros(2, 2))
    optimiser = build_optimiser(plan.optimizer, [weight], plan.lr, plan.weight_decay)
    build_schedule(plan.schedule, optimiser, 100, 10)


def read_val(text: str | None) -> float | str | None:
    """Parse `--val`: a share, or else a folder or set.

    Raises:
        UsageError: for an empty text.

    >>> read_val("0.2"), read_val("held-out")
    (0.2, 'held-out')
    """
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        if not text:
            raise UsageError("--val is empty, but must be a share such as 0.1, or a folder") from None
        return text


def _check_objective_takes(spec: ObjectiveSpec, settings: ImageLoopSettings, augment: str | None) -> None:
    """Raise `UsageError` for options that the objective would ignore."""
    if settings.corruption and not spec.takes_corruption:
        raise UsageError(f"--corruption is for --objective denoise, not {spec.name}")
    if settings.loss and spec.losses is None:
        raise UsageError(f"--loss has no effect on --objective {spec.name}; leave it out")
    if augment == "none" and spec.compares_codes:
        raise UsageError(
            f"--augment none: --objective {spec.name} compares two views of an image, which would be the same; "
            "name views, such as shift, or leave it out"
        )


def _check_names(resolved: ResolvedSettings) -> None:
    """Raise `UsageError` for unknown losses and corruptions before any image is opened."""
    from unpool.images.augment.noise import read_corruption
    from unpool.objectives.losses.registry import class_loss, elementwise_loss

    if resolved.loss is not None:
        (class_loss if resolved.spec.losses == "classes" else elementwise_loss)(resolved.loss)
    if resolved.corruption is not None:
        read_corruption(resolved.corruption, (0.0,), (1.0,))


def _plan(settings: ImageLoopSettings, recipe: Recipe, val: float) -> Plan:
    """The recipe's plan with what was typed in place of its parts."""
    from unpool.training.optimisation.optimisers import has_weight_decay

    is_typed = has_duration(settings)
    optimizer = settings.optimizer or recipe.optimizer
    decay = settings.weight_decay
    if decay is None and has_weight_decay(optimizer):
        decay = recipe.weight_decay
    return Plan(
        epochs=settings.epochs if is_typed else recipe.epochs,
        steps=settings.steps if is_typed else recipe.steps,
        minutes=settings.minutes,
        batch=settings.batch or recipe.batch,
        drop_last=settings.drop_last,
        optimizer=optimizer,
        schedule=settings.schedule or recipe.schedule,
        lr=settings.lr or recipe.lr,
        weight_decay=decay,
        val=val,
        patience=settings.patience,
        seed=settings.seed,
    )
