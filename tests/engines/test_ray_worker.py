"""A worker builds its work once, and only of the version that sends it."""

from __future__ import annotations

import pytest

from unpool import __version__
from unpool.engines.ray_worker import Place, RayWorker, Work
from unpool.errors import UnpoolError


def build(place: Place) -> Work:
    return lambda items: [(item, place.device) for item in items]


def test_a_worker_does_what_it_has_built() -> None:
    worker = RayWorker()
    (node,) = worker.prepare(build, Place("cuda", 4), __version__)
    assert node
    assert worker.work([1, 2]) == [(1, "cuda"), (2, "cuda")]


def test_another_version_is_named_with_its_machine() -> None:
    with pytest.raises(UnpoolError, match=rf"has unpool {__version__}, and this one 9\.9; install the same"):
        RayWorker().prepare(build, Place("cpu", 1), "9.9")
