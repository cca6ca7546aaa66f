"""Counts of the source: sizes of folders and functions, parameters, arguments of type `Any`, files without a test.

    python tests/support/house.py

prints what is above the limits; tests/test_house.py keeps it from growing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE, TESTS = ROOT / "src" / "unpool", ROOT / "tests"
MAX_FILES, MAX_LINES, MAX_PARAMETERS, MAX_ANY_SHARE = 15, 50, 10, 0.02
UNTYPED = {"Any", "dict[str, Any]", "Mapping[str, Any]"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class House:
    """What was counted; the lists name what is above a limit."""

    folders: list[str] = field(default_factory=list)  # with more than MAX_FILES files
    functions: list[str] = field(default_factory=list)  # with more than MAX_LINES lines
    signatures: list[str] = field(default_factory=list)  # with more than MAX_PARAMETERS parameters
    untyped: list[str] = field(default_factory=list)  # arguments of type Any or dict[str, Any]
    untested: list[str] = field(default_factory=list)  # files without a test file of their name
    num_arguments: int = 0
    num_files: int = 0

    @property
    def any_share(self) -> float:
        return len(self.untyped) / max(self.num_arguments, 1)


def functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """Every function of a file with its qualified name, those in classes and functions included."""

    def walk(node: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
        for child in ast.iter_child_nodes(node):
            inner = prefix
            if isinstance(child, Function | ast.ClassDef):
                inner = f"{prefix}{child.name}."
            if isinstance(child, Function):
                yield f"{prefix}{child.name}", child
            yield from walk(child, inner)

    yield from walk(tree, "")


def arguments(function: Function) -> list[ast.arg]:
    """The arguments of a function without `self` and `cls`, the starred ones included."""
    every = function.args
    starred = [each for each in (every.vararg, every.kwarg) if each]
    named = [*every.posonlyargs, *every.args]
    if named and named[0].arg in ("self", "cls"):
        named = named[1:]
    return [*named, *every.kwonlyargs, *starred]


def is_untyped(argument: ast.arg) -> bool:
    """Whether the type says nothing: `Any`, a dictionary of anything, either or None.

    >>> function = ast.parse("def f(a: Any, b: dict[str, Any] | None, c: list[int]): ...").body[0]
    >>> [is_untyped(argument) for argument in function.args.args]
    [True, True, False]
    """
    if argument.annotation is None:
        return True
    return ast.unparse(argument.annotation).removesuffix(" | None") in UNTYPED


def public_names() -> set[str]:
    """The names that `import unpool` offers, read without importing it."""
    tree = ast.parse((SOURCE / "__init__.py").read_text("utf-8"))
    lists = [
        node.value for node in ast.walk(tree) if isinstance(node, ast.Assign | ast.AnnAssign) and node.value
    ]
    return {text.value for each in lists for text in ast.walk(each)
            if isinstance(text, ast.Constant) and isinstance(text.value, str)}  # fmt: skip


def is_command_or_verb(file: Path, name: str, public: set[str]) -> bool:
    """Whether users call a function themselves: a command, a method of Workspace, a public name."""
    inside = file.relative_to(SOURCE).parts
    return inside[0] in ("cli", "workspace.py") or name.removesuffix(".__init__") in public


def expected_test(file: Path) -> Path:
    """Where the test of a source file stands."""
    inside = file.relative_to(SOURCE)
    return TESTS / inside.parent / f"test_{file.name}"


def count() -> House:
    """Read every file of the package."""
    house, public = House(), public_names()
    for folder in sorted({file.parent for file in SOURCE.rglob("*.py")}):
        files = len(list(folder.glob("*.py")))
        if files > MAX_FILES:
            house.folders.append(f"{folder.relative_to(SOURCE.parent)}: {files} files")
    for file in sorted(SOURCE.rglob("*.py")):
        place = file.relative_to(SOURCE).as_posix()
        tree = ast.parse(file.read_text("utf-8"))
        house.num_files += 1
        expected = expected_test(file)
        if not expected.is_file() and file.name not in ("__init__.py", "__main__.py"):
            house.untested.append(f"{place}: {expected.relative_to(ROOT)} is missing")
        for name, function in functions(tree):
            lines = (function.end_lineno or function.lineno) - function.lineno + 1
            where = f"{place}:{function.lineno} {name}"
            if lines > MAX_LINES:
                house.functions.append(f"{where}: {lines} lines")
            every = arguments(function)
            house.num_arguments += len(every)
            if len(every) > MAX_PARAMETERS and not is_command_or_verb(file, name, public):
                house.signatures.append(f"{where}: {len(every)} parameters")
            house.untyped += [f"{where}({argument.arg})" for argument in every if is_untyped(argument)]
    return house


def main() -> None:
    house = count()
    for title, found in (
        (f"folders of more than {MAX_FILES} files", house.folders),
        (f"functions of more than {MAX_LINES} lines", house.functions),
        (
            f"functions of more than {MAX_PARAMETERS} parameters (commands and public names aside)",
            house.signatures,
        ),
        ("files without a test file of their name", house.untested),
    ):
        print(f"{title}: {len(found)}", *found, sep="\n  ")
    share = 100 * house.any_share
    print(
        f"arguments typed Any or dict[str, Any]: {len(house.untyped)} of {house.num_arguments} ({share:.1f} %)"
    )
    print(*house.untyped, sep="\n  ")


if __name__ == "__main__":
    main()
