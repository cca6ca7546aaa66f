from __future__ import annotations

import pytest
from pydantic import ValidationError

from unpool.viewer.cleaning.messages import CleanRequest, PlanRequest


def test_requests_name_kinds_choices_and_places() -> None:
    assert PlanRequest(revision=1, problem="duplicates", keep="best").keep == "best"
    for body in ({"problem": "duplicates", "keep": "newest"}, {"problem": "none", "keep": "best"}):
        with pytest.raises(ValidationError):
            PlanRequest.model_validate({"revision": 1, **body})
    with pytest.raises(ValidationError):
        CleanRequest.model_validate({"revision": 1, "token": "t", "to": "/etc"})
