"""What Python programs give as paths, groups and values is taken in any form, or refused by its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from unpool.core.calls.arguments import as_field_value, as_group, as_groups, as_paths, check_path
from unpool.errors import UsageError


def test_forms_that_are_taken() -> None:
    assert as_paths(Path("a/b.png")) == as_paths(each for each in ["a/b.png"]) == ["a/b.png"]
    assert as_groups(np.array([1, 2])) == [1, 2]
    assert as_group("group", np.int32(-1)) == -1
    assert as_field_value(np.float32(0.5)) == 0.5
    assert as_field_value({"a": 1}) == ["a"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: check_path("work", 3), "work is 3, but must be a path"),
        (lambda: as_paths(3), "paths is 3, but must be a path or a list"),  # type: ignore[arg-type]
        (lambda: as_paths([None]), "a path is None"),  # type: ignore[list-item]
        (lambda: as_group("group", True), "group is True"),
        (lambda: as_group("group", 1.5), "group is 1.5"),
        (lambda: as_groups("03"), "groups is '03'"),
        (lambda: as_field_value(object()), "must be text, a number, a list of texts"),
    ],
)
def test_others_are_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        call()
