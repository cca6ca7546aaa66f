"""The options of run, demo and embed: defaults, and values that are rejected by the name of their flag."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, asdict

import pytest

from unpool.actions.embedding.settings import DemoSettings, EmbedSettings, RunSettings
from unpool.actions.encoders.model_request import request_from
from unpool.core.settings import check_settings, flag_name, options_of, settings_from
from unpool.errors import UsageError
from unpool.options import OPTIONS


def test_a_run_chooses_network_groups_and_time_itself() -> None:
    settings = RunSettings()
    assert asdict(settings) == {
        "network": "auto", "weights": None, "groups": None, "minutes": None, "steps": None, "seed": 0, "device": "auto",
        "relocate": False, "forget": False, "rebuild": False, "range": None, "nodata": None, "inspector": None,
    }  # fmt: skip
    check_settings(settings)
    check_settings(DemoSettings())
    assert asdict(DemoSettings()) == {"seed": 0, "device": "auto"}


def test_embed_needs_a_model() -> None:
    with pytest.raises(UsageError, match="--model is missing; name a model folder"):
        request_from(settings_from(EmbedSettings, {}))
    assert settings_from(EmbedSettings, {"model": "conv"}) == EmbedSettings("conv", "auto")


def test_every_field_carries_the_option_of_its_name() -> None:
    for kind in (RunSettings, DemoSettings, EmbedSettings):
        named = {name: OPTIONS[flag_name(name)] for name in kind.__dataclass_fields__}
        others = {"groups": OPTIONS["run-groups"]} if kind is RunSettings else {}
        others |= {"weights": OPTIONS["encoder-weights"]} if "weights" in named else {}
        assert options_of(kind) == named | others


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (RunSettings(groups=1), r"--groups is 1, but must be a number from 2 to 100000 or auto"),
        (RunSettings(minutes=0), r"--minutes is 0, but must be a number from 0.01"),
        (RunSettings(steps=0), r"--steps is 0, but"),
        (RunSettings(seed=-1), r"--seed is -1, but"),
        (DemoSettings(device="gpu"), r"unknown --device 'gpu'"),
        (EmbedSettings("conv", device="gpu"), r"unknown --device 'gpu'"),
    ],
)
def test_values_out_of_range_are_rejected(
    settings: RunSettings | DemoSettings | EmbedSettings, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        check_settings(settings)


def test_settings_do_not_change_during_a_command() -> None:
    with pytest.raises(FrozenInstanceError):
        RunSettings().seed = 1  # type: ignore[misc]
