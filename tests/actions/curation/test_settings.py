"""The options of check, search and spread: defaults, and values that are rejected by the name of their flag."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, astuple

import pytest

from unpool.actions.curation.settings import CheckSettings, SearchSettings, SpreadSettings
from unpool.core.settings import check_settings, options_of
from unpool.errors import UsageError
from unpool.options import OPTIONS


def test_defaults_are_allowed() -> None:
    for settings, values in (
        (CheckSettings(), (None, 0, "auto", None, None)), (SearchSettings(), (12, "auto", None, None, None)),
        (SpreadSettings(), (0.1, 0)),
    ):  # fmt: skip
        assert astuple(settings) == values
        check_settings(settings)


def test_every_field_carries_the_option_of_its_name() -> None:
    for kind in (CheckSettings, SearchSettings, SpreadSettings):
        named = {name: OPTIONS.get(name) for name in kind.__dataclass_fields__}
        if kind is CheckSettings:
            named["labels"] = OPTIONS["check-labels"]  # those of other commands mean true classes
            named["model"] = OPTIONS["check-model"]  # that of other commands embeds
            named["threshold"] = OPTIONS["check-threshold"]  # that of others counts for one run
        if kind is SearchSettings:
            named["without"] = OPTIONS["not"]  # a word of Python
        assert options_of(kind) == named


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (CheckSettings(seed=-1), r"--seed is -1, but must be a number from 0 to 2147483647"),
        (CheckSettings(device="gpu"), r"unknown --device 'gpu'"),
        (SearchSettings(k=0), r"--k is 0, but must be a number from 1 to 100000"),
        (SearchSettings(device="tpu"), r"unknown --device 'tpu'"),
        (SpreadSettings(seed=2**31), r"--seed is 2147483648, but"),
    ],
)
def test_values_out_of_range_are_rejected(
    settings: CheckSettings | SearchSettings | SpreadSettings, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        check_settings(settings)


def test_settings_do_not_change_during_a_command() -> None:
    with pytest.raises(FrozenInstanceError):
        CheckSettings().seed = 1  # type: ignore[misc]
