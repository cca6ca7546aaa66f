"""Settings dataclasses as flags, and the options of every command."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from types import NoneType
from typing import Annotated, Literal, TypeVar, get_args, get_type_hints

import cyclopts
from cyclopts import Parameter

from unpool.core.cpu import is_first_process
from unpool.core.progress import Progress, TerminalProgress
from unpool.core.settings import Option, check_settings, flag_name, options_of
from unpool.errors import UsageError
from unpool.options import OPTIONS
from unpool.store.remote.mirror import open_workspace, with_addresses
from unpool.store.spaces.paths import known_space, space_folder
from unpool.store.state import default_workspace

R = TypeVar("R")


def parameter(option: Option, name: str, kind: object = str) -> Parameter:
    """Build the command line parameter of an option.

    Args:
        option: what it means and may be.
        name: its flag, without dashes.
        kind: the type of its value; a bool has no negative form.

    Returns:
        What cyclopts reads from an annotation.
    """
    names = (option.flag, f"--{name}") if option.flag else (f"--{name}",)
    if kind is bool:
        return Parameter(name=names, help=option.describe(), negative="")
    if option.allows_auto and float in get_args(kind):
        convert_number = functools.partial(_number_or_auto, name)
        return Parameter(name=names, help=option.describe(), converter=convert_number, accepts_keys=False)
    if option.allows_auto or set(get_args(kind) or (kind,)) <= {int, NoneType}:
        convert = functools.partial(_whole_number, name, option.allows_auto)
        return Parameter(name=names, help=option.describe(), converter=convert, accepts_keys=False)
    minus = option.allows_minus
    return Parameter(
        name=names, help=option.describe(), show_choices=False, allow_leading_hyphen=minus, negative=""
    )


def flag(name: str, typed: str = "", kind: object = str) -> Parameter:
    """Build the parameter of an option in `OPTIONS`.

    Args:
        name: the option's key in `OPTIONS`.
        typed: its flag, without dashes, where that is not its key.
        kind: the type of its value.

    Returns:
        What cyclopts reads from an annotation.
    """
    return parameter(OPTIONS[name], typed or name, kind)


def _number_or_auto(
    name: str, kind: object, tokens: Sequence[cyclopts.Token]
) -> float | Literal["auto"]:  # `kind` is what cyclopts passes
    """Convert a number, or the word auto."""
    text = tokens[0].value
    if text == "auto":
        return "auto"
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"--{name} is {text!r}, but must be a number or auto") from None


def _whole_number(
    name: str, allows_auto: bool, kind: object, tokens: Sequence[cyclopts.Token]
) -> int | Literal["auto"]:  # `kind` is what cyclopts passes
    """Convert a whole number, which cyclopts would round to from a broken one."""
    text = tokens[0].value
    if allows_auto and text == "auto":
        return "auto"
    try:
        return int(text) if text.lstrip("+-").isdigit() else _exact(float(text))
    except (ValueError, OverflowError):
        words = " or auto" if allows_auto else ""
        raise UsageError(f"--{name} is {text!r}, but must be a whole number{words}") from None


def _exact(value: float) -> int:
    if not value.is_integer():
        raise ValueError
    return int(value)


def _open_workspace(kind: object, tokens: Sequence[cyclopts.Token]) -> Path:  # `kind` is what cyclopts passes
    """Turn what was typed into the folder of a workspace, which may lie on an object store."""
    return open_workspace(tokens[0].value)


_WORK = Parameter(
    name="--work", help=OPTIONS["work"].describe(), converter=_open_workspace, accepts_keys=False
)
Work = Annotated[Path, _WORK]
OptionalWork = Annotated[Path | None, _WORK]
_IN_SPACE, _IN_NEW_SPACE = "in a space", "in a space that may be new"  # marks of what also takes --space
SpaceWork = Annotated[Path, _WORK, _IN_SPACE]
OptionalSpaceWork = Annotated[Path | None, _WORK, _IN_SPACE]
NewSpaceWork = Annotated[Path | None, _WORK, _IN_NEW_SPACE]
_Space = Annotated[str | None, flag("space")]
Data = Annotated[Path | None, flag("data")]
NoOpen = Annotated[bool, flag("no-open", kind=bool)]


@Parameter(name="*")
@dataclass(frozen=True)
class Common:
    """The options of every command."""

    json: Annotated[bool, flag("json", kind=bool)] = False
    config: Annotated[Path | None, flag("config")] = None
    debug: Annotated[bool, flag("debug", kind=bool)] = False


def flatten_settings(function: Callable[..., R]) -> Callable[..., R]:
    """Replace a command's settings by a flag for each field.

    Fields without an `Option` are left at their defaults. A command that takes `SpaceWork` gets --space, and the path
    of that space as its workspace.

    Args:
        function: a command; parameters annotated with a settings dataclass are flattened.
    """
    hints = get_type_hints(function, include_extras=True)
    flattened: list[inspect.Parameter] = []
    settings: dict[str, type] = {}
    for given in inspect.signature(function).parameters.values():
        hint = hints[given.name]
        if is_dataclass(hint) and isinstance(hint, type) and options_of(hint):
            settings[given.name] = hint
            flattened += _field_parameters(hint)
        else:
            flattened.append(given.replace(annotation=hint))
    marks = set(getattr(hints.get("work"), "__metadata__", ())) & {_IN_SPACE, _IN_NEW_SPACE}
    if marks:
        place = [each.name for each in flattened].index("work") + 1
        only = inspect.Parameter.KEYWORD_ONLY
        flattened.insert(place, inspect.Parameter("space", only, default=None, annotation=_Space))

    @functools.wraps(function)
    def command(*args: object, **values: object) -> R:
        if marks and (space := values.pop("space", None)) is not None:
            assert isinstance(space, str)
            values["work"] = _enter_space(values.get("work"), space, args, is_new=_IN_NEW_SPACE in marks)
        for name, kind in settings.items():
            own = {field: values.pop(field) for field in options_of(kind) if field in values}
            values[name] = kind(**own)
            check_settings(values[name])
        return function(*args, **values)

    # Positional ones stay in front; cyclopts reads signature and annotations.
    flattened.sort(key=lambda each: each.kind)
    del command.__wrapped__
    command.__signature__ = inspect.Signature(flattened)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in flattened}
    return command


def _enter_space(work: object, space: str, args: Sequence[object], *, is_new: bool) -> Path:
    """The path of a space, of a workspace or of that of a folder."""
    if not is_new and not isinstance(work, Path):
        raise UsageError(
            f"--space {space} is one of a workspace's sets of vectors; name the workspace with --work DIR"
        )
    folder = work if isinstance(work, Path) else default_workspace(str(args[0]))
    return space_folder(folder, space) if is_new else known_space(folder, space)


def _field_parameters(settings: type) -> Iterable[inspect.Parameter]:
    hints = get_type_hints(settings, include_extras=True)
    options = options_of(settings)
    for field in fields(settings):
        if field.name in options:
            kind = get_args(hints[field.name])[0]
            default = inspect.Parameter.empty if field.default is MISSING else field.default
            typed = parameter(options[field.name], flag_name(field.name), kind)
            yield inspect.Parameter(
                field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, typed]
            )


def report_progress() -> Progress:
    """Show bars on standard error, in the first process alone."""
    return _AddressProgress() if is_first_process() else Progress()


class _AddressProgress(TerminalProgress):
    """Names workspaces on a store by their addresses."""

    def message(self, text: str) -> None:
        super().message(with_addresses(text))


def print_result(result: Mapping[str, object], common: Common, text: str) -> None:
    """Print the JSON object with `--json`, else the text.

    Args:
        result: the JSON object.
        common: the options of every command.
        text: the same for people.
    """
    if is_first_process():
        shown = json.dumps(result, ensure_ascii=True, allow_nan=False) if common.json else text
        print(with_addresses(shown))
