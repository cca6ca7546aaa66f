"""The table of options that verbs share."""

from __future__ import annotations

import pytest

from unpool.errors import UsageError
from unpool.options import OPTIONS, check


def test_every_option_is_described_in_a_line() -> None:
    for name, option in OPTIONS.items():
        assert name == name.lower()
        assert "_" not in name
        assert "\n" not in option.describe()
        assert not option.help.endswith(".")


def test_check_takes_underscores_for_dashes() -> None:
    with pytest.raises(UsageError, match="--weight-decay is -1"):
        check(weight_decay=-1)
