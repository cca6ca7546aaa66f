"""What is wrong with a command line, in one line."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Sequence

import cyclopts

from unpool.core.cpu import num_processes
from unpool.errors import UsageError
from unpool.options import OPTIONS

POSITIONAL = {
    "FOLDER": "a folder of images, or a named data set such as digits",
    "IMAGE": "an image file",
    "IMAGES": "an image or a folder of images",
    "MASKS": "the folder of their masks",
}
SHARING = ("train", "segment train")  # the commands whose work several processes share
KINDS = {int: "a whole number", float: "a number"}


def describe_usage_error(error: cyclopts.CycloptsError, argv: Sequence[str]) -> str:
    """Say what is wrong, and what to give instead.

    Args:
        error: as the parser raised it.
        argv: the command line.
    """
    cause = error.__cause__ or error.__context__
    if isinstance(cause, UsageError):
        return str(cause)
    for kind, describe in _DESCRIPTIONS.items():
        if isinstance(error, kind):
            return describe(error, argv)
    return str(error)


def command_of(argv: Sequence[str]) -> str:
    """Name the command of a command line.

    >>> command_of(["segment", "train", "images"]), command_of(["run", "photos"]), command_of(["--help"])
    ('segment train', 'run', '')
    """
    count = 2 if argv[:1] == ["segment"] else 1
    return " ".join(argument for argument in argv[:count] if not argument.startswith("-"))


def check_num_processes(argv: Sequence[str]) -> None:
    """Check that a command of several processes shares work.

    Raises:
        UsageError: each process would do all of it.
    """
    name = command_of(argv)
    if num_processes() > 1 and name not in SHARING:
        raise UsageError(
            f"{num_processes()} processes were started together, but `unpool {name}` is one process that uses all "
            "cores; start it without torchrun, which is for `unpool train` and `unpool segment train`"
        )


def check_no_empty_value(argv: Sequence[str]) -> None:
    """Refuse empty values, as of an unset shell variable.

    An empty path would be the current folder.

    Raises:
        UsageError: for the first one; an empty label has an error of its own.
    """
    for before, value in zip(["", *argv], argv[: _end_of_options(argv)], strict=False):
        name, equals, rest = value.partition("=")
        if not value and before.startswith("-") and "=" not in before and before != "--as":
            raise UsageError(f"{before} has no value; give {before} {_metavar(before)}")
        if not value and not before.startswith("-"):
            raise UsageError("an argument is empty; give a value, or quote a variable that is set")
        if equals and not rest and name.startswith("--") and name != "--as":
            raise UsageError(f"{name} has no value; give {name} {_metavar(name)}")


def unknown_option(name: str, known: Collection[str]) -> str:
    """Describe an option that does not exist.

    >>> unknown_option("--wrok", ["--work", "--out"])
    'there is no --wrok; did you mean --work?'
    """
    near = difflib.get_close_matches(name, known, n=1)
    return f"there is no {name}" + (f"; did you mean {near[0]}?" if near else "")


def _describe_option(error: cyclopts.UnknownOptionError, argv: Sequence[str]) -> str:
    name = (error.token.keyword or error.token.value).partition("=")[0]
    return unknown_option(name, _names(error.argument_collection))


def _describe_command(error: cyclopts.UnknownCommandError, argv: Sequence[str]) -> str:
    name = (error.unused_tokens or [""])[0]
    commands = [each for each in error.app or () if not each.startswith("-")]
    if name.startswith("-"):
        return f"there is no {name.partition('=')[0]} before the command; give one of {', '.join(commands)} first"
    before = " ".join(argv[: argv.index(name)]) + " " if name in argv else ""
    near = difflib.get_close_matches(name, commands, n=1)
    hint = f"did you mean {before}{near[0]}?" if near else f"give one of {', '.join(commands)}"
    return f"there is no command {before}{name}; {hint}"


def _describe_missing(error: cyclopts.MissingArgumentError, argv: Sequence[str]) -> str:
    """What to give for an argument that is missing, or a flag without its value."""
    names = error.argument.names if error.argument else ("VALUE",)
    name = next((name for name in names if name.startswith("--")), names[0])
    if not name.startswith("-"):
        return f"{name} is missing; give {POSITIONAL.get(name, name)}"
    if typed := next((each for each in names if each in argv), None):
        return f"{typed} has no value; give {typed} {_metavar(name)}"
    misspelt = next((each for each in _unknown_options(error, argv)), None)
    if misspelt:
        return unknown_option(misspelt, _known(error))
    return f"{name} is missing; give {name} {_metavar(name)}"


def _describe_value(error: cyclopts.CoercionError, argv: Sequence[str]) -> str:
    if error.token is None or error.target_type is None or error.msg is not None:
        return str(error)
    name = error.token.keyword or (error.argument.name.lstrip("-").upper() if error.argument else "the value")
    if error.target_type is bool:
        return f"{name} takes no value; leave out {error.token.value!r}"
    return f"{name} is {error.token.value!r}, but must be {KINDS.get(error.target_type, 'another value')}"


def _describe_repeated(error: cyclopts.RepeatArgumentError, argv: Sequence[str]) -> str:
    return f"{error.token.keyword} is given twice; give it once"


def _describe_unused(error: cyclopts.UnusedCliTokensError, argv: Sequence[str]) -> str:
    return f"{error.unused_tokens[0]!r} is one argument too many" if error.unused_tokens else str(error)


def _metavar(name: str) -> str:
    known = OPTIONS.get(name.removeprefix("--"))
    return (known and known.metavar) or "VALUE"


def _unknown_options(error: cyclopts.CycloptsError, argv: Sequence[str]) -> list[str]:
    known = set(_known(error))
    typed = [each.partition("=")[0] for each in argv[: _end_of_options(argv)] if each.startswith("--")]
    return [each for each in typed if known and each.replace("_", "-") not in known]


def _end_of_options(argv: Sequence[str]) -> int:
    return argv.index("--") if "--" in argv else len(argv)


def _known(error: cyclopts.CycloptsError) -> list[str]:
    """The options of the command, where the parser knows which it was."""
    if error.app is None or error.target is None:
        return []
    return _names(error.app.assemble_argument_collection())


def _names(arguments: cyclopts.ArgumentCollection) -> list[str]:
    return [name for argument in arguments for name in argument.names if name.startswith("-")] + ["--help"]


_DESCRIPTIONS: dict[type[cyclopts.CycloptsError], Callable[..., str]] = {
    cyclopts.UnknownOptionError: _describe_option,
    cyclopts.UnknownCommandError: _describe_command,
    cyclopts.MissingArgumentError: _describe_missing,
    cyclopts.CoercionError: _describe_value,
    cyclopts.RepeatArgumentError: _describe_repeated,
    cyclopts.UnusedCliTokensError: _describe_unused,
}
