"""Write docs/reference/ from the commands, the public names and the registries.

    python docs/generate_reference.py            # writes the pages
    python docs/generate_reference.py --check    # exit 1 and names the pages that are out of date

`tests/test_reference.py` runs the check, so that no page of the reference can differ from the program.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

FOLDER = Path(__file__).parent / "reference"
NOTE = "<!-- Written by docs/generate_reference.py; run `make reference` after a change. -->\n\n"
SECTION = re.compile(r"^(Args|Returns|Yields|Raises|Source|Attributes|Note|Example|Examples):\s*$")
INDENT = re.compile(r"^ *")
MAX_CHOICES = 3  # alternatives that are listed as the type; more stand in the help
MAX_DEFAULT = 60  # characters of a default value; longer ones are left out


def pages() -> dict[str, str]:
    """The pages by file name, each a Markdown text."""
    return {
        "index.md": index_page(),
        "commands.md": commands_page(),
        "python.md": python_page(),
        "networks.md": networks_page(),
        "objectives.md": objectives_page(),
        "formats.md": formats_page(),
        "problems.md": problems_page(),
        "columns.md": columns_page(),
    }


def write_pages(folder: Path = FOLDER) -> None:
    """Write all pages into `folder`."""
    folder.mkdir(exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, "utf-8")


def outdated_pages(folder: Path = FOLDER) -> list[str]:
    """Names of the pages that differ from what is in `folder`, and of strays there."""
    fresh = pages()
    stray = {page.name for page in folder.glob("*.md")} - set(fresh)
    differs = {
        name
        for name, text in fresh.items()
        if not (folder / name).is_file() or (folder / name).read_text("utf-8") != text
    }
    return sorted(stray | differs)


# Markdown ----------------------------------------------------------------------------------------


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; bars inside cells are escaped."""
    lines = [heads, ["---"] * len(heads), *rows]
    cells = ([" ".join(str(cell).replace("|", "\\|").split()) for cell in line] for line in lines)
    return "\n".join("| " + " | ".join(line) + " |" for line in cells) + "\n"


def code(text: str) -> str:
    return f"`{text}`" if text else ""


def from_docstring(docstring: str) -> str:
    """A docstring in Google's style as Markdown: sections as lists, doctests as code."""
    blocks = re.split(r"\n\s*\n", inspect.cleandoc(docstring))
    return "\n\n".join(part for block in blocks for part in _block(block.splitlines())) + "\n"


def _block(lines: list[str]) -> Iterator[str]:
    if any(line.startswith(">>>") for line in lines):
        yield "```pycon\n" + "\n".join(lines) + "\n```"
        return
    starts = [number for number, line in enumerate(lines) if SECTION.match(line)]
    if not starts:
        indented = len(lines) > 0 and all(line.startswith("    ") for line in lines)
        yield (
            "```text\n" + inspect.cleandoc("\n" + "\n".join(lines)) + "\n```"
            if indented
            else "\n".join(lines)
        )
        return
    if starts[0]:
        yield "\n".join(lines[: starts[0]])
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield f"**{lines[start].strip().rstrip(':')}**"
        yield "\n".join(_items(lines[start + 1 : end]))


def _items(lines: list[str]) -> list[str]:
    """`name: text` lines as a list, lines indented further as their continuation."""
    margin = min((len(INDENT.match(line).group()) for line in lines if line.strip()), default=0)  # type: ignore[union-attr]
    items: list[str] = []
    for line in (line[margin:] for line in lines):
        named = re.match(r"^([\w*`, .()]{1,60}?): (.*)$", line)
        if line.startswith(" ") and items:
            items[-1] += " " + line.strip()
        elif named:
            items.append(f"- {code(named[1].strip('`'))}: {named[2]}")
        elif items and not items[-1].startswith("- `"):
            items[-1] += " " + line.strip()
        else:
            items.append(f"- {line.strip()}")
    return items


# Commands ----------------------------------------------------------------------------------------


def commands() -> Iterator[tuple[str, Any]]:
    """Every command with its words, such as "segment train", in the order of `--help`."""
    from unpool.cli.main import app

    yield from _commands(app, "")


def _commands(app: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name in app:
        if name.startswith("-"):
            continue
        command = app[name]
        inner = list(_commands(command, f"{prefix}{name} "))
        if command.default_command is not None:
            yield prefix + name, command
        yield from inner


def options_of_command(command: Any) -> Iterator[tuple[str, str, str, str]]:
    """Flags, type, default and help of each option of a command."""
    for argument in command.assemble_argument_collection():
        if argument.parameter.show is False or argument.parse is False or argument.children:
            continue
        yield (
            ", ".join(code(name) for name in argument.names),
            _type_name(argument.hint),
            _default_of(argument),
            argument.parameter.help or "",
        )


def _type_name(hint: Any) -> str:
    """What people type: "text", "number or auto", "path …"."""
    if get_origin(hint) is Literal:
        return " or ".join(map(str, get_args(hint))) if len(get_args(hint)) < MAX_CHOICES else "name"
    if get_origin(hint) in (list, tuple):
        return f"{_type_name(get_args(hint)[0])} …"
    if get_args(hint):
        names = [_type_name(one) for one in get_args(hint) if one is not type(None)]
        return " or ".join(dict.fromkeys(names))
    name = getattr(hint, "__name__", str(hint))
    return {"str": "text", "int": "number", "float": "number", "bool": "switch", "Path": "path"}.get(
        name, name
    )


def _default_of(argument: Any) -> str:
    if argument.required:
        return "required"
    default = argument.field_info.default
    missing = default is inspect.Parameter.empty or default is None or default is False or default == ()
    return "" if missing or len(str(default)) > MAX_DEFAULT else code(str(default))


def commands_page() -> str:
    """Every command with its options, from the application itself."""
    every = dict(commands())
    common, text = _common_options(every), ""
    for words, command in every.items():
        text += f"\n## unpool {words}\n\n{inspect.cleandoc(command.help or '')}\n\n"
        own = [row for row in options_of_command(command) if row not in common]
        text += (
            table(("option", "value", "default", "what it is"), own) if own else "No options of its own.\n"
        )
    return (
        NOTE
        + "# Commands\n\nEvery command prints its result to standard output and everything else to standard error. "
        "Exit codes: 0 done,\n2 wrong usage, 1 any other failure. `unpool COMMAND --help` shows the same.\n\n"
        "## Options of every command\n\n" + table(("option", "value", "default", "what it is"), common) + text
    )


def _common_options(every: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """The options that all commands share."""
    lists = [list(options_of_command(command)) for command in every.values()]
    return [row for row in lists[0] if all(row in other for other in lists)]


# Python ------------------------------------------------------------------------------------------


def public_names() -> list[str]:
    import unpool

    return sorted(unpool.__all__)


def python_page() -> str:
    """Signature and docstring of every public name."""
    import unpool

    text = NOTE + "# Python\n\n`from unpool import NAME`; each name is loaded on first use.\n"
    for name in public_names():
        thing = getattr(unpool, name)
        docstring = from_docstring(inspect.getdoc(thing) or "")
        text += f"\n## {name}\n\n{_signature(name, thing)}\n{docstring}{_keywords(thing)}"
        if inspect.isclass(thing):
            for method, function in _methods(thing):
                text += f"\n### {name}.{method}\n\n"
                text += _signature(method, function) + "\n" + from_docstring(inspect.getdoc(function) or "")
                text += _keywords(function)
    return text


def _methods(thing: type) -> Iterator[tuple[str, Any]]:
    """Public methods and properties of a class and its base `Edits`, in the order of their source."""
    members = [*vars(thing).items()]
    for base in thing.__mro__[1:]:
        if base.__module__.startswith("unpool.actions."):  # not those of torch
            members += vars(base).items()
    for name, member in members:
        function = member.__func__ if isinstance(member, classmethod | staticmethod) else member
        is_member = callable(function) or isinstance(function, property)
        if is_member and not name.startswith("_") and inspect.getdoc(function):
            yield name, function


def _keywords(function: Any) -> str:
    """A table of the keywords that a function takes from a settings dataclass; empty where it takes none."""
    from unpool.core.settings import flag_name, options_of

    settings = _settings_of(function)
    if settings is None:
        return ""
    rows = [
        (
            code(name),
            option.describe(),
            "" if flag_name(name) not in flags() else code("--" + flag_name(name)),
        )
        for name, option in options_of(settings).items()
    ]
    return "\n" + table(("keyword", "what it is", "flag"), rows) if rows else ""


def _settings_of(function: Any) -> type | None:
    inner = inspect.unwrap(function)
    if inner is function:
        return None
    annotation = list(inspect.signature(inner).parameters.values())[-1].annotation
    found = inner.__globals__.get(annotation) if isinstance(annotation, str) else annotation
    return found if dataclasses.is_dataclass(found) and isinstance(found, type) else None


@cache
def flags() -> frozenset[str]:
    """All flags of all commands, without their dashes."""
    return frozenset(
        name.lstrip("-")
        for _, command in commands()
        for argument in command.assemble_argument_collection()
        for name in argument.names
    )


def _signature(name: str, thing: Any) -> str:
    if isinstance(thing, property):
        return f"Property `{name}`.\n"
    try:
        signature = inspect.signature(thing)
    except (TypeError, ValueError):
        return ""
    parameters = [p for p in signature.parameters.values() if p.name != "self"]
    lines = [f"    {_plain(str(parameter))}," for parameter in parameters]
    first_keyword = next((n for n, p in enumerate(parameters) if p.kind is p.KEYWORD_ONLY), None)
    if first_keyword is not None and not any(p.kind is p.VAR_POSITIONAL for p in parameters):
        lines.insert(first_keyword, "    *,")
    returned = "" if inspect.isclass(thing) else _plain(_name_of(signature.return_annotation)).strip("'")
    arrow = f" -> {returned}" if returned not in ("", "_empty") else ""
    inside = "\n" + "\n".join(lines) + "\n" if lines else ""
    return f"```python\n{name}({inside}){arrow}\n```\n"


def _name_of(annotation: Any) -> str:
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))


def _plain(text: str) -> str:
    """Annotations without quotes, modules, memory addresses and the options inside `Annotated`."""
    text = re.sub(
        r"(?:Annotated|typing\.Annotated)\[(.*?), (?:OPTIONS\[[^]]*\]|Option\(.*?\))\]", r"\1", text
    )
    text = re.sub(r"<(?:function|class) '?([\w.]+)'?[^>]*>|<[\w.]+ object at 0x[0-9a-f]+>", r"\1", text)
    text = re.sub(
        r"\b(?:unpool|torch|numpy|pandas|pathlib|collections|typing)(?:\.\w+)*\.(?=[A-Za-z])", "", text
    )
    return re.sub(r": '([^']*)'", r": \1", text)


# Registries --------------------------------------------------------------------------------------


def networks_page() -> str:
    """The catalogue of networks, and the segmenters."""
    from unpool.actions.training.networks import networks

    rows = [(code(row["network"]), row["size"], row["description"]) for row in networks()["networks"]]
    return (
        NOTE + "# Networks\n\n`unpool networks` prints this list, `unpool networks NAME` the layers of one. "
        "Any timm or torchvision name works beside\nthem; the size is the side of the input in pixels without "
        "`--size`.\n\n" + table(("network", "size", "what it is"), rows)
    )


def objectives_page() -> str:
    """What a network can be trained for, and what each objective needs."""
    from unpool.objectives.catalogue import OBJECTIVES

    rows = [
        (code(one.name), one.description, _needs(one), one.losses or "its own", one.min_images)
        for one in OBJECTIVES.values()
    ]
    return (
        NOTE + "# Objectives\n\n`unpool train --objective NAME`, and `fit(objective=...)` in Python. "
        "[Training](../training.md) explains them.\n\n"
        + table(("objective", "what it trains for", "needs", "losses", "images at least"), rows)
    )


def _needs(objective: Any) -> str:
    needs = {
        "a decoder": objective.needs_decoder,
        "labels": objective.needs_labels,
        "two views of each image": objective.compares_codes,
        "a corruption": objective.takes_corruption,
    }
    return ", ".join(name for name, is_needed in needs.items() if is_needed)


def formats_page() -> str:
    """What `unpool export` writes."""
    from unpool.actions.sharing.formats import EXPORT_FORMATS

    rows = [
        (code(one.name), one.title, one.description, "file" if one.is_file else "folder")
        for one in EXPORT_FORMATS.values()
    ]
    return (
        NOTE
        + "# Export formats\n\n`unpool export --to NAME --out PATH`, `Workspace.export(NAME, PATH)`, and *Export* "
        "in the page.\n\n" + table(("format", "title", "what it holds", "writes a"), rows)
    )


def problems_page() -> str:
    """What `unpool check` finds, and what people marked."""
    from unpool.analysis.checks.kinds import PROBLEM_KINDS

    rows = [
        (code(kind.name), kind.word, kind.meaning, code(kind.measure or kind.column))
        for kind in PROBLEM_KINDS.values()
    ]
    return (
        NOTE
        + "# Problems\n\n`unpool check` finds those without a mark of the user; *Problems* in the page shows all. "
        "[Limits and error rates](../check.md).\n\n"
        + table(("kind", "in problems.csv", "what is listed", "column"), rows)
    )


def columns_page() -> str:
    """The columns of a workspace's table."""
    from unpool.store.columns import COLUMNS

    rows = [
        (code(column.name), column.type, column.comes_from, column.description) for column in COLUMNS.values()
    ]
    return (
        NOTE
        + "# Columns\n\nOne row for each image: `Workspace.table()`, `unpool export --to csv` or `parquet`. "
        "A value is cleared when\nwhat it comes from changes.\n\n"
        + table(("column", "type", "comes from", "what it holds"), rows)
    )


def index_page() -> str:
    """The list of the other pages."""
    lines = [
        "- [Commands](commands.md): every command with its options",
        "- [Python](python.md): the public names",
        "- [Columns](columns.md): what the table of a workspace holds",
        "- [Networks](networks.md), [objectives](objectives.md), [export formats](formats.md),",
        "  [problems](problems.md): the registries",
    ]
    tree = "\n".join(["commands", "python", "columns", "networks", "objectives", "formats", "problems"])
    return (
        NOTE
        + "# Reference\n\nGenerated from the program; a test compares the two.\n\n"
        + "\n".join(lines)
        + "\n\n"
        "```{toctree}\n:hidden:\n\n" + tree + "\n```\n"
    )


def main(arguments: Sequence[str], write: Callable[[str], object] = print) -> int:
    if "--check" in arguments:
        outdated = outdated_pages()
        for name in outdated:
            write(f"docs/reference/{name} is out of date; run make reference")
        return int(bool(outdated))
    write_pages()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
