"""Learn from labels while they are given.

What is computed after a label never delays the next one: a thread learns, and who asks gets its latest answer.

Shapes: N images with a vector, D numbers each, K names.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from unpool.actions.teaching.advice import Labels, choose_next, fit_labels, probabilities, try_labels
from unpool.analysis.classification.batches import Batch, find_batches
from unpool.analysis.classification.estimates import Estimate
from unpool.analysis.classification.next_labels import Axes, Choice, find_axes
from unpool.analysis.neighbours import Floats

PATIENCE = 0.05  # seconds that an answer waits for what is learnt from the newest label
MIN_GROWTH = 0.05  # of the labels since the last estimate, before there is another
QUEUE = 32  # images that are chosen ahead; more in steps of as many


@dataclass(frozen=True)
class Advice:
    """What was learnt from some labels.

    Attributes:
        labels: those that it rests on.
        choices: images to label next, the best first.
        likeliest: the name of each and its probability, None before two names have labels.
        batches: images near each other that all seem to have one name.
        estimate: of the accuracy, perhaps from a few labels less; None where there are too few.
    """

    labels: Labels
    choices: Sequence[Choice]
    likeliest: Sequence[tuple[int, float] | None]
    batches: Sequence[Batch]
    estimate: Estimate | None


@dataclass(frozen=True)
class _Request:
    labels: Labels
    num_choices: int

    def is_same(self, other: _Request | None) -> bool:
        """Whether another one has the same answer."""
        return (
            other is not None
            and self.num_choices == other.num_choices
            and list(self.labels.names) == list(other.labels.names)
            and np.array_equal(self.labels.code_N, other.labels.code_N)
            and np.array_equal(self.labels.is_open_N, other.labels.is_open_N)
        )


class Teacher:
    """What labels say of vectors held in memory.

    Args:
        unit_ND: Vectors of length one.
        num_groups: Groups of the workspace, by which it is decided how many typical images come first.
        seed: Of samples, clusters and folds.
    """

    def __init__(self, unit_ND: Floats, *, num_groups: int = 0, seed: int = 0) -> None:
        self._unit_ND, self._num_groups, self._seed = unit_ND, num_groups, seed
        self._changed = threading.Condition()
        self._axes: Axes | None = None
        self._newest: _Request | None = None
        self._answered: _Request | None = None
        self._advice: Advice | None = None
        self._error: Exception | None = None
        self._is_working = False
        self._tried: int | None = None  # labels that the last attempt at an estimate rested on

    def advise(self, labels: Labels, k: int, *, patience: float | None = PATIENCE) -> Advice:
        """Say what to label next.

        Args:
            labels: The labels now.
            k: How many images at least, where there are as many.
            patience: Seconds to wait for what is learnt from these labels, before the answer is that of earlier ones;
                the first answer is always waited for, and None waits until all is learnt, the estimate too.

        Returns:
            What was learnt; `labels` says from which labels.
        """
        request = _Request(labels, QUEUE * -(-max(k, 1) // QUEUE))
        with self._changed:
            self._newest = request
            if not self._is_working:
                self._is_working = True
                threading.Thread(target=self._work, name="teacher", daemon=True).start()
            waits = patience if self._advice is not None else None
            self._changed.wait_for(lambda: self._has_answer(request, patience is None), waits)
            if self._error is not None:
                error, self._error = self._error, None
                raise error
            assert self._advice is not None
            return self._advice

    def _has_answer(self, request: _Request, is_whole: bool) -> bool:
        if self._error is not None:
            return True
        return not self._is_working if is_whole else request.is_same(self._answered)

    def _work(self) -> None:
        """Answer the newest request, then estimate, until there is nothing newer."""
        try:
            while (request := self._next_request()) is not None:
                advice = self._learn(request) if not request.is_same(self._answered) else self._try(request)
                with self._changed:
                    self._advice, self._answered = advice, request
                    self._changed.notify_all()
        except Exception as error:  # whoever asks next gets it
            with self._changed:
                self._error, self._is_working, self._answered = error, False, None
                self._changed.notify_all()

    def _next_request(self) -> _Request | None:
        with self._changed:
            request = self._newest
            if request is not None and (
                not request.is_same(self._answered) or self._needs_estimate(request.labels)
            ):
                return request
            self._is_working = False
            self._changed.notify_all()
            return None

    def _needs_estimate(self, labels: Labels) -> bool:
        """Whether labels have come or gone since the last estimate, and not too few of many."""
        tried, now = self._tried, labels.num_labelled
        return now != tried if tried is None or now < tried else now - tried > MIN_GROWTH * tried

    def _learn(self, request: _Request) -> Advice:
        labels, unit_ND = request.labels, self._unit_ND
        if self._axes is None:
            self._axes = find_axes(unit_ND, seed=self._seed)
        head = fit_labels(unit_ND, labels, seed=self._seed)
        logit_NK = None if head is None else head.logits_of_unit(unit_ND)
        choices = choose_next(
            unit_ND, labels, logit_NK, request.num_choices, num_groups=self._num_groups, axes=self._axes,
            seed=self._seed,
        )  # fmt: skip
        estimate = self._advice.estimate if self._advice is not None else None
        if logit_NK is None:
            return Advice(labels, choices, [None] * len(choices), [], None)
        probability_NK = probabilities(logit_NK, estimate)
        likeliest = [_likeliest(probability_NK[choice.row]) for choice in choices]
        is_free_N = labels.is_open_N & (labels.code_N < 0)
        batches = [] if estimate is None else find_batches(unit_ND, probability_NK, is_free_N)
        return Advice(labels, choices, likeliest, batches, estimate)

    def _try(self, request: _Request) -> Advice:
        assert self._advice is not None
        was = self._advice.estimate
        estimate = try_labels(self._unit_ND, request.labels, seed=self._seed)
        self._tried = request.labels.num_labelled
        if (was is None) != (estimate is None):  # probabilities become calibrated, or batches possible
            self._advice = replace(self._advice, estimate=estimate)
            return self._learn(request)
        return replace(self._advice, estimate=estimate)


def _likeliest(probability_K: Floats) -> tuple[int, float]:
    best = int(probability_K.argmax())
    return best, float(probability_K[best])
