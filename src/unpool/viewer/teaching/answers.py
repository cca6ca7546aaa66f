"""Answers of the routes that teach.

The page's types are generated from them.
"""

from __future__ import annotations

from typing_extensions import TypedDict

from unpool.actions.sharing.collection import Counted


class TeachImage(TypedDict):
    """An image to label, and the likeliest name."""

    row: int
    reason: str  # why this one, in a few words
    label: str | None  # none before two names have labels
    probability: float | None  # of that name


class TeachBatch(TypedDict):
    """Images of one name to accept with one edit.

    They are near each other.
    """

    label: str
    rows: list[int]  # the most certain first
    probability: float  # mean of these images: the share that is expected to be right


class TeachAccuracy(TypedDict):
    """The share of images that would be named rightly.

    Of those without a label, as far as labels show.
    """

    value: float
    low: float  # of the 95 % interval
    high: float
    labels: int  # that it rests on


class Teaching(TypedDict):
    """What to label next, and what is learnt so far."""

    images: list[TeachImage]
    names: list[Counted]
    accuracy: TeachAccuracy | None  # none before two names have two labels each
    batches: list[TeachBatch]
    labelled: int
    left: int  # images without a label
    compared: int  # images that the next ones are chosen from: a sample of very large collections
    learnt: int  # labels that images and batches rest on: fewer than there are while the newest are learnt
