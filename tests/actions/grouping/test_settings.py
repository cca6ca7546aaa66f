"""The options of group, map and evaluate: defaults, and values that are rejected by the name of their flag."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, asdict

import pytest

from unpool.actions.grouping.settings import EvaluateSettings, GroupSettings, MapSettings
from unpool.core.settings import check_settings, options_of
from unpool.errors import UsageError
from unpool.options import MAPS, METHODS, OPTIONS


def test_defaults_are_allowed() -> None:
    assert asdict(GroupSettings()) == {
        "method": "auto", "groups": "auto", "merge": None, "split": None, "names": None, "seed": 0,
    }  # fmt: skip
    assert asdict(MapSettings()) == {"method": "tsne", "labels": None, "seed": 0}
    assert asdict(EvaluateSettings()) == {"labels": None}
    for settings in (GroupSettings(), MapSettings(), EvaluateSettings()):
        check_settings(settings)


def test_method_is_another_option_of_groups_than_of_maps() -> None:
    """Both fields are typed `--method`."""
    assert options_of(GroupSettings)["method"].choices == METHODS
    assert options_of(MapSettings)["method"].choices == MAPS
    for method in METHODS:
        check_settings(GroupSettings(method))
    for method in MAPS:
        check_settings(MapSettings(method))


def test_every_other_field_carries_the_option_of_its_name() -> None:
    for kind in (GroupSettings, MapSettings, EvaluateSettings):
        others = [name for name in kind.__dataclass_fields__ if name != "method"]
        assert {name: options_of(kind)[name] for name in others} == {name: OPTIONS[name] for name in others}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (GroupSettings("tsne"), r"unknown --method 'tsne'"),
        (GroupSettings(groups=1), r"--groups is 1, but must be a number from 2 to 100000 or auto"),
        (GroupSettings(merge=0), r"--merge is 0, but must be a number from 1"),
        (GroupSettings(split=-1), r"--split is -1, but must be a number from 0"),
        (GroupSettings(seed=-1), r"--seed is -1, but"),
        (MapSettings("kmeans"), r"unknown --method 'kmeans'"),
        (MapSettings(seed=-1), r"--seed is -1, but"),
    ],
)
def test_values_out_of_range_are_rejected(settings: GroupSettings | MapSettings, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_settings(settings)


def test_bounds_are_allowed() -> None:
    check_settings(GroupSettings("kmeans", 2, merge=1))
    check_settings(GroupSettings(split=0))


def test_settings_do_not_change_during_a_command() -> None:
    with pytest.raises(FrozenInstanceError):
        GroupSettings().seed = 1  # type: ignore[misc]
