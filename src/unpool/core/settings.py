"""Settings of verbs: dataclasses whose fields carry options.

The command line flattens the fields into flags, `keywords_of` into Python keywords: a new flag is one field.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Generic, ParamSpec, Protocol, TypeVar, cast, get_type_hints, overload

from unpool.core.calls.signatures import name_of, wrong_call
from unpool.core.calls.values import as_path, check_kind, plain
from unpool.errors import UsageError, unknown_name


@dataclass(frozen=True)
class Option:
    """One value that a user can set.

    Args:
        help: one line for people, without range and unit: a noun phrase, or what a switch does.
        unit: of a number, such as "pixels".
        low, high: bounds of a number, inclusive; None where there is none.
        choices: the names that are allowed; empty where any text is.
        allows_auto: the word "auto" is allowed beside a number.
        allows_text: any text is allowed beside a number, such as the name of a folder.
        flag: how it is typed beside the name of its field, such as "-k".
        metavar: what stands for its value in messages, such as "DIR".
        allows_minus: its value may begin with a minus.
    """

    help: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: Collection[str] = ()
    allows_auto: bool = False
    allows_text: bool = False
    flag: str = ""
    metavar: str = ""
    allows_minus: bool = False

    def describe(self) -> str:
        """Join help, unit and range in one line."""
        notes = [self.unit] if self.unit else []
        if self.is_bounded:
            notes.append(f"{_number(self.low, 'any')} to {_number(self.high, 'any')}")
        if self.allows_auto:
            notes.append("or auto")
        if self.choices:
            notes.append("one of " + ", ".join(self.choices))
        return self.help + (f" [{'; '.join(notes)}]" if notes else "")

    def check(self, name: str, value: object) -> None:
        """Raise `UsageError` for a value that is not allowed."""
        if value is None or (self.allows_auto and value == "auto"):
            return
        if self.choices and value not in self.choices:
            raise unknown_name(f"--{name}", str(value), self.choices)
        if self.is_bounded and not self._contains(value):
            expected = f"{_number(self.low, 'any')} to {_number(self.high, 'any')}"
            auto = " or auto" if self.allows_auto else ""
            raise UsageError(f"--{name} is {value!r}, but must be a number from {expected}{auto}")

    @property
    def is_bounded(self) -> bool:
        """Whether there are bounds of its value."""
        return self.low is not None or self.high is not None

    def _contains(self, value: object) -> bool:
        if isinstance(value, str):
            return self.allows_text
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


def _number(value: float | None, missing: str) -> str:
    if value is None:
        return missing
    return f"{value:.0f}" if float(value).is_integer() else f"{value:g}"


def flag_name(field: str) -> str:
    """Return the flag of a field, without its dashes.

    >>> flag_name("weight_decay"), flag_name("from_")
    ('weight-decay', 'from')
    """
    return field.rstrip("_").replace("_", "-")


def options_of(settings: type) -> dict[str, Option]:
    """Return the options of a settings dataclass, by field.

    Fields without an `Option` in their annotation are left out.
    """
    hints = get_type_hints(settings, include_extras=True)
    return {
        field.name: option
        for field in dataclasses.fields(settings)
        for option in getattr(hints[field.name], "__metadata__", ())
        if isinstance(option, Option)
    }


def check_settings(settings: object) -> None:
    """Check the ranges and choices of all fields.

    Raises:
        UsageError: for the first value that is out of range or no choice; it names the flag.
    """
    for field, option in options_of(type(settings)).items():
        option.check(flag_name(field), getattr(settings, field))


P = ParamSpec("P")
S = TypeVar("S")
S_contra = TypeVar("S_contra", contravariant=True)
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
A = TypeVar("A")
A_contra = TypeVar("A_contra", contravariant=True)
B = TypeVar("B")
B_contra = TypeVar("B_contra", contravariant=True)


class Call(Protocol[P, S_contra, R_co]):
    """A function of settings, or of their fields."""

    @overload
    def __call__(self, settings: S_contra, /) -> R_co: ...
    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co: ...


class Call1(Protocol[A_contra, P, S_contra, R_co]):
    """The same with one argument before, such as `self`."""

    @overload
    def __call__(self, first: A_contra, settings: S_contra, /) -> R_co: ...
    @overload
    def __call__(self, first: A_contra, /, *args: P.args, **kwargs: P.kwargs) -> R_co: ...

    def __get__(self, owner: A_contra, kind: type | None = None, /) -> Call[P, S_contra, R_co]: ...


class Call2(Protocol[A_contra, B_contra, P, S_contra, R_co]):
    """The same with two arguments before."""

    @overload
    def __call__(self, first: A_contra, second: B_contra, settings: S_contra, /) -> R_co: ...
    @overload
    def __call__(self, first: A_contra, second: B_contra, /, *args: P.args, **kwargs: P.kwargs) -> R_co: ...

    def __get__(self, owner: A_contra, kind: type | None = None, /) -> Call1[B_contra, P, S_contra, R_co]: ...


class keywords_of(Generic[P, S]):  # noqa: N801 - used as a decorator
    """Let a function of settings take their fields as keywords.

    The settings are its last parameter.

    Unknown keywords raise `UsageError` with the nearest right name, as do values of another type and those that
    `check_settings` rejects. Scalars of NumPy are numbers, texts are paths where a path is meant.
    Editors and `help()` see all fields of the settings.

    Args:
        settings: the settings dataclass, each of its fields a keyword.

    >>> @dataclass(frozen=True)
    ... class MapSettings:
    ...     method: str = "tsne"
    >>> @keywords_of(MapSettings)
    ... def draw(settings: MapSettings) -> str:
    ...     return settings.method
    >>> draw(method="pca"), draw(MapSettings("umap")), str(inspect.signature(draw))
    ('pca', 'umap', "(method: 'str' = 'tsne') -> 'str'")
    """

    def __init__(self, settings: Callable[P, S]) -> None:
        self._settings = cast(type, settings)

    @overload
    def __call__(self, function: Callable[[S], R]) -> Call[P, S, R]: ...
    @overload
    def __call__(self, function: Callable[[A, S], R]) -> Call1[A, P, S, R]: ...
    @overload
    def __call__(self, function: Callable[[A, B, S], R]) -> Call2[A, B, P, S, R]: ...

    def __call__(self, function: Callable[..., R]) -> Callable[..., R]:
        signature = inspect.signature(function)
        *leading, _ = signature.parameters.values()
        shown = signature.replace(parameters=[*leading, *_keyword_parameters(self._settings).values()])

        @functools.wraps(function)
        def call(*args: object, **keywords: object) -> R:
            *before, last = args or (None,)
            if len(before) == len(leading) and isinstance(last, self._settings) and not keywords:
                check_settings(last)
                return function(*before, last)
            try:
                values = shown.bind(*args, **keywords).arguments
            except TypeError as error:
                raise wrong_call(
                    name_of(function), shown.parameters.values(), args, keywords, error
                ) from None
            first = [values.pop(each.name, each.default) for each in leading]
            return function(*first, settings_from(self._settings, values))

        call.__signature__ = shown  # type: ignore[attr-defined]
        return call


def settings_from(settings: type[S], values: Mapping[str, object]) -> S:
    """Build and check settings from values by field name.

    Raises:
        UsageError: for an unknown name, with the nearest right one; a missing one; a value out of range.
    """
    fields = _keyword_parameters(settings)
    for name in values:
        if name not in fields:
            raise unknown_name("option", name, fields)
    for name, parameter in fields.items():
        if parameter.default is parameter.empty and name not in values:
            raise UsageError(f"{name} is missing; give {name}=…")
    values = {name: plain(value) for name, value in values.items()}
    _check_kinds(settings, values)
    hints = get_type_hints(settings, include_extras=True)
    built = settings(**{name: as_path(value, hints[name]) for name, value in values.items()})
    check_settings(built)
    return built


def _check_kinds(settings: type, values: Mapping[str, object]) -> None:
    """Check the types of values; a number out of range is said with its range."""
    options, hints = options_of(settings), get_type_hints(settings, include_extras=True)
    for name, value in values.items():
        option = options.get(name)
        if option is not None and option.is_bounded:
            option.check(flag_name(name), value)
        check_kind(f"--{flag_name(name)}" if option else name, value, hints[name])


def _keyword_parameters(settings: type) -> dict[str, inspect.Parameter]:
    """The fields of a dataclass as parameters, options stripped from their annotations."""
    return {
        parameter.name: parameter.replace(annotation=_bare(parameter.annotation))
        for parameter in inspect.signature(settings).parameters.values()
    }


def _bare(annotation: object) -> object:
    """An annotation without its option, as people read it.

    >>> _bare("Annotated[int | None, OPTIONS['epochs']]"), _bare("str")
    ('int | None', 'str')
    """
    if not isinstance(annotation, str):
        return (
            getattr(annotation, "__origin__", annotation)
            if hasattr(annotation, "__metadata__")
            else annotation
        )
    if not annotation.startswith("Annotated["):
        return annotation
    depth = 0
    inner = annotation.removeprefix("Annotated[")
    for place, sign in enumerate(inner):
        depth += (sign in "[(") - (sign in "])")
        if sign == "," and depth == 0:
            return inner[:place]
    return annotation
