"""A teacher answers at once, learns meanwhile, and is right in the end."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from support.kinds import make_kinds
from unpool.actions.teaching import teacher as module
from unpool.actions.teaching.advice import Labels
from unpool.actions.teaching.teacher import Teacher

NAMES = ["cat", "dog", "owl"]


def labels_of(kind_N: np.ndarray, known: int) -> Labels:
    code_N = np.where(np.arange(len(kind_N)) < known, kind_N, -1)
    return Labels(NAMES, code_N, np.ones(len(kind_N), bool))


def test_answers_rest_on_the_labels() -> None:
    unit_ND, kind_N = make_kinds((120, 80, 60), spread=0.3)
    teacher = Teacher(unit_ND)
    first = teacher.advise(labels_of(kind_N, 0), 5)
    assert {choice.reason for choice in first.choices[:5]} == {"typical"}
    assert (set(first.likeliest), first.batches, first.estimate) == ({None}, [], None)
    advice = teacher.advise(labels_of(kind_N, 40), 5, patience=None)
    assert advice.labels.num_labelled == 40
    assert all(choice.row >= 40 for choice in advice.choices)
    assert advice.estimate is not None
    assert (advice.estimate.labels, advice.estimate.value) == (40, 1)
    for choice, likeliest in zip(advice.choices, advice.likeliest, strict=True):
        assert likeliest is not None
        assert likeliest[0] == kind_N[choice.row]
    assert {batch.class_ for batch in advice.batches} == {0, 1, 2}
    for batch in advice.batches:
        assert set(kind_N[batch.rows]) == {batch.class_}
        assert len(batch.rows) == 20
        assert min(batch.rows) >= 40


def test_a_label_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    unit_ND, kind_N = make_kinds((60, 40, 30), spread=0.3)
    teacher, may_go_on = Teacher(unit_ND), threading.Event()
    teacher.advise(labels_of(kind_N, 12), 5, patience=None)
    fit = module.fit_labels

    def fit_slowly(*arguments: Any, **keywords: Any) -> Any:
        assert may_go_on.wait(20)
        return fit(*arguments, **keywords)

    monkeypatch.setattr(module, "fit_labels", fit_slowly)
    assert teacher.advise(labels_of(kind_N, 13), 5, patience=0.01).labels.num_labelled == 12
    assert teacher.advise(labels_of(kind_N, 20), 5, patience=0.01).labels.num_labelled == 12
    may_go_on.set()
    assert teacher.advise(labels_of(kind_N, 20), 5, patience=None).labels.num_labelled == 20


def test_estimates_are_made_as_labels_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    unit_ND, kind_N = make_kinds((150, 100), spread=0.3)
    teacher, tried, attempt = Teacher(unit_ND), [], module.try_labels

    def note(unit: Any, labels: Labels, *, seed: int) -> Any:
        tried.append(labels.num_labelled)
        return attempt(unit, labels, seed=seed)

    monkeypatch.setattr(module, "try_labels", note)
    for known in (10, 11, 100, 103, 106, 99):
        teacher.advise(labels_of(kind_N, known), 5, patience=None)
    assert tried == [10, 11, 100, 106, 99]


def test_more_images_can_be_had() -> None:
    unit_ND, kind_N = make_kinds((60, 40))
    teacher = Teacher(unit_ND)
    assert len(teacher.advise(labels_of(kind_N, 0), 5).choices) == 32
    assert len(teacher.advise(labels_of(kind_N, 0), 33, patience=None).choices) == 64
    assert len(teacher.advise(labels_of(kind_N, 60), 1000, patience=None).choices) == 40


def test_an_error_reaches_who_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    unit_ND, kind_N = make_kinds((20, 20))
    teacher = Teacher(unit_ND)

    def fail(*arguments: object, **keywords: object) -> None:
        raise MemoryError("no room")

    with monkeypatch.context() as broken:
        broken.setattr(module, "find_axes", fail)
        with pytest.raises(MemoryError, match="no room"):
            teacher.advise(labels_of(kind_N, 0), 5)
    assert teacher.advise(labels_of(kind_N, 0), 5).choices
