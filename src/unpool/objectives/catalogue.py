"""Every objective once, with its needs.

Options, commands and checks read it, so it imports no torch; an objective is its own file and one entry here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from unpool.errors import unknown_name


@dataclass(frozen=True)
class ObjectiveSpec:
    """One objective of `unpool train --objective`.

    Exactly one of `needs_decoder`, `needs_labels` and `compares_codes` holds.

    Args:
        name: What the user types.
        implementation: `module:Class` of a subclass of `objectives.base.Objective`.
        description: One line for people.
        needs_decoder: It compares the network's output with images.
        needs_labels: It needs the class of each image, and a network that scores classes.
        compares_codes: It compares codes of two views of each image. Then `--augment` names views, `--freeze`
            trains a head on the code, an encoder with weights from elsewhere is adapted, and the decoder gets no
            indices.
        losses: The kind of losses that `--loss` names; None where it compares codes.
        takes_corruption: `--corruption` names the noise on its input.
        min_images: Smallest number of images to train on.
    """

    name: str
    implementation: str
    description: str
    needs_decoder: bool = False
    needs_labels: bool = False
    compares_codes: bool = False
    losses: Literal["elementwise", "classes"] | None = None
    takes_corruption: bool = False
    min_images: int = 1


def _by_name(*specs: ObjectiveSpec) -> dict[str, ObjectiveSpec]:
    return {spec.name: spec for spec in specs}


OBJECTIVES: dict[str, ObjectiveSpec] = _by_name(
    ObjectiveSpec(
        "reconstruct", "unpool.objectives.reconstruction:Reconstruction", "the output should be the input",
        needs_decoder=True, losses="elementwise",
    ),
    ObjectiveSpec(
        "denoise", "unpool.objectives.denoising:Denoising",
        "the output for a corrupted image should be the clean one",
        needs_decoder=True, losses="elementwise", takes_corruption=True,
    ),
    ObjectiveSpec(
        "contrast", "unpool.objectives.contrastive:Contrast", "two views of an image should have similar codes",
        compares_codes=True, min_images=2,
    ),
    ObjectiveSpec(
        "aggregate", "unpool.objectives.local_aggregation.objective:Aggregation",
        "close neighbours should have similar codes", compares_codes=True, min_images=3,
    ),
    ObjectiveSpec(
        "classify", "unpool.objectives.classification:Classification", "scores should match the labels",
        needs_labels=True, losses="classes",
    ),
)  # fmt: skip


def find_objective(name: str) -> ObjectiveSpec:
    """Look up an objective by name.

    Raises:
        UsageError: no objective has this name.

    >>> find_objective("contrast").needs_decoder
    False
    """
    if name not in OBJECTIVES:
        raise unknown_name("objective", name, OBJECTIVES)
    return OBJECTIVES[name]
