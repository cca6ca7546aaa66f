"""The kinds that can be typed are those there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from unpool.actions.fields.settings import ImportSettings
from unpool.core.settings import check_settings
from unpool.errors import UsageError
from unpool.store.fields.kinds import KINDS


def test_every_kind_can_be_typed_and_no_other() -> None:
    for kind in KINDS:
        check_settings(ImportSettings(Path("a.csv"), "weight", kind))
    with pytest.raises(UsageError, match="--kind"):
        check_settings(ImportSettings(Path("a.csv"), "weight", "numbre"))
