"""The options: what they allow, and settings dataclasses as keywords."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pytest

from unpool.core.settings import Option, check_settings, keywords_of, options_of, settings_from
from unpool.errors import UsageError
from unpool.options import OPTIONS


@dataclass(frozen=True)
class Settings:
    groups: Annotated[int | str, OPTIONS["groups"]] = "auto"
    weight_decay: Annotated[float | None, Option("decay", low=0, high=1)] = None
    from_: Annotated[str | None, Option("source", choices=("a", "b"))] = None
    val: Annotated[float | str | None, OPTIONS["val"]] = None
    note: str = ""


@dataclass(frozen=True)
class Needy:
    out: Annotated[str, OPTIONS["out"]]


@dataclass(frozen=True)
class Whole:
    groups: Annotated[int | Literal["auto"], OPTIONS["groups"]] = "auto"


@dataclass(frozen=True)
class Read:
    from_: Path
    data: Annotated[Path | None, OPTIONS["data"]] = None
    out: Path | str = ""


class Thing:
    @keywords_of(Settings)
    def act(self, settings: Settings) -> Settings:
        """Act."""
        return settings

    @keywords_of(Settings)
    def act_on(self, image: str, settings: Settings) -> tuple[str, Settings]:
        return image, settings


def test_options_of_gives_the_fields_that_carry_one_in_order() -> None:
    assert list(options_of(Settings)) == ["groups", "weight_decay", "from_", "val"]
    assert options_of(Settings)["groups"] is OPTIONS["groups"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (Settings(groups=1), "--groups is 1, but must be a number from 2 to 100000 or auto"),
        (Settings(weight_decay=2), "--weight-decay is 2, but must be a number from 0 to 1"),
        (Settings(weight_decay=True), "--weight-decay is True, but"),
        (Settings(from_="c"), "unknown --from 'c'. Known: a, b"),
        (Settings(val=0.95), "--val is 0.95, but must be a number from 0 to 0.9"),
    ],
)
def test_check_settings_names_flag_value_and_range(settings: Settings, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_settings(settings)
    assert str(caught.value).startswith(message)


def test_check_settings_passes_bounds_auto_and_text_beside_a_number() -> None:
    check_settings(Settings(groups="auto", weight_decay=0, val="held-out"))
    check_settings(Settings(groups=2, weight_decay=1, val=0.9))


def test_keywords_and_a_settings_object_are_the_same() -> None:
    settings = Settings(groups=7, note="x")
    assert Thing().act(groups=7, note="x") == settings == Thing().act(settings)
    assert Thing().act_on("a.png", groups=7, note="x") == ("a.png", settings)
    assert Thing().act_on("a.png", settings) == Thing().act_on("a.png", groups=7, note="x")


def test_the_signature_shows_all_fields() -> None:
    shown = inspect.signature(Thing().act_on)
    assert list(shown.parameters) == ["image", "groups", "weight_decay", "from_", "val", "note"]
    assert shown.parameters["weight_decay"].annotation == "float | None"
    assert Thing.act.__doc__ == "Act."  # type: ignore[attr-defined]


def test_an_unknown_keyword_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"^Thing\.act\(group=3\): no option group; did you mean groups\?$"):
        Thing().act(group=3)  # type: ignore[call-overload]


def test_keywords_are_checked_and_so_are_settings() -> None:
    for call in (lambda: Thing().act(groups=1), lambda: Thing().act(Settings(groups=1))):
        with pytest.raises(UsageError, match="--groups is 1"):
            call()


def test_a_missing_keyword_and_too_many_values_say_so() -> None:
    with pytest.raises(UsageError, match="out is missing; give out=…"):
        settings_from(Needy, {})
    with pytest.raises(
        UsageError, match=r"Thing\.act: 6 values by position, but it takes 5 \(groups, .*, note\)"
    ):
        Thing().act(3, 0.1, "a", 0.1, "", "too many")  # type: ignore[call-overload]
    assert Thing().act(3, 0.5) == Settings(groups=3, weight_decay=0.5)


def test_values_of_another_type_say_what_is_expected() -> None:
    with pytest.raises(UsageError, match="note is 3, but must be text"):
        Thing().act(note=3)  # type: ignore[call-overload]
    with pytest.raises(UsageError, match="--groups is 'many', but must be a number from 2 to 100000 or auto"):
        settings_from(Whole, {"groups": "many"})
    with pytest.raises(UsageError, match=r"--groups is 2\.5, but must be a whole number or 'auto'"):
        settings_from(Whole, {"groups": 2.5})


def test_scalars_of_numpy_are_numbers() -> None:
    assert type(settings_from(Whole, {"groups": np.int64(3)}).groups) is int


def test_texts_are_paths_where_a_path_is_meant() -> None:
    read = settings_from(Read, {"from_": "a.csv", "data": "b", "out": "c"})
    assert read == Read(Path("a.csv"), Path("b"), "c")


def test_a_leading_value_by_name_is_the_same() -> None:
    assert Thing().act_on(image="a.png", groups=7) == Thing().act_on("a.png", groups=7)
    with pytest.raises(UsageError, match=r"Thing\.act_on: image is missing; give image=…"):
        Thing().act_on(groups=7)  # type: ignore[call-overload]


def test_describe_joins_unit_range_auto_and_choices() -> None:
    assert Option("side", "pixels", 1, 9).describe() == "side [pixels; 1 to 9]"
    assert Option("count", low=2, allows_auto=True).describe() == "count [2 to any; or auto]"
    assert Option("kind", choices=("a", "b")).describe() == "kind [one of a, b]"
