"""The language of the code: plain technical English, as docs/glossary.md fixes it.

`python tests/test_language.py [PART OF A PATH]` lists all findings, file by file.
"""

from __future__ import annotations

import ast
import functools
import io
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "unpool"

MAX_WORDS = 10  # of a docstring's first sentence
MAX_LINE = 120  # characters of a line of prose
MAX_OBVIOUS = 2  # parameters that need no Args section
OBVIOUS = {"self", "cls", "progress", "seed"}


def words_of(text: str) -> set[str]:
    return set(text.split())


# Never part of a name: the field has a word for each of them (docs/glossary.md).
BANNED_WORDS = words_of(
    """
    told tell teller tells wish wishes wished wanted want how asked theirs chance chances looks look
    sound alike warmth island islands crowd crowds crowded home homes lesson lessons turn turns rehomed
    strangers stranger heirs heir said sure desk standing refuse refuses refused refusal refusals kindly
    anew ours
    """
)
ALLOWED = {"check_run_folder_is_ours"}
# Never a constant, nor part of one: a constant says noun and bound (NUM_NEIGHBOURS, MAX_QUERIES, MIN_IMAGES).
BANNED_IN_CONSTANTS = {"LEAST", "MOST", "FEW", "ASKED", "ASKING", "PULL", "FEWEST"}
BANNED_CONSTANTS = words_of(
    """
    ROUND PART LEAD TRIED SEEN CODED TAIL CLEAR STARTED_FROM LEARNT_A_MINUTE WAYS NOT_TYPED NOTED
    HOPELESS FIRST_TIME WAY_ROUND LENGTHS CHECKED COMPARING
    """
)
# Never the whole name of a module or function: modules are nouns, functions verbs in the imperative.
BANNED_FUNCTIONS = words_of(
    """
    made given early sound chosen taken matched paired opened embedded described checked rebuilt reported writing
    undoing filing fitting masked typed begun judged merged written kept guarded literal every some_of
    steady waves collapse own_share number_among by_size try_zeros which_fits own_file carried worth
    """
)
# Never in a comment, a docstring, a message or a help text.
BANNED_IN_PROSE = re.compile(
    r"\b(told|tells?|wish(?:es|ed)?|lessons?|warmth|crowd(?:s|ed)?|islands?|alike|rehomed|heirs?|by chance|"
    r"sent home|said why|sound enough|asked for)\b",
    re.IGNORECASE,
)
# Keys of files that version 0.1.0 wrote, which are still read.
STORED_KEYS = {"told", "wish", "asked"}

# In pages some of these words have their plain sense: a user tells images apart, a map looks like a picture.
BANNED_IN_PAGES = re.compile(
    r"\b(told|wish(?:es|ed)?|lessons?|warmth|crowd(?:s|ed)?|islands?|alike|rehomed|heirs?|sent home|said why)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Finding:
    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


@functools.cache
def parse(text: str) -> ast.Module:
    """Several checks read each file."""
    return ast.parse(text)


@functools.cache
def nodes_of(text: str) -> list[ast.AST]:
    return list(ast.walk(parse(text)))


@functools.cache
def comments_of(text: str) -> list[tokenize.TokenInfo]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return [token for token in tokens if token.type == tokenize.COMMENT]


def parts_of(name: str) -> list[str]:
    """The words of a name, split at underscores and capitals."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def is_constant(name: str) -> bool:
    return len(name) > 1 and name.strip("_").isupper()


@functools.cache
def unwelcome(name: str) -> bool:
    if name in ALLOWED:
        return False
    banned = BANNED_WORDS & set(parts_of(name))
    if is_constant(name):
        return bool(
            banned or BANNED_IN_CONSTANTS & set(name.split("_")) or name.strip("_") in BANNED_CONSTANTS
        )
    return bool(banned)


NAMED = ("id", "attr", "arg", "name", "asname", "rest", "names", "kwd_attrs")


@functools.cache
def fields_of(kind: type[ast.AST]) -> tuple[str, ...]:
    """The fields that hold names."""
    return tuple(field for field in NAMED if field in kind._fields)


def names_in(nodes: list[ast.AST]) -> Iterator[tuple[int, str]]:
    """Every identifier with its line, those inside f-strings too; `Path.home` is not ours."""
    for node in nodes:
        fields = fields_of(type(node))
        if not fields:
            continue
        if isinstance(node, ast.Attribute) and node.attr == "home" and ast.unparse(node) == "Path.home":
            continue
        for field in fields:
            value = getattr(node, field)
            for name in value if isinstance(value, list) else [value]:
                if isinstance(name, str):
                    yield getattr(node, "lineno", 1), name


def check_names(file: str, text: str) -> Iterator[Finding]:
    """Names with a banned word in them, each once a file with its first line and its count."""
    lines: dict[str, list[int]] = {}
    nodes = nodes_of(text)
    for number, name in names_in(nodes):
        if unwelcome(name):
            lines.setdefault(name, []).append(number)
    for name, where in lines.items():
        yield Finding(file, min(where), f"name `{name}` ({len(where)} times)")
    for node in nodes:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or is_property(node):
            continue
        if node.name.lstrip("_") in BANNED_FUNCTIONS:
            yield Finding(file, node.lineno, f"function `{node.name}` is no verb in the imperative")
    stem = Path(file).stem
    if stem in BANNED_FUNCTIONS or BANNED_WORDS & set(parts_of(stem)):
        yield Finding(file, 1, f"module `{stem}` is no noun")


def prose_of(text: str) -> Iterator[tuple[int, str]]:
    """Comments and strings (docstrings, messages, help), line by line."""
    for token in comments_of(text):
        yield token.start[0], token.string
    for node in nodes_of(text):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in STORED_KEYS:
            for number, line in enumerate(node.value.splitlines()):
                yield node.lineno + number, line


def check_prose(file: str, text: str) -> Iterator[Finding]:
    """Banned words in comments and strings of Python, and in the paragraphs of Markdown."""
    pattern = BANNED_IN_PROSE
    if file.endswith(".py"):
        lines = prose_of(text)
    else:
        pattern = BANNED_IN_PAGES
        lines = enumerate(re.sub(r"`[^`\n]*`", "", without_code(text)).splitlines(), start=1)
    for number, line in lines:
        for found in pattern.finditer(line):
            yield Finding(file, number, f"“{found.group()}” in “{line.strip()[:90]}”")


Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = Function | ast.ClassDef | ast.Module


def decorators(node: Function) -> list[str]:
    return [ast.unparse(decorator) for decorator in node.decorator_list]


def is_property(node: Function) -> bool:
    return any("property" in name or name.endswith(".setter") for name in decorators(node))


def is_endpoint(node: Function) -> bool:
    """Commands and routes: their options and request bodies carry the help of each parameter."""
    defaults = [*node.args.defaults, *node.args.kw_defaults]
    takes_common_options = any(
        isinstance(default, ast.Name) and default.id == "COMMON" for default in defaults
    )
    return takes_common_options or any(
        re.match(r"\w*(app|router)\.(command|default|get|post|put|delete)", name) for name in decorators(node)
    )


def is_overload(node: Function) -> bool:
    return any(name.endswith("overload") for name in decorators(node))


def public_nodes(tree: ast.Module) -> Iterator[Documented]:
    """The module, its public classes with their public methods, and its public functions."""
    yield tree
    pending: list[ast.stmt] = list(tree.body)
    while pending:
        node = pending.pop(0)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node
            pending = list(node.body) + pending
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield node
        elif isinstance(node, ast.If | ast.Try):
            pending = list(node.body) + pending


def first_sentence(docstring: str) -> str:
    """Up to the first full stop, colon or semicolon that ends something, at most the first paragraph."""
    paragraph = " ".join(docstring.strip().split("\n\n")[0].split())
    hidden = re.sub(r"`[^`]*`", lambda code: "`" + "_" * (len(code.group()) - 2) + "`", paragraph)
    end = re.search(r"(?<!e\.g)(?<!i\.e)[.!?](?=\s|$)", hidden)
    return paragraph[: end.end()] if end else paragraph


def count_words(sentence: str) -> int:
    """Words of a sentence; code between backticks counts as one, a shape such as (B, H, W) as none."""
    plain = re.sub(
        r"\([A-Za-z0-9*×+ ]{1,6}(, [A-Za-z0-9*×+ ]{0,8})*\)", "", re.sub(r"`[^`]*`", "code", sentence)
    )
    return len([word for word in plain.split() if re.search(r"\w", word)])


def check_first_sentences(file: str, text: str) -> Iterator[Finding]:
    for node in public_nodes(parse(text)):
        docstring = ast.get_docstring(node)
        if docstring and count_words(sentence := first_sentence(docstring)) > MAX_WORDS:
            yield Finding(file, getattr(node, "lineno", 1), f"{count_words(sentence)} words: “{sentence}”")


def parameters_of(node: Function) -> list[str]:
    every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    every += [extra for extra in (node.args.vararg, node.args.kwarg) if extra]
    return [argument.arg for argument in every if argument.arg not in OBVIOUS]


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes inside, without those of inner functions."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            yield child
            yield from own_nodes(child)


def sections_needed(node: Function) -> list[str]:
    """The sections that the docstring of this function must have."""
    if len(parameters_of(node)) <= MAX_OBVIOUS or is_overload(node) or is_endpoint(node):
        return []
    needed = ["Args"]
    returned = ast.unparse(node.returns) if node.returns else "None"
    if "Iterator" in returned or "Generator" in returned:
        needed.append("Yields|Returns")
    elif returned not in ("None", "Never", "NoReturn") and node.name != "__init__":
        needed.append("Returns")
    if any(isinstance(inner, ast.Raise) and isinstance(inner.exc, ast.Call) for inner in own_nodes(node)):
        needed.append("Raises")
    return needed


def lacking(docstring: str, needed: list[str]) -> list[str]:
    return [name for name in needed if not re.search(rf"^\s*({name}):\s*$", docstring, re.MULTILINE)]


def check_sections(file: str, text: str) -> Iterator[Finding]:
    """Public functions of several parameters without Args, Returns or Raises; classes by their `__init__`."""
    tree = parse(text)
    methods = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for inner in node.body}
    for node in public_nodes(tree):
        if isinstance(node, ast.ClassDef):
            makers = [inner for inner in node.body if isinstance(inner, ast.FunctionDef)]
            makers = [inner for inner in makers if inner.name == "__init__"]
            docstring = "\n".join(ast.get_docstring(part) or "" for part in [node, *makers])
            missing = lacking(docstring, [name for maker in makers for name in sections_needed(maker)])
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node) or ""
            if not docstring and id(node) in methods:
                continue  # a method without a docstring inherits that of its base
            missing = lacking(docstring, sections_needed(node))
        else:
            continue
        if missing:
            yield Finding(file, node.lineno, f"`{node.name}` lacks {', '.join(missing)}")


def check_lines(file: str, text: str) -> Iterator[Finding]:
    """Comments, docstrings and paragraphs wider than a screen; tables, code and lone links may be."""
    if not file.endswith(".py"):
        numbered = enumerate(without_code(text).splitlines(), start=1)
        lines = [
            (n, line) for n, line in numbered if not re.match(r"\s*(\||\S+$|\[[^\]]*\]: |[-*] \S+$)", line)
        ]
    else:
        documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        whole = text.splitlines()
        comments = [token for token in comments_of(text) if not re.match(r"# (fmt|noqa|type):", token.string)]
        lines = [(token.start[0], whole[token.start[0] - 1]) for token in comments]
        for node in nodes_of(text):
            if isinstance(node, documented) and ast.get_docstring(node):
                first, last = node.body[0].lineno, node.body[0].end_lineno or 0
                lines += [(number, whole[number - 1]) for number in range(first, last + 1)]
    for number, line in sorted(lines):
        if len(line) > MAX_LINE:
            yield Finding(file, number, f"{len(line)} characters: “{line.strip()[:60]}…”")


def without_code(text: str) -> str:
    """Markdown with its fenced code blanked, line for line."""
    return re.sub(r"```.*?```", lambda block: "\n" * block.group().count("\n"), text, flags=re.DOTALL)


def sources() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def benchmarks() -> list[Path]:
    return sorted((ROOT / "benchmarks").rglob("*.py"))


def pages() -> list[Path]:
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / ".github").rglob("*.md")]
    return sorted(page for page in found if not {"reference", "_build"} & set(page.parts))


Check = Callable[[str, str], Iterator[Finding]]
CHECKS: dict[str, tuple[Check, Callable[[], list[Path]]]] = {
    "names": (check_names, lambda: [*sources(), *benchmarks()]),
    "prose": (check_prose, lambda: [*sources(), *benchmarks(), *pages()]),
    "first sentences": (check_first_sentences, sources),
    "sections": (check_sections, sources),
    "lines": (check_lines, lambda: [*sources(), *benchmarks(), *pages()]),
}


def findings_of(name: str) -> list[Finding]:
    check, files = CHECKS[name]
    found = []
    for file in files():
        found += check(file.relative_to(ROOT).as_posix(), file.read_text("utf-8"))
    return found


@pytest.mark.parametrize("name", CHECKS)
def test_language(name: str) -> None:
    found = findings_of(name)
    assert found == [], f"{len(found)} findings ({name}):\n" + "\n".join(map(str, found))


def test_banned_names_are_seen() -> None:
    def names(code: str) -> list[str]:
        return [finding.text for finding in check_names("src/a.py", code)]

    assert names("def tell(): pass")
    assert names("x = told_by")
    assert names("class AllWishes: pass")
    assert names("LEAST_IMAGES = 3")
    assert names("ROUND = 15")
    assert names("def _made(): pass")
    assert names("def refuse_strangers(): pass")
    assert list(check_names("src/early.py", "x = 1"))
    assert names("x = f'{a.told}'")
    assert names("from a import b as wish")
    assert not names("retelling = 1")
    assert not names("counter.most_common(3)\nPath.home()\nround(2.5)\ndef build(): pass")


def test_banned_prose_is_seen_in_comments_strings_and_f_strings() -> None:
    assert list(check_prose("a.py", "# all told\n"))
    assert list(check_prose("a.py", "x = f'{y} is told'\n"))
    assert list(check_prose("a.py", 'def f():\n    """Meets a wish."""\n'))
    assert not list(check_prose("a.py", "told = 1  # a number\n"))


def test_first_sentences_are_measured() -> None:
    assert first_sentence("One `a. b` two. Three.") == "One `a. b` two."
    assert first_sentence("One\ntwo\n\nThree.") == "One two"
    assert count_words("Split `a b c` — twice.") == 3
    assert count_words("Turn pixels (B, H, W, 3) into vectors (B, D).") == 4
    long = '"""' + "word " * (MAX_WORDS + 1) + '"""'
    assert list(check_first_sentences("a.py", long))
    assert not list(check_first_sentences("a.py", '"""Short."""'))
    assert not list(check_first_sentences("a.py", f"def _private():\n    {long}"))


def test_sections_are_needed_by_three_parameters() -> None:
    def missing(head: str, docstring: str, body: str = "return 1") -> list[str]:
        text = f'{head}\n    """{docstring}"""\n    {body}\n'
        return [finding.text for finding in check_sections("a.py", text)]

    assert missing("def f(a, b, c) -> int:", "Add.") == ["`f` lacks Args, Returns"]
    assert missing("def f(a, b, c) -> None:", "Add.", "raise ValueError('x')") == ["`f` lacks Args, Raises"]
    assert not missing(
        "def f(a, b, c) -> int:", "Add.\n\n    Args:\n        a: x.\n\n    Returns:\n        y.\n    "
    )
    assert not missing("def f(a, b, progress, seed) -> int:", "Add.")
    assert not missing("@app.command\ndef f(a, b, c) -> int:", "Add.")
    assert not missing("def f(a, b, c, *, common=COMMON) -> int:", "Add.")
    assert missing("class A:", "Hold.", "def __init__(self, a, b, c) -> None: ...") == ["`A` lacks Args"]


def test_wide_lines_are_seen_where_they_are_prose() -> None:
    wide = "word " * 30
    assert list(check_lines("a.py", f"# {wide}\n"))
    assert list(check_lines("a.py", f'"""{wide}"""\n'))
    assert not list(check_lines("a.py", f"x = '{wide}'\n"))
    assert list(check_lines("a.md", wide))
    assert not list(check_lines("a.md", f"```\n{wide}\n```\n| {wide} |\n"))


def main(part: str = "") -> None:
    for name in CHECKS:
        found = [finding for finding in findings_of(name) if part in finding.file]
        print(f"== {name}: {len(found)}")
        for finding in found:
            print(f"  {finding}")
        for file, count in Counter(finding.file for finding in found).most_common(10):
            print(f"  {count:4} in {file}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
