"""`--config FILE`: options as YAML, turned into flags.

YAML gives the structure alone: which key has which text. What the text means is up to the option, as on the command
line, so that `2024_05`, `010` and `1:30` are no other numbers than those that were typed.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from unpool.errors import UsageError

if TYPE_CHECKING:
    from cyclopts import App, Argument
    from yaml import MappingNode, Node

CONFIG = "config"
END_OF_OPTIONS = "--"
TRUE, FALSE = frozenset({"true", "yes", "on"}), frozenset({"false", "no", "off"})
EMPTY = frozenset({"", "null", "~"})  # of plain scalars, in small letters: YAML's words for nothing
NO_PATHS = frozenset({"as"})  # options that take any text, where a tilde is no home folder
PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "value")
)


@dataclass(frozen=True)
class Value:
    """What a line of the file says.

    Args:
        name: the option, without dashes.
        texts: its value as it is written; several where the file has a list.
        line: number of the line, from 1.
        is_plain: whether it is written without quotes.
        is_list: whether the file has a list.
    """

    name: str
    texts: tuple[str, ...]
    line: int
    is_plain: bool
    is_list: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether it is one of YAML's words for nothing."""
        return not self.is_list and self.is_plain and self.texts[0].lower() in EMPTY


def with_config(argv: Sequence[str], app: App) -> list[str]:
    """Add the options of the --config file to `argv`.

    Args:
        argv: the command line; its own options win over those of the file.
        app: the program, which knows the options of each command.

    Raises:
        UsageError: the file is missing, no YAML, has a key twice, or holds anything but options of the command.
    """
    end = argv.index(END_OF_OPTIONS) if END_OF_OPTIONS in argv else len(argv)
    options, rest = [_expand_typed(each) for each in argv[:end]], list(argv[end:])
    path = _path_of_config(options)
    if path is None:
        return options + rest
    known = _known_options(argv, app)
    if not known:
        return options + rest  # no such command, which its own error says
    typed = {argument.split("=")[0].replace("_", "-") for argument in options if argument.startswith("-")}
    added = [
        argument
        for value in _read(Path(path))
        if not typed & set(_option(path, value, known, argv, app).names)
        for argument in _arguments(path, value, known[value.name])
    ]
    return [*options, *added, *rest]


def _path_of_config(options: Sequence[str]) -> str | None:
    """The file behind `--config`; None without one."""
    found = [
        options[place + 1] if argument == f"--{CONFIG}" else argument.partition("=")[2]
        for place, argument in enumerate(options)
        if argument.startswith(f"--{CONFIG}=") or (argument == f"--{CONFIG}" and place + 1 < len(options))
    ]
    if len(found) > 1:
        raise UsageError(f"--config is given twice, as {found[0]} and {found[1]}; give one file")
    return found[0] if found else None


def _known_options(argv: Sequence[str], app: App) -> dict[str, Argument]:
    """The options of the command that is typed, by name without dashes."""
    command = app.parse_commands(list(argv))[1][-1]
    return {} if command.default_command is None else _options_of(command)


def _options_of(command: App) -> dict[str, Argument]:
    return {
        name.lstrip("-"): argument
        for argument in command.assemble_argument_collection()
        for name in argument.names
        if name.startswith("-")
    }


def _read(path: Path) -> list[Value]:
    """The options of a file, in their order."""
    import yaml

    from unpool.core.text.encodings import decode_text
    from unpool.core.text.yaml_files import check_keys_unique, describe_error

    try:
        decoded = decode_text(path.read_bytes())
    except FileNotFoundError:
        raise UsageError(f"--config {path}: there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--config {path} cannot be read as YAML: {error}") from None
    if decoded.is_guessed:
        raise UsageError(f"--config {path} is neither UTF-8 nor UTF-16; save it as UTF-8")
    try:
        root = yaml.compose(_replace_tabs(decoded.text), Loader=yaml.SafeLoader)
        if isinstance(root, yaml.MappingNode):
            check_keys_unique(root)
    except (yaml.YAMLError, RecursionError) as error:
        raise UsageError(f"--config {path} cannot be read as YAML: {describe_error(error)}") from None
    if root is None or root.value == "":
        return []
    if not isinstance(root, yaml.MappingNode):
        raise UsageError(f"--config {path} must hold `option: value` lines, with a blank after the colon")
    return _values(path, root)


def _replace_tabs(text: str) -> str:
    """Blanks for the tabs after a colon and at the end of a line, where YAML allows none."""
    lines = []
    for line in text.splitlines():
        head, colon, tail = line.rstrip("\t").partition(":")
        stripped = tail.lstrip("\t")
        lines.append(f"{head}: {stripped}" if colon and len(stripped) < len(tail) else head + colon + tail)
    return "\n".join(lines)


def _values(path: Path, root: MappingNode) -> list[Value]:
    values: dict[str, Value] = {}
    for key, node in root.value:
        value = _value(path, str(key.value), node, key.start_mark.line + 1)
        if value.name in values:
            lines = f"{values[value.name].line} and {value.line}"
            raise UsageError(f"--config {path}: {value.name} stands twice, on the lines {lines}; remove one")
        values[value.name] = value
    return list(values.values())


def _value(path: Path, key: str, node: Node, line: int) -> Value:
    import yaml

    name = key.lstrip("-").replace("_", "-")
    items: list[Node] = node.value if isinstance(node, yaml.SequenceNode) else [node]
    scalars: list[yaml.ScalarNode] = []
    for item in items:
        if not isinstance(item, yaml.ScalarNode) or item.tag not in PLAIN_TAGS:
            what = f"the tag {item.tag}" if isinstance(item, yaml.ScalarNode) else "values inside its value"
            raise UsageError(f"--config {path}, line {line}: {key} has {what}, but must be one value")
        scalars.append(item)
    is_list = isinstance(node, yaml.SequenceNode)
    if is_list and node.tag != "tag:yaml.org,2002:seq":
        raise UsageError(f"--config {path}, line {line}: {key} has the tag {node.tag}, but must be one value")
    is_plain = all(item.style is None for item in scalars)
    texts = tuple(item.value.rstrip("\n") if item.style in ("|", ">") else item.value for item in scalars)
    return Value(name, texts, line, is_plain, is_list)


def _option(
    path: str, value: Value, known: Mapping[str, Argument], argv: Sequence[str], app: App
) -> Argument:
    """The option of a value; `UsageError` with the nearest right name where the command has none."""
    if value.name in known and value.name != CONFIG:
        return known[value.name]
    command = " ".join(app.parse_commands(list(argv))[0])
    problem = f"--config {path}, line {value.line}: {value.name} is no option of `unpool {command}`"
    if value.name == CONFIG:
        raise UsageError(f"{problem} in a file; give one file")
    others = [name for name, options in _all_commands(app) if value.name in options]
    # An option of another command is rather that one than a distant name.
    near = difflib.get_close_matches(value.name.lower(), sorted(known), n=1, cutoff=0.8 if others else 0.6)
    if near:
        raise UsageError(f"{problem}; did you mean {near[0]}?")
    hint = f" (it is one of `unpool {others[0]}`)" if others else ""
    raise UsageError(f"{problem}{hint}; remove it. Known: {', '.join(sorted(known))}")


def _all_commands(app: App, above: str = "") -> Iterable[tuple[str, Mapping[str, Argument]]]:
    for name in app:
        if not name.startswith("-"):
            command, full = app[name], f"{above}{name}"
            if command.default_command is not None:
                yield full, _options_of(command)
            yield from _all_commands(command, f"{full} ")


def _arguments(path: str, value: Value, option: Argument) -> list[str]:
    """The flags that stand for a value."""
    if option.is_flag():
        return _flag(path, value)
    if value.is_list and not any(kind in str(option.hint) for kind in ("list", "Sequence")):
        problem = f"{value.name} is the list [{', '.join(value.texts)}], but must be one value"
        raise UsageError(f"--config {path}, line {value.line}: {problem}")
    if value.is_empty:
        if value.texts[0] == "~" and "Path" in str(option.hint):
            problem = (
                f"{value.name} is a tilde alone, which is nothing in YAML; write ~/ for your home folder"
            )
            raise UsageError(f"--config {path}, line {value.line}: {problem}")
        return []
    texts = (
        value.texts if value.name in NO_PATHS else [_expand_tilde(value.name, text) for text in value.texts]
    )
    if value.name not in NO_PATHS:
        _check_no_variable(path, value)
    return [f"--{value.name}={text}" for text in texts]


def _flag(path: str, value: Value) -> list[str]:
    word = value.texts[0].lower() if value.texts and not value.is_list else ""
    if word in TRUE:
        return [f"--{value.name}"]
    if word in FALSE or value.is_empty:
        return []
    written = ", ".join(value.texts)
    problem = f"{value.name} is {written!r}, but must be true or false"
    raise UsageError(f"--config {path}, line {value.line}: {problem}")


def _expand_typed(argument: str) -> str:
    """`--work=~/photos` with the home folder, which most shells leave to the program."""
    name, equals, text = argument.partition("=")
    if not equals or not name.startswith("--") or name[2:] in NO_PATHS:
        return argument
    return f"{name}={_expand_tilde(name[2:], text)}"


def _expand_tilde(name: str, text: str) -> str:
    """A path that begins with a tilde, in full.

    Raises:
        UsageError: there is no such home folder; a folder called ~ is never meant.
    """
    head = text.replace("\\", "/").partition("/")[0]
    if not head.startswith("~"):
        return text
    full = os.path.expanduser(text)  # noqa: PTH111 - pathlib raises where this leaves the text alone
    if full == text:
        raise UsageError(f"--{name} is {text}, but there is no home folder of {head}; write the path in full")
    return full


def _check_no_variable(path: str, value: Value) -> None:
    """Raise `UsageError` for $HOME and the like, which only a shell replaces."""
    for text in value.texts:
        start = text.replace("\\", "/").partition("/")[0]
        name = start.strip("%") if start.startswith("%") and start.endswith("%") else start[1:].strip("{}")
        if start.startswith(("$", "%")) and name in os.environ:
            problem = (
                f"{value.name} is {text}; variables are not replaced in a file: write the path in full, or ~/"
            )
            raise UsageError(f"--config {path}, line {value.line}: {problem}")
