"""How options are typed: the kinds that several commands share, and what every command takes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import cyclopts
from cyclopts import Parameter

from unpool.core.cpu import is_first_process
from unpool.core.progress import Progress, TerminalProgress
from unpool.errors import UsageError
from unpool.options import DEVICES, OPTIONS


def option(name: str, *words: str, **more: Any) -> Parameter:
    """The option of that name as the terminal has it; `words` are how it is typed where not by its name."""
    return Parameter(name=words or None, help=OPTIONS[name].describe(), show_choices=False, **more)


def _number_or_auto(_: Any, tokens: Sequence[cyclopts.Token]) -> int | Literal["auto"]:
    text = tokens[0].value
    if text == "auto":
        return "auto"
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"--groups is {text!r}, but must be a whole number or auto") from None


Work = Annotated[Path, option("work")]
OptionalWork = Annotated[Path | None, option("work")]
Seed = Annotated[int, option("seed")]
Data = Annotated[Path | None, option("data")]
Device = Annotated[Literal[*DEVICES], option("device")]  # type: ignore[valid-type]
Groups = Annotated[int | Literal["auto"], option("groups", converter=_number_or_auto, accepts_keys=False)]
Json = Annotated[bool, option("json", "--json", negative="")]
NoOpen = Annotated[bool, option("no-open", "--no-open", negative="")]
Minutes = Annotated[float | None, option("minutes")]
Steps = Annotated[int | None, option("steps")]
NoIndices = Annotated[bool, option("no-indices", "--no-indices", negative="")]
Corruption = Annotated[str | None, option("corruption")]
Config = Annotated[Path | None, option("config", "--config")]
Debug = Annotated[bool, option("debug", "--debug", negative="")]


@Parameter(name="*")
class Common:
    """What every command takes."""

    def __init__(
        self,
        *,
        seed: Seed = 0,
        data: Data = None,
        device: Device = "auto",
        json: Json = False,
        config: Config = None,
        debug: Debug = False,
    ) -> None:
        self.seed, self.data, self.device = seed, data, device
        self.json, self.config, self.debug = json, config, debug


def report_progress() -> Progress:
    """Bars on standard error, of the first process alone."""
    return TerminalProgress() if is_first_process() else Progress()


def tell(told: dict[str, Any], common: Common, template: str) -> None:
    """The result on standard output: JSON where it was asked for, else the template filled in."""
    if is_first_process():
        text = (
            json.dumps(told, ensure_ascii=True, allow_nan=False) if common.json else template.format(**told)
        )
        print(text)
