"""How a training divides the time that it has."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from unpool.core.atomic_files import write_json
from unpool.training.plan import Plan

DEFAULT_STEPS = 700  # at small sizes: about 180,000 images seen
DEFAULT_MINUTES = 5.0  # where images are larger
BATCH = 256  # contrast is among the images of a batch
MAX_SMALL_SIDE = 32  # pixels
NUM_REFINEMENTS = 2  # self-labelling phases after the contrastive one
REFINEMENT_LENGTH = 0.4  # of each, as a share of the contrastive steps
REFINEMENT_LR = 1e-3
# The refinements share what is left after grouping; their steps cost half as much.
CONTRASTIVE_TIME_SHARE = 0.66
MIN_REFINEMENT_MINUTES = 0.02
MINUTES = "minutes.json"  # beside the checkpoint of a refinement: the time that it was given


class Clock:
    """The time of a training, and what is left.

    Args:
        minutes: For all phases; None where steps are counted instead.
    """

    def __init__(self, minutes: float | None = None) -> None:
        self.minutes = minutes
        self.spent = self.grouping = 0.0  # minutes; of the latest grouping

    @contextmanager
    def grouping_timed(self) -> Iterator[None]:
        """Count a grouping."""
        start = time.perf_counter()
        yield
        self.grouping = (time.perf_counter() - start) / 60
        self.spent += self.grouping

    def refinement_minutes(self, number: int) -> float:
        """Compute the length of a refinement.

        It is an equal part of what groupings to come leave.

        >>> clock = Clock(2.0)
        >>> clock.spent, clock.grouping = 1.4, 0.1
        >>> round(clock.refinement_minutes(0), 3), round(clock.refinement_minutes(1), 3)
        (0.25, 0.6)
        """
        assert self.minutes is not None
        left = NUM_REFINEMENTS - number
        rest = self.minutes - self.spent - (left - 1) * self.grouping
        return max(MIN_REFINEMENT_MINUTES, rest / left)

    def refinement_plan(self, number: int, folder: Path, run: Mapping[str, object], seed: int) -> Plan:
        """Plan a refinement.

        A run that was stopped goes on with the time that it had.

        Args:
            number: Of the phase, from 0.
            folder: Of its checkpoint, where its time is kept.
            run: What makes this run this run.
            seed: Of the phase.

        Returns:
            Its plan.
        """
        path, key = folder / MINUTES, {"minutes in all": self.minutes, **run}
        kept = json.loads(path.read_text("utf-8")) if path.is_file() else {}
        minutes = kept["minutes"] if kept.get("run") == key else self.refinement_minutes(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, {"run": key, "minutes": minutes})
        return Plan(minutes=minutes, batch=BATCH, lr=REFINEMENT_LR, val=0.0, seed=seed)


def total_minutes(size: int, minutes: float | None, steps: int | None) -> float | None:
    """Compute the time of a training.

    Args:
        size: Side of the images, pixels.
        minutes: Requested time.
        steps: Requested steps.

    Returns:
        Minutes; None where steps are counted.

    >>> total_minutes(8, None, None), total_minutes(64, None, None), total_minutes(8, 3.0, None)
    (None, 5.0, 3.0)
    """
    if steps is not None or (minutes is None and size <= MAX_SMALL_SIDE):
        return None
    return DEFAULT_MINUTES if minutes is None else minutes


def contrastive_plan(num_images: int, minutes: float | None, steps: int | None, seed: int) -> Plan:
    """Plan the first phase by its share.

    Nothing is held out: the loss on images held out says little of how well codes group, and each image helps.

    Args:
        num_images: Number of images.
        minutes: For all phases; None where steps are counted.
        steps: In all phases; None for the default.
        seed: Of the phase.

    Returns:
        The plan.
    """
    if minutes is not None:
        return Plan(minutes=minutes * CONTRASTIVE_TIME_SHARE, batch=BATCH, val=0.0, seed=seed)
    if steps is not None:
        contrastive = max(1, round(steps / (1 + NUM_REFINEMENTS * REFINEMENT_LENGTH)))
        return Plan(steps=contrastive, batch=BATCH, val=0.0, seed=seed)
    return Plan(steps=max(DEFAULT_STEPS, -(-num_images // BATCH)), batch=BATCH, val=0.0, seed=seed)


def refinement_plan(steps: int, seed: int) -> Plan:
    """Plan a refinement of so many steps, one at least.

    >>> refinement_plan(0, 3).steps
    1
    """
    return Plan(steps=max(1, steps), batch=BATCH, lr=REFINEMENT_LR, val=0.0, seed=seed)
