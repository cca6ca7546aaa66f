from __future__ import annotations

import pytest

from unpool.actions.cleaning.settings import KEEP, CleanSettings
from unpool.core.settings import check_settings, options_of
from unpool.errors import UsageError


def test_the_options_are_those_of_the_interface() -> None:
    assert list(options_of(CleanSettings)) == ["problem", "keep", "to", "dry_run", "undo"]
    assert KEEP == ("best", "largest", "oldest", "first")
    with pytest.raises(UsageError, match="unknown --keep 'newest'"):
        check_settings(CleanSettings("duplicates", keep="newest"))
