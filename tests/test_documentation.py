"""What README and docs say can be done: commands and options exist, links and pictures lead somewhere."""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    page
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / ".github").rglob("*.md")]
    if not {"_build", "reference"} & set(page.parts)
)
LINK = re.compile(r"!?\[[^]]*\]\(([^)\s]+)\)")


@cache
def options_by_command() -> dict[str, set[str]]:
    from unpool.cli.main import app

    found: dict[str, set[str]] = {}

    def collect(command, words: str) -> None:  # type: ignore[no-untyped-def]
        for name in command:
            if not name.startswith("-"):
                inner, path = command[name], f"{words}{name}"
                if inner.default_command:
                    arguments = inner.assemble_argument_collection()
                    found[path] = {flag for argument in arguments for flag in argument.names}
                collect(inner, path + " ")

    collect(app, "")
    return found


def commands_in(text: str) -> list[str]:
    """Commands of fenced shell blocks, and those in backticks, each on one line without its comment."""
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    lines += re.findall(r"`(unpool [^`]*)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    found = (re.search(r"(?:^|[\s/])(unpool [a-z].*)", line.split(" #")[0]) for line in lines)
    return [match[1].strip() for match in found if match]


def complaint(command: str) -> str:
    """What is wrong with a command; empty where nothing is."""
    known = options_by_command()
    words = shlex.split(command.replace("…", ""))[1:]
    name = " ".join(words[:2]) if " ".join(words[:2]) in known else (words or [""])[0]
    if name == "segment" or not words:
        return ""
    if name not in known:
        return f"no command {name}"
    flags = {word.split("=")[0].rstrip(",") for word in words if re.match(r"--?[a-z]", word)}
    unknown = flags - known[name] - {"--help"}
    return f"{name} has no {', '.join(sorted(unknown))}" if unknown else ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_exist(page: Path) -> None:
    wrong = {command: complaint(command) for command in commands_in(page.read_text("utf-8"))}
    assert {command: why for command, why in wrong.items() if why} == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_and_paths_lead_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    targets = [target.split("#")[0] for target in LINK.findall(prose) if "://" not in target]
    assert [target for target in targets if target and not (page.parent / target).exists()] == []
    paths = re.findall(r"`((?:src/unpool|tests|benchmarks|docs|web)/[\w./-]+)", text)
    assert [path for path in paths if "NAME" not in path and not (ROOT / path).exists()] == []


def test_what_does_not_exist_is_seen() -> None:
    assert complaint("unpool fly FOLDER") == "no command fly"
    assert complaint("unpool run FOLDER --wings 2") == "run has no --wings"
    assert complaint("unpool run FOLDER --groups 12") == ""
    assert commands_in("```sh\n.venv/bin/unpool run x  # y\n```\n`unpool map --work W`") == [
        "unpool run x",
        "unpool map --work W",
    ]
