"""Every head can be chosen, and values out of range are errors."""

from __future__ import annotations

import pytest

from unpool.actions.teaching.classify_settings import (
    HEAD_KINDS,
    ClassifyPredictSettings,
    ClassifyTrainSettings,
)
from unpool.analysis.classification.heads import HEADS
from unpool.core.settings import check_settings
from unpool.errors import UsageError


def test_every_head_can_be_chosen() -> None:
    assert set(HEAD_KINDS) == {"auto", *HEADS}


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (ClassifyTrainSettings(error=0), "--error is 0"),
        (ClassifyTrainSettings(head="tree"), "head"),
        (ClassifyPredictSettings(to="xml"), "--to"),
    ],
)
def test_wrong_values_name_the_flag(settings: object, text: str) -> None:
    with pytest.raises(UsageError, match=text):
        check_settings(settings)
