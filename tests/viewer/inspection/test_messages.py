"""What the page may ask about the inspector."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from unpool.viewer.inspection.messages import PreviewMove


def test_a_preview_names_images_and_what_they_are() -> None:
    assert PreviewMove(revision=1, rows=[2], verdict="good").rows == [2]


@pytest.mark.parametrize("wrong", [{"rows": []}, {"rows": [-1]}, {"verdict": "bad"}, {"by": "word"}])
def test_wrong_previews(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PreviewMove(**{"revision": 1, "rows": [0], "verdict": "good", **wrong})
