"""A wrong request is refused, and its names are those of the registries."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import ValidationError

from unpool.store.columns import sort_keys
from unpool.viewer.messages import requests


@pytest.mark.parametrize(
    "body",
    [
        {"rows": [-1], "revision": 1},
        {"rows": [0] * 1001, "revision": 1},
        {"rows": [0]},
        {"rows": [0], "revision": 1, "x": 1},
    ],
)
def test_a_wrong_request_is_rejected(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        requests.Rows.model_validate(body)


def test_names_are_those_of_the_registries() -> None:
    assert get_args(requests.SortKey) == sort_keys()
    assert "html" in get_args(requests.FileFormat)
    assert "suggested" in get_args(requests.ProblemName)
