"""Values from Python: scalars of other libraries, and what is of a wrong type."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Optional

import numpy as np
import pytest

from unpool.core.calls.values import check_kind, plain
from unpool.errors import UsageError


@pytest.mark.parametrize("value", [np.int64(3), np.float32(0.5), np.bool_(True), np.array(7)])
def test_scalars_of_numpy_become_pythons_own(value: object) -> None:
    assert type(plain(value)) in (int, float, bool)
    assert plain(value) == value


def test_all_else_stays_what_it_is() -> None:
    array = np.arange(3)
    assert plain(array) is array
    assert plain("a") == "a"
    assert plain(None) is None


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (3, int), (3, float), (3, float | None), (None, Optional[int]), ("auto", int | Literal["auto"]),  # noqa: UP045
        (Path("a"), str | Path), (Path("a"), str), ("a", Path | None), ("a", Annotated[str, "note"]), (object(), Any),
        (["a"], Sequence[str] | None), (True, bool),
    ],
)  # fmt: skip
def test_what_fits_passes(value: object, hint: object) -> None:
    check_kind("x", value, hint)


@pytest.mark.parametrize(
    ("value", "hint", "expected"),
    [
        (3.5, int, "a whole number"),
        (True, int | None, "a whole number or None"),
        ("many", int | Literal["auto"], "a whole number or 'auto'"),
        (1, bool, "True or False"),
        (3, str | Path, "text or a path"),
        (np.arange(2), str, "text"),
    ],
)
def test_what_does_not_says_what_would(value: object, hint: object, expected: str) -> None:
    with pytest.raises(UsageError, match=f"^x is .*, but must be {expected}$"):
        check_kind("x", value, hint)
