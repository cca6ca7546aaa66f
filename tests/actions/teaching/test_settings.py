"""The options of verbs that teach: defaults, and values that are rejected by the name of their flag."""

from __future__ import annotations

import pytest

from unpool.actions.teaching.settings import SuggestSettings
from unpool.core.settings import check_settings
from unpool.errors import UsageError


def test_defaults_are_allowed() -> None:
    settings = SuggestSettings()
    assert (settings.k, settings.field, settings.seed) == (20, "label", 0)
    check_settings(settings)


@pytest.mark.parametrize("k", [0, 100_001])
def test_values_out_of_range_are_rejected(k: int) -> None:
    with pytest.raises(UsageError, match=rf"--k is {k}, but must be a number from 1 to 100000"):
        check_settings(SuggestSettings(k=k))
